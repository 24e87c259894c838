import { innerWidth } from 'svelte/reactivity/window';
import type { WindowDetail } from '../../hub/model/api.ts';
import { Rotation } from './rotation.svelte.ts';
import { session } from './session.svelte.ts';
import {
  modeAt,
  modesAt,
  pageOf,
  choiceFrom,
  sideOf,
  type RotationStep,
  type WallChoice,
  type WallMode,
} from './wall.ts';

/** The hall whose windows hang on the wall. */
interface Hung {
  readonly windows: readonly WindowDetail[];
  readonly focused: WindowDetail | undefined;
  select(window: string): void;
  /** The pictures that are shown must stay. */
  holds(shown: readonly WindowDetail[]): boolean;
}

/** How many pictures hang on the wall, which page of them, and the rotation through the pages. */
export class WallState {
  readonly rotation: Rotation;
  readonly #hung: Hung;
  readonly #account: string;
  #choice = $state.raw<WallChoice>({});
  /** Where one picture alone goes back to. */
  #before: WallMode | undefined;

  constructor(hung: Hung) {
    this.#hung = hung;
    this.#account = session.me?.account ?? '';
    this.rotation = new Rotation(
      () => this.#rotate(),
      () => hung.holds(this.page.shown),
    );
    this.#choice = recallWall(this.#account);
    if (this.#choice.every !== undefined) this.rotation.setEvery(this.#choice.every);
  }

  readonly #width = $derived(innerWidth.current ?? 1440);
  readonly #mode = $derived(modeAt(this.#width, this.#choice.mode));
  readonly #page = $derived.by(() => pageOf(this.#hung.windows, this.#mode, this.#hung.focused?.id));

  get mode(): WallMode {
    return this.#mode;
  }
  /** Those that this page has room for. */
  get modes(): readonly WallMode[] {
    return modesAt(this.#width);
  }
  get side(): 1 | 2 | 3 | 4 {
    return sideOf(this.#mode, this.#hung.windows.length);
  }
  /** The page that holds the focused window. */
  get page(): { index: number; count: number; shown: WindowDetail[] } {
    return this.#page;
  }

  setMode(mode: WallMode): void {
    if (mode === this.#mode) return;
    this.#before = this.#mode;
    this.#keep({ ...this.#choice, mode });
  }

  setEvery(every: RotationStep): void {
    this.rotation.setEvery(every);
    this.#keep({ ...this.#choice, every });
  }

  /** One picture alone, and back. */
  toggleSingle(): void {
    if (this.#mode !== 1) this.setMode(1);
    else this.setMode(this.#before ?? this.modes.find((mode) => mode > 1) ?? 1);
  }

  /** Turns so many pages, round the end: the first window there gets the focus. */
  turn(by: number): void {
    const { index, count } = this.#page;
    if (count === 0) return;
    this.rotation.restart();
    const first = this.#hung.windows[((index + by + count) % count) * this.#mode];
    if (first) this.#hung.select(first.id);
  }

  /** With a single page the focus goes round instead. */
  #rotate(): void {
    if (this.#page.count > 1) return this.turn(1);
    const { windows, focused } = this.#hung;
    const at = windows.findIndex((window) => window.id === focused?.id);
    const next = windows[(at + 1) % windows.length];
    if (next) this.#hung.select(next.id);
  }

  #keep(choice: WallChoice): void {
    this.#choice = choice;
    keepWall(this.#account, choice);
  }
}

const key = (account: string): string => `hallwatch.wall.${account}`;

/** localStorage is refused in some hardened browsers: the choice then lasts as long as the page. */
function recallWall(account: string): WallChoice {
  try {
    return choiceFrom(localStorage.getItem(key(account)));
  } catch {
    return {};
  }
}

function keepWall(account: string, choice: WallChoice): void {
  try {
    localStorage.setItem(key(account), JSON.stringify(choice));
  } catch {
    // Kept for this page only.
  }
}
