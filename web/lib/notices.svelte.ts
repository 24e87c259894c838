import type { NoticeList } from '../../hub/model/noticeApi.ts';
import type { Signal } from '../../hub/model/state.ts';
import { api } from './api.ts';
import { serverNow } from './clock.svelte.ts';
import { inLocale } from './locale.svelte.ts';
import { live } from './socket.svelte.ts';
import { isMute, isWanted, ring, show, tryTone, wake, wantDesktop, wantSound } from './sound.ts';

/** Shown in the bell; older ones are on their signals' pages. */
const shown = 30;
/** A thousand pages hear of the same signal: they do not all ask at once. */
const spreadMs = 1_200;
/** A signal that was issued longer ago is no news: the connection was away. */
const newsMs = 60_000;

/** What this person is told of (通知), with its read receipts, and the sound that goes with it. */
class NoticeBox {
  #items = $state.raw<NoticeList['items']>([]);
  #unread = $state.raw(0);
  #failure = $state.raw<unknown>();
  #sound = $state.raw(false);
  #desktop = $state.raw(false);
  #isBlocked = $state.raw(false);
  #mute = $state.raw(true);
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stops: (() => void)[] = [];
  readonly #heard = new Set<string>();

  get items(): NoticeList['items'] {
    return this.#items;
  }
  get unread(): number {
    return this.#unread;
  }
  get failure(): unknown {
    return this.#failure;
  }
  /** Wanted on this browser. */
  get sound(): boolean {
    return this.#sound;
  }
  /** Notifications of the desktop while the page is in the background. */
  get desktop(): boolean {
    return this.#desktop;
  }
  /** They were asked for, and the browser shows none. */
  get isBlocked(): boolean {
    return this.#isBlocked;
  }
  /** Wanted, and the browser still waits for a click. */
  get isMute(): boolean {
    return this.#sound && this.#mute;
  }

  start(): void {
    if (this.#stops.length > 0) return;
    this.#sound = isWanted('sound');
    this.#desktop = isWanted('desktop');
    this.#stops = [
      live.on('signal', (signals) => {
        this.#hear(signals);
        this.#soon();
      }),
      live.onReset(() => void this.load()),
    ];
    const click = (): void => void this.#wake();
    for (const kind of ['pointerdown', 'keydown'] as const) {
      window.addEventListener(kind, click);
      this.#stops.push(() => window.removeEventListener(kind, click));
    }
    void this.load();
  }

  stop(): void {
    for (const stop of this.#stops) stop();
    this.#stops = [];
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#items = [];
    this.#unread = 0;
    this.#heard.clear();
  }

  async load(): Promise<void> {
    try {
      const list = await api.notices(shown);
      this.#items = list.items;
      this.#unread = list.unread;
      this.#failure = undefined;
    } catch (error) {
      this.#failure = error;
    }
  }

  /** `ids` absent: all of them. */
  async read(ids?: string[]): Promise<void> {
    const now = serverNow();
    const { unread } = await api.readNotices(ids);
    this.#unread = unread;
    this.#items = this.#items.map((each) =>
      each.readAt === undefined && (ids === undefined || ids.includes(each.id)) ? { ...each, readAt: now } : each,
    );
  }

  async setSound(is: boolean): Promise<void> {
    this.#sound = is;
    await wantSound(is);
    this.#mute = isMute();
  }

  async setDesktop(is: boolean): Promise<void> {
    this.#desktop = await wantDesktop(is);
    this.#isBlocked = is && !this.#desktop;
  }

  async tryTone(): Promise<void> {
    await tryTone();
    this.#mute = isMute();
  }

  async #wake(): Promise<void> {
    if (!this.#sound || !this.#mute) return;
    await wake();
    this.#mute = isMute();
  }

  #soon(): void {
    this.#timer ??= setTimeout(
      () => {
        this.#timer = undefined;
        void this.load();
      },
      200 + Math.random() * spreadMs,
    );
  }

  #hear(signals: Signal[]): void {
    for (const signal of signals) {
      const { id, level, state } = signal;
      if (state !== 'issued' || (level !== 'correction' && level !== 'serious') || this.#heard.has(id)) continue;
      if (serverNow() - signal.issuedAt > newsMs) continue;
      this.#heard.add(id);
      if (this.#heard.size > 1_000) this.#heard.clear();
      if (this.#sound) ring(level);
      if (!this.#desktop) continue;
      show(
        inLocale({ zh: signal.titleZh, en: signal.titleEn }),
        inLocale({ zh: signal.messageZh, en: signal.messageEn }),
        id,
        `/signal/${encodeURIComponent(id)}`,
      );
    }
  }
}

export const notices = new NoticeBox();
