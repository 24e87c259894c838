import { stateOf, type Finding } from '../../hub/model/finding.ts';
import { presenceAt, type Presence, type PresenceRecord } from '../../hub/model/presence.ts';
import { findings } from './findings.ts';
import { presence } from './hallWords.ts';
import { merge } from './merge.ts';
import { live } from './socket.svelte.ts';

/** What a hall has still to answer, and what it has on record for its windows; kept live. */
export class HallFindings {
  #findings = $state.raw<Finding[] | undefined>();
  #presences = $state.raw<Presence[]>([]);
  #failure = $state.raw<unknown>();
  #hall: string | undefined;
  #stops: (() => void)[] = [];

  /** Those that wait for the hall; undefined until they are there. */
  get toAnswer(): Finding[] | undefined {
    return this.#findings?.filter((each) => ['recorded', 'responded'].includes(stateOf(each)));
  }
  get failure(): unknown {
    return this.#failure;
  }

  /** What is on record for a window at a moment. */
  recordOf(window: string, at: number): PresenceRecord | undefined {
    return presenceAt(
      this.#presences.find((each) => each.id === window),
      at,
    );
  }

  async open(hall: string): Promise<void> {
    this.#hall = hall;
    if (this.#stops.length === 0)
      this.#stops = [
        live.on('finding', (changes) => this.take(changes)),
        live.on('presence', (changes) => this.takePresence(changes)),
        live.onReset(() => this.#hall !== undefined && void this.open(this.#hall)),
      ];
    try {
      const [list, records] = await Promise.all([
        findings.list({ state: 'open', hall, limit: '200' }),
        presence.list(hall),
      ]);
      if (this.#hall !== hall) return;
      this.#findings = list.items;
      this.#presences = records.items;
      this.#failure = undefined;
    } catch (error) {
      if (this.#hall === hall) this.#failure = error;
    }
  }

  take(changes: readonly Finding[]): void {
    const own = changes.filter((each) => each.hall === this.#hall);
    if (this.#findings && own.length > 0) this.#findings = merge(this.#findings, own, (each) => each.at, 200);
  }

  takePresence(changes: readonly Presence[]): void {
    const own = changes.filter((each) => each.hall === this.#hall);
    if (own.length > 0) this.#presences = merge(this.#presences, own, (each) => each.position, 1_000);
  }

  close(): void {
    for (const stop of this.#stops) stop();
    this.#stops = [];
  }
}
