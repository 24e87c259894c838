import type { Packet } from './rtp.ts';

/** A packet in its turn; `lost` when one or more before it will not come. */
export interface InTurn {
  packet: Packet;
  lost: boolean;
}

/** As many wait at most: 200 ms of 50 Mbit/s. */
const MOST = 1024;
/** A jump of more is no loss but another count. */
const FAR = 3000;
/** So many that seem late, one behind the other and nothing else between them, are a count that was set back. */
const SET_BACK = 32;

/** Puts packets in the order of their numbers; one that is missing is waited for, but not for long. */
export class Reorder {
  readonly #patienceMs: number;
  readonly #waiting = new Map<number, Packet>();
  #next: number | undefined;
  #source: number | undefined;
  #missingSince = 0;
  /** Of those that seem late: how many came one behind the other, and the last of them. */
  #late = { count: 0, sequence: 0 };
  /** Packets that were in time, those that never came, and the highest number with its rounds: what reports tell. */
  received = 0;
  lost = 0;
  highest = 0;

  /** `patienceMs` is 0 where the network keeps the order (TCP). */
  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs;
  }

  push(packet: Packet, now: number): InTurn[] {
    const found: InTurn[] = [];
    const late = this.#late;
    this.#late = { count: 0, sequence: packet.sequence };
    if (packet.source !== this.#source) {
      // Another stream begins: what waits belongs to the old one.
      const cut = this.#source !== undefined;
      this.#source = packet.source;
      this.#begin(packet, cut, found);
      return found;
    }
    const ahead = (packet.sequence - this.#next! + 0x1_0000) & 0xffff;
    if (ahead === 0) {
      this.#hand(packet, false, found);
      this.#drain(found, now);
    } else if (ahead > 0xffff - FAR) {
      // Late or twice.
      const isNext = packet.sequence === ((late.sequence + 1) & 0xffff);
      this.#late.count = isNext ? late.count + 1 : 1;
      if (this.#late.count >= SET_BACK) this.#begin(packet, true, found);
    } else if (ahead > FAR) {
      this.#begin(packet, true, found);
    } else {
      if (this.#waiting.size === 0) this.#missingSince = now;
      this.#waiting.set(packet.sequence, packet);
      if (this.#waiting.size >= MOST || now - this.#missingSince >= this.#patienceMs) this.#giveUp(found, now);
    }
    return found;
  }

  #begin(packet: Packet, lost: boolean, found: InTurn[]): void {
    this.#waiting.clear();
    this.#next = packet.sequence;
    if (lost) this.lost++;
    this.#hand(packet, lost, found);
  }

  #hand(packet: Packet, lost: boolean, found: InTurn[]): void {
    found.push({ packet, lost });
    this.received++;
    const rounds = this.highest >>> 16;
    this.highest = (((packet.sequence < (this.highest & 0xffff) ? rounds + 1 : rounds) << 16) | packet.sequence) >>> 0;
    this.#next = (packet.sequence + 1) & 0xffff;
  }

  #drain(found: InTurn[], now: number): void {
    for (let packet = this.#take(); packet; packet = this.#take()) this.#hand(packet, false, found);
    this.#missingSince = now;
  }

  #take(): Packet | undefined {
    if (this.#waiting.size === 0) return undefined;
    const packet = this.#waiting.get(this.#next!);
    if (packet) this.#waiting.delete(this.#next!);
    return packet;
  }

  /** What is missing will not come: goes on behind it. */
  #giveUp(found: InTurn[], now: number): void {
    const from = this.#next!;
    let gap = FAR;
    for (const sequence of this.#waiting.keys()) gap = Math.min(gap, (sequence - from + 0x1_0000) & 0xffff);
    this.lost += gap;
    this.#next = (from + gap) & 0xffff;
    const packet = this.#take()!;
    this.#hand(packet, true, found);
    this.#drain(found, now);
  }
}
