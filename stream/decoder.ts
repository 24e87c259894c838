import { PassThrough } from 'node:stream';
import { glances, shown } from './args.ts';
import { run, type Running } from './ffmpeg.ts';
import { HEIGHT, WIDTH } from './judge.ts';
import { unitsOf } from './key.ts';
import { fragmentOf } from './mux.ts';

const SIZE = WIDTH * HEIGHT;
/** One that nobody needs ends after so long. */
const IDLE_MS = 15_000;
/**
 * A decoder that puts pictures in order hands one on when so many more have come: as was seen last, at most; before anything was seen; and
 * one more each time nothing came for so long, because it may begin to wait for more at any time (sixteen pictures, by the standard).
 */
const LAG = { most: 4, first: 2, nudgeMs: 250, nudges: 16 };

interface Batch {
  /** Of its first picture. */
  from: number;
  media: readonly Buffer[];
  greys: (Uint8Array | undefined)[];
  /** What the picture behind them looks like, where that is known. */
  expected: Uint8Array | undefined;
  done: (isWell: boolean) => void;
}

/**
 * An ffmpeg that goes on: key pictures of one initialization section in, small grey ones out within milliseconds. On a machine with
 * too much to do that is what counts: to start one costs as much processor time as twenty pictures, in turns between everybody else's.
 */
export class Decoder {
  readonly init: Buffer;
  readonly #stdin = new PassThrough();
  readonly #running: Running;
  readonly #idle: NodeJS.Timeout;
  #isOver = false;
  /** Pictures that were sent: the next one's number, which is its time. */
  #sent = 0;
  #shown = 0;
  /** What ffmpeg told of pictures whose samples have not come yet. */
  readonly #told: number[] = [];
  #bytes: Buffer[] = [];
  #length = 0;
  #batch: Batch | undefined;
  /** A picture that was decoded: sent behind each batch, so that a broken one is known from a late one. */
  #known: { media: Buffer; grey: Uint8Array } | undefined;

  constructor(init: Buffer) {
    this.init = init;
    this.#running = run(
      glances('mp4', WIDTH, HEIGHT),
      this.#stdin,
      (chunk) => this.#take(chunk),
      (line) => this.#hear(line),
    );
    this.#idle = setTimeout(() => void this.stop(), IDLE_MS).unref();
    this.#stdin.write(init);
    void this.#running.ended.then(() => this.#end());
  }

  /** It takes no more pictures. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /**
   * The small grey ones of these pictures (their units, as in a fragment), undefined where one cannot be decoded; undefined altogether
   * when it did not answer within so many ms: then it is over. One batch at a time.
   */
  async decode(media: readonly Buffer[], patienceMs: number): Promise<(Uint8Array | undefined)[] | undefined> {
    const [first] = media;
    if (this.#isOver || !first) return undefined;
    this.#idle.refresh();
    // What is still inside is as many as it holds back.
    const lag = this.#sent === 0 ? LAG.first : Math.min(LAG.most, this.#sent - 1 - this.#shown);
    // The first picture is used up while ffmpeg finds out what comes.
    if (this.#sent === 0) this.#send(first);
    const from = this.#sent;
    const greys: Batch['greys'] = media.map(() => undefined);
    const { media: behind = media.at(-1)!, grey: expected } = this.#known ?? {};
    const answered = new Promise<boolean>((done) => (this.#batch = { from, media, greys, expected, done }));
    for (const each of media) this.#send(each);
    for (let n = 0; n <= lag; n++) this.#send(behind);
    const timer = setTimeout(() => void this.stop(), patienceMs);
    let nudges = 0;
    const nudge = setInterval(() => nudges++ < LAG.nudges && this.#send(behind), LAG.nudgeMs);
    const isWell = await answered;
    clearTimeout(timer);
    clearInterval(nudge);
    this.#batch = undefined;
    return isWell ? greys : undefined;
  }

  /** May be called at any time; resolves when nothing of it is left. */
  async stop(): Promise<void> {
    this.#end();
    await this.#running.stop();
  }

  #end(): void {
    this.#isOver = true;
    clearTimeout(this.#idle);
    this.#stdin.end();
    this.#batch?.done(false);
  }

  #send(media: Buffer): void {
    if (this.#isOver) return;
    this.#stdin.write(fragmentOf(unitsOf(media), this.#sent, 1, true, this.#sent + 1));
    this.#sent++;
  }

  #hear(line: string): void {
    const time = shown.exec(line)?.[1];
    if (time === undefined) return;
    this.#told.push(Number(time));
    this.#match();
  }

  #take(chunk: Buffer): void {
    this.#bytes.push(chunk);
    this.#length += chunk.length;
    this.#match();
  }

  /** Both come in the order of the pictures, each on a pipe of its own. */
  #match(): void {
    while (this.#told.length > 0 && this.#length >= SIZE && !this.#isOver) {
      const bytes = Buffer.concat(this.#bytes);
      this.#bytes = [bytes.subarray(SIZE)];
      this.#length -= SIZE;
      this.#show(this.#told.shift()!, Uint8Array.from(bytes.subarray(0, SIZE)));
    }
  }

  #show(time: number, grey: Uint8Array): void {
    this.#shown = time;
    const batch = this.#batch;
    if (!batch || time < batch.from) return;
    const index = time - batch.from;
    const media = batch.media[index];
    if (media) {
      batch.greys[index] = grey;
      this.#known ??= { media, grey };
    } else if (batch.expected && Buffer.compare(batch.expected, grey) !== 0) {
      // Pictures would be taken for others.
      void this.stop();
    } else batch.done(true);
  }
}
