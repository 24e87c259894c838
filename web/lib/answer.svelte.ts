/** What a page asked the hub for; an answer that was overtaken by another question is thrown away. */
export class Answer<T> {
  readonly #read: () => Promise<T>;
  #found = $state.raw<T | undefined>();
  #failure = $state.raw<unknown>();
  #turn = 0;

  constructor(read: () => Promise<T>) {
    this.#read = read;
  }

  /** Undefined until it is there. */
  get found(): T | undefined {
    return this.#found;
  }
  get failure(): unknown {
    return this.#failure;
  }

  /** Asks again; what is shown stays until the new answer is there. */
  load = async (): Promise<void> => {
    const own = (this.#turn += 1);
    this.#failure = undefined;
    try {
      const found = await this.#read();
      if (own === this.#turn) this.#found = found;
    } catch (error) {
      if (own === this.#turn) this.#failure = error;
    }
  };

  /** Asks with nothing shown meanwhile: another question was asked. */
  anew(): void {
    this.#found = undefined;
    void this.load();
  }
}
