import type { DutyDay, HallSummary, Timeline, WindowDetail } from '../../hub/model/api.ts';
import type { SeenPerson } from '../../hub/model/finding.ts';
import type { EventLine, Progress } from '../../hub/model/live.ts';
import type { Duty, Finding, Visit } from '../../hub/model/state.ts';
import { api } from './api.ts';
import { serverNow } from './clock.svelte.ts';
import { HallState } from './hall.svelte.ts';
import { merge } from './merge.ts';
import { places } from './places.svelte.ts';
import type { TimeShift } from './recorded.svelte.ts';
import { session } from './session.svelte.ts';
import { live } from './socket.svelte.ts';
import { isVerifying } from './wall.ts';
import { WallState } from './wallState.svelte.ts';
import { Watcher } from './watch.ts';

/** Marks kept in one lane of the timeline. */
const laneBound = 400;

/** 部门监察员 (SC-15): they see no case, and owe no duty. */
const isOfLine = (): boolean => !session.may('case.read');

/** The patrol desk: which hall and window, the day's duties, and the visit that is going on. */
export class Desk {
  readonly hall = new HallState();
  readonly watcher = new Watcher();

  #halls = $state.raw<HallSummary[] | undefined>();
  #day = $state.raw<DutyDay | undefined>();
  #failure = $state.raw<unknown>();
  #hallId = $state.raw<string | undefined>();
  #focus = $state.raw<string | undefined>();
  #visit = $state.raw<Visit | undefined>();
  #progress = $state.raw<Progress | undefined>();
  #result = $state.raw<Visit | undefined>();
  #findings = $state.raw<Finding[]>([]);
  #events = $state.raw<EventLine[] | undefined>();
  #eventsFailure = $state.raw<unknown>();
  #timeline = $state.raw<Timeline | undefined>();
  /** 时移: undefined while the wall is live. */
  #shift = $state.raw<TimeShift | undefined>();
  #stops: (() => void)[] = [];
  readonly wall = new WallState(this);

  get halls(): HallSummary[] | undefined {
    return this.#halls;
  }
  get day(): DutyDay | undefined {
    return this.#day;
  }
  get failure(): unknown {
    return this.#failure;
  }
  get hallId(): string | undefined {
    return this.#hallId;
  }
  get visit(): Visit | undefined {
    return this.#visit;
  }
  get progress(): Progress | undefined {
    return this.#progress;
  }
  /** The visit that was just finished, until its result has been read. */
  get result(): Visit | undefined {
    return this.#result;
  }
  get findings(): Finding[] {
    return this.#findings;
  }
  get events(): EventLine[] | undefined {
    return this.#events;
  }
  get eventsFailure(): unknown {
    return this.#eventsFailure;
  }
  get timeline(): Timeline | undefined {
    return this.#timeline;
  }
  get shift(): TimeShift | undefined {
    return this.#shift;
  }
  get windows(): WindowDetail[] {
    return this.hall.windows;
  }
  get focused(): WindowDetail | undefined {
    return this.hall.windows.find((window) => window.id === this.#focus) ?? this.hall.windows[0];
  }
  /** The duty a visit of this hall would serve. */
  get duty(): Duty | undefined {
    return this.#day?.duties.find(
      (duty) => duty.hall === this.#hallId && duty.done < duty.required && duty.state !== 'missed',
    );
  }

