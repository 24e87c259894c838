import type { Board } from '../../hub/model/publicBoard.ts';
import { ApiError } from './api.ts';
import { getBoard, lookMs } from './board.ts';

/** One hall's board as it was heard last. It goes on looking; what is old stays and says so. */
export class BoardState {
  readonly #hall: string;
  #board = $state.raw<Board | undefined>();
  #failure = $state.raw<unknown>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isOver = false;

  constructor(hall: string) {
    this.#hall = hall;
  }

  get board(): Board | undefined {
    return this.#board;
  }
  /** Why the last look failed; undefined when it did not. */
  get failure(): unknown {
    return this.#failure;
  }

  start(): () => void {
    void this.look();
    const again = (): void => void this.look();
    window.addEventListener('online', again);
    return () => {
      this.#isOver = true;
      clearTimeout(this.#timer);
      window.removeEventListener('online', again);
    };
  }

  async look(): Promise<void> {
    clearTimeout(this.#timer);
    try {
      this.#board = await getBoard(this.#hall);
      this.#failure = undefined;
    } catch (error) {
      this.#failure = error;
      // It was switched off meanwhile: nothing of it may stay.
      if (error instanceof ApiError && error.status === 404) this.#board = undefined;
    }
    // Many screens that were switched on together do not ask together.
    if (!this.#isOver) this.#timer = setTimeout(() => void this.look(), lookMs * (0.9 + 0.2 * Math.random()));
  }
}
