import type { DutyDay } from '../../hub/model/api.ts';
import { dayOf } from '../../hub/model/calendar.ts';
import type { DrawBoard, DrawDay, DrawDayLine, DrawView } from '../../hub/model/drawApi.ts';
import { api } from './api.ts';
import { serverNow } from './clock.svelte.ts';
import { drawnHalls, draws, ownDraw, type DrawnHall } from './draw.ts';
import { HallState } from './hall.svelte.ts';
import { places } from './places.svelte.ts';
import { session } from './session.svelte.ts';
import { live } from './socket.svelte.ts';

/** Changes come in bursts, and the answers are of everybody below: at most one question in so many milliseconds. */
const restMs = 4_000;

/** The page of the draw: one day of it, the board of everybody below, and the hall that is looked into. */
export class DrawState {
  readonly hall = new HallState();

  /** Undefined: today, also when midnight passes. */
  #wanted = $state.raw<string | undefined>();
  #day = $state.raw<DrawDay | undefined>();
  #duties = $state.raw<DutyDay | undefined>();
  #board = $state.raw<DrawBoard | undefined>();
  #days = $state.raw<DrawDayLine[] | undefined>();
  #failure = $state.raw<unknown>();
  #boardFailure = $state.raw<unknown>();
  #hallId = $state.raw<string | undefined>();
  #stops: (() => void)[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #turn = 0;

  get day(): DrawDay | undefined {
    return this.#day;
  }
  get duties(): DutyDay | undefined {
    return this.#duties;
  }
  get board(): DrawBoard | undefined {
    return this.#board;
  }
  get days(): DrawDayLine[] | undefined {
    return this.#days;
  }
  get failure(): unknown {
    return this.#failure;
  }
  get boardFailure(): unknown {
    return this.#boardFailure;
  }
  get hallId(): string | undefined {
    return this.#hallId;
  }
  /** The day that is asked for; undefined: today. */
  get wanted(): string | undefined {
    return this.#wanted;
  }

  readonly #draw = $derived(this.#day ? ownDraw(this.#day, session.me?.organ?.id) : undefined);
  readonly #rows = $derived(
    this.#draw && this.#day ? drawnHalls(this.#draw, this.#day.duties, this.#duties?.duties) : [],
  );
  get draw(): DrawView | undefined {
    return this.#draw;
  }
  get rows(): DrawnHall[] {
    return this.#rows;
  }

  /** What a visit of a hall would serve today: of a drawn duty, or of another of the own organ's. */
  dutyOf(hall: string | undefined): DutyDay['duties'][number] | undefined {
    if (this.#duties?.day !== dayOf(serverNow())) return undefined;
    return this.#duties.duties.find(
      (duty) => duty.hall === hall && duty.done < duty.required && ['planned', 'inProgress'].includes(duty.state),
    );
  }

  async open(day: string | undefined): Promise<void> {
    this.#follow();
    if (day !== this.#wanted || !this.#day) this.#day = this.#duties = this.#board = undefined;
    this.#wanted = day;
    void places.know();
    await this.load();
    if (this.#hallId === undefined) {
      const first =
        this.rows.find(({ duty }) => duty?.state === 'inProgress') ??
        this.rows.find(({ duty }) => duty?.state === 'planned');
      const hall = first?.hall ?? this.rows[0]?.hall;
      if (hall !== undefined) await this.look(hall);
    }
  }

  /** The answers of a day that is left meanwhile are dropped; one that fails leaves what was there. */
  async load(): Promise<void> {
    const own = (this.#turn += 1);
    const day = this.#wanted;
    const take = <T>(answer: Promise<T>, done: (value: T) => void, failed?: (error: unknown) => void): Promise<void> =>
      answer.then(
        (value) => own === this.#turn && done(value),
        (error: unknown) => {
          if (own !== this.#turn) return;
          if (failed) failed(error);
          else console.warn('draw', error);
        },
      ) as Promise<void>;
    await Promise.all([
      take(
        Promise.all([draws.day(day), draws.duties(day)]),
        ([found, duties]) => {
          this.#day = found;
          this.#duties = duties;
          this.#failure = undefined;
        },
        (error) => (this.#failure = error),
      ),
      take(
        draws.board(day),
        (board) => {
          this.#board = board;
          this.#boardFailure = undefined;
        },
        (error) => (this.#boardFailure = error),
      ),
      take(draws.days(session.me?.organ?.id), (days) => (this.#days = days)),
    ]);
  }

  async look(hall: string): Promise<void> {
    this.#hallId = hall;
    await this.hall.open(hall);
  }

  /** The desk goes on with the visit that is open. */
  async start(duty: string): Promise<void> {
    await api.startVisit({ duty });
  }

  close(): void {
    for (const stop of this.#stops) stop();
    this.#stops = [];
    clearTimeout(this.#timer);
    this.#turn += 1;
    this.hall.close();
  }

  #follow(): void {
    if (this.#stops.length > 0) return;
    const soon = (): void => {
      this.#timer ??= setTimeout(() => {
        this.#timer = undefined;
        void this.load();
      }, restMs);
    };
    this.#stops = [live.on('duty', soon), live.on('visit', soon), live.on('camera', soon), live.onReset(soon)];
  }
}
