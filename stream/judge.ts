/**
 * What a camera's pictures show: nothing (black), nothing but the thing in front of the lens (covered), the same again and
 * again (frozen), or something. Pure; pictures come as small grey ones, `WIDTH` × `HEIGHT` samples of 0…255.
 */
import type { CameraState } from '../hub/model/event.ts';

export type Fault = Extract<CameraState, 'black' | 'covered' | 'frozen'>;

export interface Judgement {
  fault: Fault | undefined;
  /**
   * Programme time, epoch ms: of the last picture known to be good, 0 where none was; or of the first good one. Undefined before the
   * first look.
   */
  since: number | undefined;
}

/**
 * Samples are taken, not averaged: averages would hide the noise by which a still scene differs from a frozen picture. README
 * has the measurements behind every number here.
 */
export const WIDTH = 160;
export const HEIGHT = 90;

/** Nine tenths of a black picture are darker than this: the camera's name and clock may still be written on it. */
const DARK = { enter: 24, leave: 32, share: 0.9 };
/** Samples that differ by two levels or more, as a share: a live picture changes more of them within a second. */
const CHANGED = { enter: 0.008, leave: 0.012, level: 2 };
/** Blocks whose four quarters differ by less than six levels are plain; of a covered picture most are. */
const PLAIN = { block: 10, level: 6, enter: 0.75, leave: 0.65 };
/** So long, and in so many looks, must a picture stay the same: two of a quiet counter may well be. */
const SAME = { ms: 2500, looks: 3 };
/** The same by bytes alone, ms: cheaper to see than to decode, so it may take the time of three key pictures. */
const REPEATED_MS = 2500;

export function isDark(grey: Uint8Array, limit = DARK.enter): boolean {
  let dark = 0;
  for (const level of grey) if (level < limit) dark++;
  return dark >= DARK.share * grey.length;
}

/** The share of samples that differ. */
export function changedBetween(one: Uint8Array, other: Uint8Array): number {
  let changed = 0;
  for (let i = 0; i < one.length; i++) if (Math.abs(one[i]! - other[i]!) >= CHANGED.level) changed++;
  return changed / one.length;
}

/** The share of blocks without any detail. */
export function plainShare(grey: Uint8Array): number {
  const { block, level } = PLAIN;
  const half = block / 2;
  let plain = 0;
  let blocks = 0;
  for (let top = 0; top + block <= HEIGHT; top += block) {
    for (let left = 0; left + block <= WIDTH; left += block) {
      let least = Infinity;
      let most = -Infinity;
      for (const [down, right] of [
        [0, 0],
        [0, half],
        [half, 0],
        [half, half],
      ] as const) {
        let sum = 0;
        for (let y = 0; y < half; y++)
          for (let x = 0; x < half; x++) sum += grey[(top + down + y) * WIDTH + left + right + x]!;
        least = Math.min(least, sum / half ** 2);
        most = Math.max(most, sum / half ** 2);
      }
      blocks++;
      if (most - least < level) plain++;
    }
  }
  return plain / blocks;
}

/** The first of those looks that show the same, and when the last one was that did not: what froze did so after that. */
interface First {
  grey: Uint8Array;
  at: number;
  differedAt: number;
  looks: number;
}

/** Judges one camera. Black and covered are believed when seen twice, so that a flash or a passer-by is no fault. */
export class Judge {
  #judgement: Judgement = { fault: undefined, since: undefined };
  /** Programme time of the last picture that was decoded and good. */
  #goodAt: number | undefined;
  /** The last look was black or covered, and the one before it was not. */
  #isSuspect = false;
  #first: First | undefined;
  /** Programme time of the first of those whose bytes are the same, and of the last one whose bytes were others. */
  #repeatedFrom: number | undefined;
  #differedAt: number | undefined;
  #lookedAt: number | undefined;
  #settledAt: number | undefined;
  #telling = false;

  /** Programme time up to which the picture is judged; stands still while it is or may be black, covered or frozen. */
  get settledAt(): number | undefined {
    return this.#settledAt;
  }

  get judgement(): Judgement {
    return this.#judgement;
  }

  /** Something is or may be wrong: the next key picture should be looked at, too. */
  get wantsMore(): boolean {
    return (
      this.#lookedAt === undefined ||
      this.#judgement.fault !== undefined ||
      this.#isSuspect ||
      this.#telling ||
      this.#first!.looks > 1
    );
  }

  /** A key picture arrived, of the same bytes as the one before (at `before`) or of a size that is `telling` (key.ts). */
  arrived(at: number, before: number | undefined, same: boolean, telling: boolean): void {
    this.#telling = same || telling;
    if (!same || before === undefined) {
      this.#repeatedFrom = undefined;
      this.#differedAt = before;
      return;
    }
    const from = (this.#repeatedFrom ??= before);
    // What repeats must have been looked at: a black picture repeats as well.
    const isClear = this.#lookedAt !== undefined && this.#lookedAt >= from && !this.#isSuspect;
    if (isClear && this.#judgement.fault === undefined && at - from >= REPEATED_MS)
      this.#judge('frozen', this.#differedAt ?? 0);
  }

  /** The decoded picture. */
  look(grey: Uint8Array, at: number): void {
    const { fault } = this.#judgement;
    const limit = fault === 'frozen' ? CHANGED.leave : CHANGED.enter;
    if (this.#first && changedBetween(this.#first.grey, grey) < limit) this.#first.looks++;
    else this.#first = { grey, at, differedAt: this.#lookedAt ?? 0, looks: 1 };
    this.#lookedAt = at;
    this.#decide(grey, at, this.#first);
    const mayBeFrozen = this.#first.looks > 1 || this.#repeatedFrom !== undefined;
    // While there is a fault nothing counts anyway; that it began may not have reached those who ask yet.
    if (this.#judgement.fault === undefined && !this.#isSuspect && !mayBeFrozen) this.#settledAt = at;
  }

  #decide(grey: Uint8Array, at: number, first: First): void {
    const { fault } = this.#judgement;
    const seen = this.#see(grey);
    if (seen) {
      // (What is nearly black may look black now and covered then.)
      const isSure = fault !== undefined || this.#isSuspect;
      if (isSure) this.#judge(seen, this.#goodAt ?? 0);
      else this.#isSuspect = true;
      return;
    }
    this.#isSuspect = false;
    if (first.looks >= SAME.looks && at - first.at >= SAME.ms) {
      this.#judge('frozen', first.differedAt);
      return;
    }
    // What looks like the picture before proves nothing yet.
    if (fault !== undefined && first.at < at) return;
    this.#goodAt = first.at;
    this.#judge(undefined, at);
  }

  #see(grey: Uint8Array): Fault | undefined {
    const { fault } = this.#judgement;
    if (isDark(grey, fault === 'black' ? DARK.leave : DARK.enter)) return 'black';
    if (plainShare(grey) >= (fault === 'covered' ? PLAIN.leave : PLAIN.enter)) return 'covered';
    return undefined;
  }

  #judge(fault: Fault | undefined, since: number): void {
    if (this.#judgement.since !== undefined && fault === this.#judgement.fault) return;
    this.#judgement = { fault, since };
    this.#isSuspect = false;
  }
}
