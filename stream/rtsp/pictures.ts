import { initOf, type Parameters } from '../mux.ts';
import { Depacketizer, type AccessUnit, type Unit } from './depacketize.ts';
import type { InTurn } from './reorder.ts';
import { unfit, type Described } from './sdp.ts';
import { idOfSet, readSequence } from './sps.ts';

/** A picture as it came from the camera. */
export interface CameraPicture {
  /** Without parameter sets and delimiters, which stand in the initialization section. */
  units: Unit[];
  key: boolean;
  timestamp: number;
  /** Present when pictures from here on are decoded by other parameters than before. */
  init?: Buffer;
  /** Pictures before it were lost. */
  afterLoss: boolean;
}

type Kind = 'vps' | 'sps' | 'pps' | 'key' | 'picture' | 'nothing' | 'beside';

function kindOf(described: Described, head: number): Kind {
  if (described.codec === 'h264') {
    const type = head & 0x1f;
    if (type >= 1 && type <= 5) return type === 5 ? 'key' : 'picture';
    return (
      ({ 7: 'sps', 8: 'pps', 9: 'nothing', 10: 'nothing', 11: 'nothing', 12: 'nothing' } as const)[type] ?? 'beside'
    );
  }
  const type = (head >> 1) & 0x3f;
  if (type <= 31) return type >= 16 && type <= 23 ? 'key' : 'picture';
  return (
    ({ 32: 'vps', 33: 'sps', 34: 'pps', 35: 'nothing', 36: 'nothing', 37: 'nothing', 38: 'nothing' } as const)[type] ??
    'beside'
  );
}

const whole = (unit: Unit): Buffer => (unit.pieces.length === 1 ? unit.pieces[0]! : Buffer.concat(unit.pieces));

/** More parameter sets of a kind than any camera has. */
const MOST_SETS = 16;
/** So many steps back in time within so many pictures are no jumps of a clock but pictures that wait for later ones. */
const STEPS_BACK = 3;
const OF_PICTURES = 100;

/**
 * Packets in their turn → pictures that can be decoded: none before the first key picture, and after a loss none before the next.
 * Throws `HubError('camera.unfit')` when pictures are sent in another order than they are shown in.
 */
export class Pictures {
  readonly #described: Described;
  readonly #depacketizer: Depacketizer;
  readonly #sets = { vps: new Map<number, Buffer>(), sps: new Map<number, Buffer>(), pps: new Map<number, Buffer>() };
  #changed = true;
  #reorders = false;
  #waiting = true;
  #afterLoss = false;
  #previous: number | undefined;
  #stepsBack = 0;
  #counted = 0;
  /** How often something was lost. */
  losses = 0;

  constructor(described: Described) {
    this.#described = described;
    this.#depacketizer = new Depacketizer(described.codec);
    for (const set of described.sets) {
      const kind = kindOf(described, set[0]!);
      if (kind === 'vps' || kind === 'sps' || kind === 'pps') this.#keep(kind, set);
    }
  }

  /** Nothing can be shown before the next key picture. */
  get waiting(): boolean {
    return this.#waiting;
  }

  push(turn: InTurn): CameraPicture[] {
    const found: CameraPicture[] = [];
    const units = this.#depacketizer.push(turn);
    if (this.#depacketizer.lost) {
      this.#depacketizer.lost = false;
      this.#lose();
    }
    for (const unit of units) {
      const picture = this.#picture(unit);
      if (picture) found.push(picture);
    }
    return found;
  }

  #lose(): void {
    // Before the first key picture nothing is lost that was wanted.
    if (this.#previous === undefined) return;
    if (!this.#waiting) this.losses++;
    this.#waiting = true;
    this.#afterLoss = true;
  }

  #keep(kind: 'vps' | 'sps' | 'pps', set: Buffer): void {
    const id = idOfSet(this.#described.codec, kind, set);
    const sets = this.#sets[kind];
    if (id === undefined || set.length > 0xffff || sets.get(id)?.equals(set)) return;
    if (kind === 'sps' && !readSequence(this.#described.codec, set)) return;
    if (sets.size >= MOST_SETS && !sets.has(id)) return;
    // A copy: what came is a view of much more.
    sets.set(id, Buffer.from(set));
    this.#changed = true;
  }

  #picture({ units, timestamp }: AccessUnit): CameraPicture | undefined {
    const kept: Unit[] = [];
    let key = false;
    let shows = false;
    for (const unit of units) {
      const kind = kindOf(this.#described, unit.pieces[0]![0]!);
      if (kind === 'vps' || kind === 'sps' || kind === 'pps') this.#keep(kind, whole(unit));
      else if (kind !== 'nothing') kept.push(unit);
      shows ||= kind === 'key' || kind === 'picture';
      key ||= kind === 'key';
    }
    if (!shows || (this.#waiting && !key)) return undefined;
    let init: Buffer | undefined;
    if (key && this.#changed) {
      init = this.#init();
      if (!init) return undefined;
      this.#changed = false;
    }
    this.#look(timestamp);
    const afterLoss = this.#afterLoss;
    this.#waiting = this.#afterLoss = false;
    this.#previous = timestamp;
    return { units: kept, key, timestamp, ...(init ? { init } : {}), afterLoss };
  }

  #init(): Buffer | undefined {
    const { codec } = this.#described;
    const [vps, sps, pps] = (['vps', 'sps', 'pps'] as const).map((kind) => [...this.#sets[kind].values()]);
    const sequence = sps![0] && readSequence(codec, sps![0]);
    if (!sequence || pps!.length === 0 || (codec === 'h265' && vps!.length === 0)) return undefined;
    this.#reorders = sequence.reorders;
    const parameters: Parameters = { codec, vps: vps!, sps: sps!, pps: pps!, sequence };
    return initOf(parameters);
  }

  /** Time stands still or goes back, again and again: pictures wait for later ones, or are sent in pieces. */
  #look(timestamp: number): void {
    if (++this.#counted > OF_PICTURES) this.#counted = this.#stepsBack = 0;
    const step = this.#previous === undefined ? 1 : (timestamp - this.#previous) | 0;
    const isBack = step === 0 || (this.#reorders && step < 0 && -step < this.#described.clockRate);
    if (isBack && ++this.#stepsBack >= STEPS_BACK)
      throw unfit('the camera sends pictures in another order than they are shown in');
  }
}
