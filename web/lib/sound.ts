/** A sound for correction and serious signals, and the desktop's own notification. The browser asks for a click before either. */
const key = 'hallwatch.sound';

let audio: AudioContext | undefined;
let rangAt = 0;
/** A storm of signals is one sound. */
const quietMs = 3_000;

export function isSoundWanted(): boolean {
  try {
    return localStorage.getItem(key) === 'on';
  } catch {
    return false;
  }
}

/** Called by a click: that is what allows sound and asks for notifications. */
export async function wantSound(isWanted: boolean): Promise<void> {
  try {
    localStorage.setItem(key, isWanted ? 'on' : 'off');
  } catch {
    // A browser that keeps nothing: the switch holds for this page.
  }
  if (!isWanted) return;
  await wake();
  if ('Notification' in window && Notification.permission === 'default') await Notification.requestPermission();
  ring('correction', true);
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

/** Shown by the desktop while the page is in the background. */
export function show(title: string, text: string, tag: string): void {
  if (!('Notification' in window) || Notification.permission !== 'granted' || document.visibilityState === 'visible')
    return;
  try {
    new Notification(title, { body: text.slice(0, 200), tag });
  } catch {
    // Some phones allow it from a service worker only.
  }
}