  async open(): Promise<void> {
    this.#follow();
    this.#failure = undefined;
    try {
      const [halls, day] = await Promise.all([api.halls(), api.duties()]);
      this.#halls = halls;
      places.learn(halls);
      this.#takeDay(day);
      const first =
        day.openVisit?.hall ?? day.duties[0]?.hall ?? [...halls].sort((a, b) => b.windows - a.windows)[0]?.id;
      if (first !== undefined && this.#hallId === undefined) await this.goTo(first);
    } catch (error) {
      this.#failure = error;
    }
  }

  /** All pictures of the hall show the moment of `shift`. */
  shiftTo(shift: TimeShift): void {
    this.backToLive();
    this.#shift = shift;
  }

  backToLive(): void {
    this.#shift?.close();
    this.#shift = undefined;
  }

  close(): void {
    this.backToLive();
    for (const stop of this.#stops) stop();
    this.#stops = [];
    this.wall.rotation.stop();
    this.watcher.follow(undefined);
    this.hall.close();
  }

  async goTo(hall: string): Promise<void> {
    this.backToLive();
    this.#hallId = hall;
    this.#focus = undefined;
    this.#timeline = undefined;
    await Promise.all([this.hall.open(hall), this.#loadTimeline(hall)]);
    if (this.#hallId === hall) this.select(this.hall.windows[0]?.id);
  }

  select(window: string | undefined): void {
    if (window === undefined || window === this.#focus) return;
    this.#focus = window;
    this.#events = undefined;
    void this.loadEvents();
  }

  /** No page is turned while it is talked about, nor while windows on it are being verified (SC-11). */
  holds(shown: readonly WindowDetail[]): boolean {
    if (document.querySelector('dialog[open]')) return true;
    return this.#visit !== undefined && isVerifying(shown, this.#progress?.views);
  }

  async startVisit(): Promise<void> {
    const { duty } = this;
    const hall = this.#hallId;
    // SC-15: who owes no duty patrols the hall as needed.
    const of = isOfLine() && hall !== undefined ? { hall } : duty && { duty: duty.id };
    if (!of) return;
    const visit = await api.startVisit(of);
    this.#findings = [];
    this.#progress = undefined;
    this.#takeVisit(visit);
  }

  async finishVisit(): Promise<void> {
    if (!this.#visit) return;
    // The last report travels on the socket, the wish to finish on another connection: let it arrive first.
    await this.watcher.flush();
    const visit = await api.finishVisit(this.#visit.id);
    this.#takeVisit(visit);
    this.#result = visit;
    void this.#loadDay();
  }

  dismissResult(): void {
    this.#result = undefined;
  }

  async record(code: string, note: string, person?: SeenPerson): Promise<Finding> {
    const window = this.focused;
    if (!this.#visit || !window) throw new Error('a finding needs an open visit and a window');
    const finding = await api.recordFinding(this.#visit.id, {
      window: window.id,
      code,
      ...(note ? { note } : {}),
      ...(person ? { person } : {}),
    });
    this.#findings = merge(this.#findings, [finding], (each) => each.at, 100);
    return finding;
  }

  async loadEvents(): Promise<void> {
    const window = this.#focus;
    if (window === undefined || isOfLine()) return;
    this.#eventsFailure = undefined;
    try {
      const lines = await api.windowEvents(window);
      if (this.#focus === window) this.#events = lines;
    } catch (error) {
      if (this.#focus === window) this.#eventsFailure = error;
    }
  }

  #follow(): void {
    if (this.#stops.length > 0) return;
    this.#stops = [
      live.on('event', (lines) => this.#takeEvents(lines)),
      live.on('signal', (signals) =>
        this.#mark(
          signals.map((signal) => ({ window: signal.window, at: signal.issuedAt, kind: signal.level, id: signal.id })),
        ),
      ),
      live.on('duty', (duties) => this.#takeDuties(duties)),
      live.on('visit', (visits) => {
        for (const visit of visits) if (visit.id === this.#visit?.id) this.#takeVisit(visit);
      }),
      live.onProgress((progress) => {
        if (progress.visit === this.#visit?.id) this.#progress = progress;
      }),
      live.onReset(() => {
        void this.#loadDay();
        void this.loadEvents();
        if (this.#hallId !== undefined) void this.#loadTimeline(this.#hallId);
      }),
    ];
  }

  async #loadDay(): Promise<void> {
    try {
      this.#takeDay(await api.duties());
    } catch (error) {
      console.warn('duties', error);
    }
  }

  async #loadTimeline(hall: string): Promise<void> {
    if (isOfLine()) return;
    try {
      const timeline = await api.timeline(hall);
      if (this.#hallId === hall) this.#timeline = timeline;
    } catch (error) {
      // The wall is worth more than its timeline: it stays, the lanes are empty until the next event.
      console.warn('timeline', error);
      const now = serverNow();
      if (this.#hallId === hall) this.#timeline = { from: now - 3_600_000, to: now, lanes: [] };
    }
  }

  #takeDay(day: DutyDay): void {
    this.#day = day;
    if (day.openVisit) this.#takeVisit(day.openVisit);
  }

  #takeDuties(duties: Duty[]): void {
    const day = this.#day;
    if (!day) return;
    const known = new Set(day.duties.map((duty) => duty.id));
    // A duty that was planned just now has names that only the hub knows; a later day has begun.
    if (duties.some((duty) => !known.has(duty.id) && duty.day >= day.day)) void this.#loadDay();
    const byId = new Map(duties.map((duty) => [duty.id, duty]));
    this.#day = {
      ...day,
      duties: day.duties.map((duty) => {
        const change = byId.get(duty.id);
        return change && change.position >= duty.position ? { ...duty, ...change } : duty;
      }),
    };
  }

  #takeVisit(visit: Visit): void {
    if (this.#visit && this.#visit.id === visit.id && this.#visit.position > visit.position) return;
    this.#visit = visit.state === 'open' ? visit : undefined;
    if (!this.#visit) this.#progress = undefined;
    this.watcher.follow(this.#visit?.id);
  }

  #takeEvents(lines: EventLine[]): void {
    if (this.#events) {
      // Only the opening of a case says its matter; what was heard of the case before tells it for the rest.
      const matters = new Map(this.#events.map((line) => [line.casefile, line.matter]));
      const own = lines
        .filter((line) => line.window === this.#focus)
        .map((line) => ({ matter: matters.get(line.casefile), ...line }));
      if (own.length > 0) this.#events = merge(this.#events, own, (line) => line.position, 50);
    }
    this.#mark(
      lines.map((line) => ({ window: line.window, at: line.occurredAt, kind: 'event' as const, id: line.id })),
    );
  }

  #mark(
    marks: {
      window: string | undefined;
      at: number;
      kind: Timeline['lanes'][number]['marks'][number]['kind'];
      id: string;
    }[],
  ): void {
    const timeline = this.#timeline;
    if (!timeline) return;
    const lanes = new Map(timeline.lanes.map((lane) => [lane.window, lane]));
    const own = new Set(this.hall.windows.map((window) => window.id));
    for (const { window, ...mark } of marks) {
      if (window === undefined || !own.has(window)) continue;
      const before = lanes.get(window)?.marks ?? [];
      if (before.some((each) => each.id === mark.id)) continue;
      lanes.set(window, { window, marks: [...before, mark].slice(-laneBound) });
    }
    this.#timeline = { ...timeline, to: Math.max(timeline.to, serverNow()), lanes: [...lanes.values()] };
  }
}
