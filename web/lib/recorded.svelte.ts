import type { Timeline } from '../../hub/model/api.ts';
import type { RecordedAnswer } from '../../hub/model/recording.ts';
import { api } from './api.ts';
import { serverNow } from './clock.svelte.ts';
import { recorded } from './recorded.ts';
import type { RecordedPlayer } from './recordedPlayer.ts';
import { gapAt, nearest } from './recordedTime.ts';

const every = 200;
/** The moment waits so long for pictures that are being loaded, then it goes on without them. */
const patience = 5_000;
/** What is recorded now is asked for again so often. */
const askEvery = 30_000;
const hour = 3_600_000;
/** The time line of events reaches no further back in one answer. */
const mostMinutes = 1_440;

/**
 * 时移: the one moment that all pictures of a hall show. It runs by the page's clock, waits for pictures that are being loaded, and
 * drives every player that follows it.
 */
export class TimeShift {
  readonly hall: string;
  /** Where it stays within, when it is about one event. */
  readonly #within: { from: number; to: number } | undefined;
  readonly #players = new Map<RecordedPlayer, string>();
  #at = $state.raw(0);
  #isRunning = $state.raw(true);
  /** The end of the hour that the time line shows; undefined: it moves with the clock. */
  #viewTo = $state.raw<number | undefined>();
  #answer = $state.raw<RecordedAnswer | undefined>();
  #marks = $state.raw<Timeline | undefined>();
  #failure = $state.raw<unknown>();
  #tickedAt = performance.now();
  #waitedFor = 0;
  #askedAt = -Infinity;
  #markedFrom = Infinity;
  readonly #timer = setInterval(() => this.#tick(), every);

  constructor(hall: string, at: number, within?: { from: number; to: number }) {
    this.hall = hall;
    this.#within = within;
    this.moveTo(at);
  }

  /** The moment that is shown, epoch ms. */
  get at(): number {
    return this.#at;
  }
  get isRunning(): boolean {
    return this.#isRunning;
  }
  get viewTo(): number | undefined {
    return this.#viewTo;
  }
  /** What was recorded in the view; undefined until it is known. */
  get answer(): RecordedAnswer | undefined {
    return this.#answer;
  }
  /** Events and signals, once the view is older than the last hour. */
  get marks(): Timeline | undefined {
    return this.#marks;
  }
  get failure(): unknown {
    return this.#failure;
  }

  laidOf(camera: string | undefined): RecordedAnswer['cameras'][number] | undefined {
    return this.#answer?.cameras.find((each) => each.camera === camera);
  }

  moveTo(at: number): void {
    const { from, to } = this.#within ?? { from: this.#answer?.shiftFrom ?? 0, to: Infinity };
    this.#at = Math.round(Math.max(from, Math.min(at, to, serverNow() - nearest)));
    this.#waitedFor = 0;
    this.#tickedAt = performance.now();
    const end = this.#viewTo ?? serverNow();
    if (!this.#within && (this.#at < end - hour || this.#at > end)) this.look(this.#at + hour / 2);
    else if (performance.now() - this.#askedAt > askEvery) void this.#ask();
    this.#drive();
  }

  toggle(): void {
    if (!this.#isRunning && this.#within && this.#at >= this.#within.to) this.#at = this.#within.from;
    this.#isRunning = !this.#isRunning;
    this.#drive();
  }

  /** Shows the hour that ends then on the time line. */
  look(to: number): void {
    const isNow = to >= serverNow();
    this.#viewTo = isNow ? undefined : Math.ceil(to / 10_000) * 10_000;
    void this.#ask();
  }

  /** A picture follows the moment; returns how to let it go. */
  follow(player: RecordedPlayer, camera: string): () => void {
    this.#players.set(player, camera);
    return () => this.#players.delete(player);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#players.clear();
  }

  #tick(): void {
    const now = performance.now();
    // A page in the background is called late: it goes on where it was.
    const passed = Math.min(now - this.#tickedAt, 1_000);
    this.#tickedAt = now;
    if (now - this.#askedAt > askEvery) void this.#ask();
    const isWaiting = [...this.#players].some(
      ([player, camera]) => player.isWaiting && !gapAt(this.laidOf(camera), this.#at),
    );
    if (!isWaiting) this.#waitedFor = 0;
    else this.#waitedFor += passed;
    const holds = isWaiting && this.#waitedFor < patience;
    if (this.#isRunning && !holds) {
      this.#at = Math.min(this.#at + passed, serverNow() - nearest, this.#within?.to ?? Infinity);
      if (this.#at === this.#within?.to) this.#isRunning = false;
    }
    this.#drive(holds);
  }

  #drive(holds = false): void {
    const earliest = this.#answer?.shiftFrom ?? 0;
    for (const [player, camera] of this.#players) {
      // Asked first: pictures are not asked for where nothing is recorded.
      if (!this.#answer && !this.#failure) continue;
      if (gapAt(this.laidOf(camera), this.#at)) player.rest();
      else player.keep(this.#at, this.#isRunning && !holds, earliest);
    }
  }

  async #ask(): Promise<void> {
    this.#askedAt = performance.now();
    const now = serverNow();
    const to = this.#within?.to ?? this.#viewTo ?? now;
    const from = this.#within?.from ?? to - hour;
    try {
      const [answer] = await Promise.all([recorded.spans(this.hall, from, to), this.#mark(from, now)]);
      this.#answer = answer;
      this.#failure = undefined;
    } catch (error) {
      this.#failure = error;
    }
  }

  /** The time line of events is read again where it does not reach back far enough. */
  async #mark(from: number, now: number): Promise<void> {
    if (this.#within || this.#viewTo === undefined || from >= this.#markedFrom) return;
    const minutes = Math.min(mostMinutes, Math.ceil((now - from) / 60_000));
    this.#markedFrom = from;
    this.#marks = await api.timeline(this.hall, minutes);
  }
}
