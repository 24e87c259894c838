import type { HallSummary } from '../../hub/model/api.ts';
import { api } from './api.ts';
import { nameOf } from './locale.svelte.ts';
import { session } from './session.svelte.ts';

/** Names of halls and numbers of windows for lists that carry only their ids. Loaded when first asked for. */
class Places {
  #halls = $state.raw<HallSummary[]>([]);
  #numbers = $state.raw<ReadonlyMap<string, string>>(new Map());
  readonly #asked = new Set<string>();
  #isAsked = false;

  get halls(): HallSummary[] {
    return this.#halls;
  }

  /** For a page that will show these halls. Without an answer the names are simply missing. */
  async know(halls: Iterable<string | undefined> = []): Promise<void> {
    if (!session.may('case.read')) return;
    try {
      if (!this.#isAsked) {
        this.#isAsked = true;
        this.#halls = await api.halls();
      }
      for (const hall of halls) {
        if (hall === undefined || this.#asked.has(hall)) continue;
        this.#asked.add(hall);
        const { windows } = await api.hall(hall);
        this.#numbers = new Map([...this.#numbers, ...windows.map((window) => [window.id, window.number] as const)]);
      }
    } catch (error) {
      this.#isAsked = this.#halls.length > 0;
      console.warn('places', error);
    }
  }

  /** The halls, from a page that has loaded them already. */
  learn(halls: HallSummary[]): void {
    this.#halls = halls;
    this.#isAsked = true;
  }

  hallName(id: string | undefined): string {
    return nameOf(this.#halls.find((hall) => hall.id === id));
  }

  windowNumber(id: string | undefined): string | undefined {
    return id === undefined ? undefined : this.#numbers.get(id);
  }

  forget(): void {
    this.#halls = [];
    this.#numbers = new Map();
    this.#asked.clear();
    this.#isAsked = false;
  }
}

export const places = new Places();
