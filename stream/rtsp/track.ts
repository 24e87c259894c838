import { randomInt } from 'node:crypto';
import { Pictures, type CameraPicture } from './pictures.ts';
import { Reorder } from './reorder.ts';
import { readPacket, readReports, writeReport, type SenderReport } from './rtp.ts';
import type { Described } from './sdp.ts';

/** A picture and its time. */
export interface TimedPicture extends CameraPicture {
  /** Seconds, by the camera's clock: as long as the one before it, so that nobody has to wait for the next to know. */
  lasts: number;
  /** Seconds of pictures that were lost before it. */
  gap: number;
  /** When it was taken by the camera's own clock, epoch ms; known once the camera has told its time. */
  cameraAt: number | undefined;
}

/** Longer between two pictures is a jump of the clock, not a pause; lost pictures may take longer. Seconds. */
const LONGEST_STEP = 5;
const LONGEST_LOSS = 60;
/** What a camera said of its time so long ago is not to be reckoned on from: its count begins anew every 13 hours (32 bits of 90 kHz). */
const REPORT_LASTS_MS = 600_000;

/** One picture track: RTP and RTCP packets in, pictures with their times out. */
export class Track {
  readonly #described: Described;
  readonly #reorder: Reorder;
  readonly #pictures: Pictures;
  readonly #take: (picture: TimedPicture) => void;
  readonly #own = randomInt(2 ** 32);
  #first: CameraPicture | undefined;
  #previous: number | undefined;
  #usual = 0;
  #report: { said: SenderReport; at: number } | undefined;
  #source = 0;
  #transit: number | undefined;
  #jitter = 0;
  #reported = { received: 0, lost: 0 };
  /** When the last packet of pictures came, epoch ms. */
  heardAt: number | undefined;

  /** `patienceMs`: how long a packet that is missing is waited for. */
  constructor(described: Described, patienceMs: number, take: (picture: TimedPicture) => void) {
    this.#described = described;
    this.#reorder = new Reorder(patienceMs);
    this.#pictures = new Pictures(described);
    this.#take = take;
  }

  /** Nothing can be shown before the next key picture. */
  get waiting(): boolean {
    return this.#pictures.waiting;
  }
  /** How often pictures were lost. */
  get losses(): number {
    return this.#pictures.losses;
  }

  rtp(bytes: Buffer, now: number): void {
    const packet = readPacket(bytes);
    if (packet?.payloadType !== this.#described.payloadType) return;
    this.heardAt = now;
    // (The first report may come before the first packet.)
    if (this.#report && (this.#report.said.source !== packet.source || now - this.#report.at > REPORT_LASTS_MS))
      this.#report = undefined;
    this.#source = packet.source;
    const transit = (now * this.#described.clockRate) / 1000 - packet.timestamp;
    const apart = Math.abs(transit - (this.#transit ?? transit));
    // (A clock that begins anew is no jitter.)
    if (apart < this.#described.clockRate) this.#jitter += (apart - this.#jitter) / 16;
    this.#transit = transit;
    for (const turn of this.#reorder.push(packet, now))
      for (const picture of this.#pictures.push(turn)) this.#time(picture);
  }

  /** Whether the camera says goodbye. */
  rtcp(bytes: Buffer, now: number): boolean {
    const { report, goodbye } = readReports(bytes);
    if (report && (this.#source === 0 || report.source === this.#source)) this.#report = { said: report, at: now };
    return goodbye;
  }

  /** What is to be told to the camera, every few seconds; nothing before its first packet. */
  report(now: number): Buffer | undefined {
    if (this.heardAt === undefined) return undefined;
    const { received, lost, highest } = this.#reorder;
    const [came, went] = [received - this.#reported.received, lost - this.#reported.lost];
    this.#reported = { received, lost };
    return writeReport({
      own: this.#own,
      source: this.#source,
      lostShare: went > 0 ? Math.floor((went * 256) / (came + went)) : 0,
      lost,
      highest,
      jitter: Math.floor(this.#jitter),
      middle: this.#report?.said.middle ?? 0,
      since: this.#report ? Math.floor(((now - this.#report.at) * 65_536) / 1000) : 0,
    });
  }

  #time(picture: CameraPicture): void {
    const step =
      this.#previous === undefined ? undefined : ((picture.timestamp - this.#previous) | 0) / this.#described.clockRate;
    this.#previous = picture.timestamp;
    if (step === undefined) {
      // How long it lasts is only known when the second one comes.
      this.#first = picture;
      return;
    }
    const isSane = step > 0 && step <= (picture.afterLoss ? LONGEST_LOSS : LONGEST_STEP);
    // What the camera told of its time was told of another count.
    if (!isSane) this.#report = undefined;
    if (isSane && (!picture.afterLoss || this.#usual === 0)) this.#usual = Math.min(step, LONGEST_STEP);
    if (this.#first) this.#hand(this.#first, 0);
    this.#first = undefined;
    this.#hand(picture, picture.afterLoss && isSane ? Math.max(0, step - this.#usual) : 0);
  }

  #hand(picture: CameraPicture, gap: number): void {
    const said = this.#report?.said;
    const cameraAt =
      said && said.wallAt + (((picture.timestamp - said.timestamp) | 0) / this.#described.clockRate) * 1000;
    this.#take({ ...picture, lasts: this.#usual, gap, cameraAt });
  }
}
