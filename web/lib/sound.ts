/** A sound for correction and serious signals, and the desktop's own notification, each chosen for this browser. It asks for a click before either. */
const keys = { sound: 'hallwatch.sound', desktop: 'hallwatch.desktop' };
type Alert = keyof typeof keys;

let audio: AudioContext | undefined;
let rangAt = 0;
/** A storm of signals is one sound. */
const quietMs = 3_000;

export function isWanted(what: Alert): boolean {
  try {
    return localStorage.getItem(keys[what]) === 'on';
  } catch {
    return false;
  }
}

function keep(what: Alert, is: boolean): void {
  try {
    localStorage.setItem(keys[what], is ? 'on' : 'off');
  } catch {
    // A browser that keeps nothing: the switch holds for this page.
  }
}

/** Called by a click: that is what allows sound. */
export async function wantSound(is: boolean): Promise<void> {
  keep('sound', is);
  if (is) await tryTone();
}

/** The tone of a serious signal, to hear whether it is loud enough. */
export async function tryTone(): Promise<void> {
  await wake();
  ring('serious', true);
}

/** Called by a click; answers whether the browser will show them. Without TLS it never does, but on this machine. */
export async function wantDesktop(is: boolean): Promise<boolean> {
  const may = is && 'Notification' in window && (await Notification.requestPermission()) === 'granted';
  keep('desktop', may);
  return may;
}

/** Whether a click is still missing since the page was loaded. */
export const isMute = (): boolean => audio?.state !== 'running';

export async function wake(): Promise<void> {
  audio ??= new AudioContext();
  // Without a click it stays suspended, and the promise may never settle.
  await Promise.race([audio.resume(), new Promise((resolve) => setTimeout(resolve, 300))]);
}

/** Two notes; three for what is serious. */
export function ring(level: 'correction' | 'serious', isAsked = false): void {
  if (!audio || audio.state !== 'running' || (!isAsked && Date.now() - rangAt < quietMs)) return;
  rangAt = Date.now();
  const notes = level === 'serious' ? [880, 660, 880] : [660, 880];
  notes.forEach((frequency, index) => {
    const from = audio!.currentTime + index * 0.18;
    const oscillator = audio!.createOscillator();
    const gain = audio!.createGain();
    oscillator.frequency.value = frequency;
    gain.gain.setValueAtTime(0.0001, from);
    gain.gain.exponentialRampToValueAtTime(0.2, from + 0.02);
    gain.gain.exponentialRampToValueAtTime(0.0001, from + 0.16);
    oscillator.connect(gain).connect(audio!.destination);
    oscillator.start(from);
    oscillator.stop(from + 0.17);
  });
}

/** Shown by the desktop while the page is in the background; a click on it leads to `path`. */
export function show(title: string, text: string, tag: string, path: string): void {
  if (!('Notification' in window) || Notification.permission !== 'granted' || document.visibilityState === 'visible')
    return;
  const options = { body: text.slice(0, 200), tag, icon: '/icon-192.png', lang: document.documentElement.lang };
  try {
    const notification = new Notification(title, options);
    notification.onclick = () => {
      window.focus();
      notification.close();
      location.assign(path);
    };
  } catch {
    // Phones allow it from a service worker only.
    void navigator.serviceWorker
      ?.getRegistration()
      .then((worker) => worker?.showNotification(title, { ...options, data: path }))
      .catch(() => undefined);
  }
}
