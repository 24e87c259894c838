/** Rows kept in the page; who wants more exports them. */
const bound = 1_000;

/** A list that is read page by page; an answer that was overtaken by another question is thrown away. */
export class Paged<T> {
  readonly #read: (cursor: string | undefined) => Promise<{ items: T[]; next?: string }>;
  #rows = $state.raw<T[] | undefined>();
  #next = $state.raw<string | undefined>();
  #failure = $state.raw<unknown>();
  #busy = $state(false);
  #turn = 0;

  constructor(read: (cursor: string | undefined) => Promise<{ items: T[]; next?: string }>) {
    this.#read = read;
  }

  /** Undefined until the first page is there. */
  get rows(): T[] | undefined {
    return this.#rows;
  }
  get hasMore(): boolean {
    return this.#next !== undefined;
  }
  /** Why the last page did not come. */
  get failure(): unknown {
    return this.#failure;
  }
  get busy(): boolean {
    return this.#busy;
  }

  /** From the first page on; what is shown stays until it is there. */
  first = (): Promise<void> => this.#load(undefined);
  more = (): Promise<void> => this.#load(this.#next);

  /** From the first page on, with nothing shown meanwhile: another question was asked. */
  anew(): void {
    this.#rows = undefined;
    void this.first();
  }

  async #load(cursor: string | undefined): Promise<void> {
    const own = (this.#turn += 1);
    this.#busy = true;
    this.#failure = undefined;
    try {
      const page = await this.#read(cursor);
      if (own !== this.#turn) return;
      this.#rows = cursor === undefined ? page.items : [...(this.#rows ?? []), ...page.items].slice(-bound);
      this.#next = page.next;
    } catch (error) {
      if (own === this.#turn) this.#failure = error;
    } finally {
      if (own === this.#turn) this.#busy = false;
    }
  }
}
