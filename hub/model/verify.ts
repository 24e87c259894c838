/**
 * How many seconds of a visit were really watched (巡查有效时长). A second counts only when three witnesses agree: the
 * server delivered it to this session, the page proved that it has it and reported it playing, visible and fresh, and the camera
 * showed a live picture. Pure arithmetic on spans of programme time (server clock, epoch milliseconds). No imports at run time.
 */
import type { CameraState, WindowView } from './event.ts';
import type { Progress } from './live.ts';

/** Half open: from ≤ t < to. */
export interface Span {
  from: number;
  to: number;
}

export interface Delivery extends Span {
  session: string;
  camera: string;
}

/** A line of table `view_report`; `at` is the moment the server received it. */
export interface Report extends Span {
  session: string;
  camera: string;
  /** Which page of the session: each has a key of its own. */
  page: string;
  /** The page has the bytes of all of the span. */
  proven: boolean;
  visible: boolean;
  width: number;
  height: number;
  frames: number;
  at: number;
}

/** The camera's state from `at` on. */
export interface CameraTurn {
  camera: string;
  state: CameraState;
  at: number;
}

export interface Watched {
  windows: readonly string[];
  cameras: readonly { id: string; window: string }[];
  startedAt: number;
  asOf: number;
  deliveries: readonly Delivery[];
  reports: readonly Report[];
  cameraStates: readonly CameraTurn[];
  /** Programme time up to which a camera's picture was judged (black, covered, frozen): what is newer does not count yet. */
  judgedUntil?: ReadonlyMap<string, number>;
  policy: Thresholds;
}

/** Of the pack's `patrol` section. */
interface Thresholds {
  secondsPerWindow: number;
  share: number;
  smallestTile?: { width: number; height: number } | undefined;
}

export interface Verified {
  /** One for each window that has a camera, in the order of `windows`. */
  views: WindowView[];
  problems: ReadonlyMap<string, Problem>;
  verified: number;
  needed: number;
  /** Seconds of the visit in which at least one window was being verified: several at once count once. */
  watched: number;
}

type Problem = NonNullable<Progress['views'][number]['problem']>;

/** Why a second of the visit did not count for a window; the last four are the camera's. */
export const lostCauses = [
  ...(['notReported', 'hidden', 'small', 'stalled', 'stale', 'notDelivered'] as const),
  ...(['black', 'covered', 'frozen', 'offline'] as const),
] as const;
export type LostCause = (typeof lostCauses)[number];

/** A tile smaller than this (CSS pixels) shows nobody anything, unless the pack says otherwise. */
const smallestTile = { width: 120, height: 68 };
/** A report speaks of the last seconds only: older programme time is a recording or a frozen page. */
export const freshFor = 15_000;
/** The newest report of a page that still plays is not older. */
const silentAfter = 8_000;
/** What the first report of a page speaks of, at most. */
const firstFor = 2_000;
/** States in which a picture may move on the tile and still show nothing of the counter. */
const blind: ReadonlySet<CameraState> = new Set(['stalled', 'frozen', 'black', 'covered', 'offline', 'disabled']);

export function verifySeconds(input: Watched): Verified {
  const { windows, policy, asOf, startedAt } = input;
  const smallest = policy.smallestTile ?? smallestTile;
  const delivered = group(input.deliveries, bySession);
  for (const [key, spans] of delivered) delivered.set(key, union(spans) as Delivery[]);
  const judge = (report: Report): PageCause | undefined =>
    causeOf(report, smallest, delivered.get(bySession(report)) ?? []);
  const reported = group(input.reports, (each) => each.camera);
  const turns = group(input.cameraStates, (each) => each.camera);
  // Programme time runs a little behind the wall clock, so what plays at the start is a few seconds older.
  const from = startedAt - freshFor;
  const elapsed = Math.max(0, asOf - startedAt);

  const seen = new Map<string, Span[]>();
  for (const [camera, reports] of reported) {
    const to = Math.min(asOf, input.judgedUntil?.get(camera) ?? asOf);
    const blind = blindSpans(turns.get(camera) ?? [], asOf);
    // Tabs and machines of one account: each needs its own delivery, and together they are still one person watching.
    const spans = [...group(reports, bySession)].flatMap(([key, own]) =>
      intersect(delivered.get(key) ?? [], union(own.filter((each) => judge(each) === undefined).map(fresh))),
    );
    seen.set(camera, without(intersect(union(spans), [{ from, to }]), blind));
  }

  const views: WindowView[] = [];
  const problems = new Map<string, Problem>();
  for (const window of windows) {
    const cameras = input.cameras.filter((each) => each.window === window).map((each) => each.id);
    const best = cameras
      .map((id) => ({ id, length: measure(seen.get(id) ?? []) }))
      .sort((a, b) => b.length - a.length)[0];
    if (!best) continue;
    // Two cameras of a window side by side are still one second of watching.
    const seconds = secondsOf(union(cameras.flatMap((id) => seen.get(id) ?? [])), elapsed);
    const verified = seconds >= policy.secondsPerWindow;
    const reports = cameras.flatMap((id) => reported.get(id) ?? []);
    const lost = lostOf(
      { startedAt, asOf },
      reports,
      judge,
      cameras.map((id) => turns.get(id) ?? []),
    );
    views.push({ window, camera: best.id, seconds, verified, ...(Object.keys(lost).length > 0 ? { lost } : {}) });
    if (!verified) {
      const problem = problemOf(
        input.asOf,
        reports,
        judge,
        cameras.map((id) => turns.get(id) ?? []),
      );
      if (problem) problems.set(window, problem);
    }
  }
  return {
    views,
    problems,
    verified: views.filter((each) => each.verified).length,
    needed: neededOf(policy.share, windows),
    watched: secondsOf(union([...seen.values()].flat()), elapsed),
  };
}

/** Of so many windows of a visit, those that must be verified. */
export const neededOf = (share: number, windows: readonly string[]): number =>
  Math.max(1, Math.ceil(share * windows.length));

const secondsOf = (spans: readonly Span[], elapsed: number): number =>
  Math.min(86_400, Math.floor(Math.min(measure(spans), elapsed) / 100) / 10);

/** What a page can do wrong. */
type PageCause = Exclude<LostCause, CameraCause>;
type CameraCause = 'black' | 'covered' | 'frozen' | 'offline';

/** Why nothing of a report counts; undefined when something does. `delivered` is without overlaps. */
function causeOf(
  report: Report,
  smallest: { width: number; height: number },
  delivered: readonly Span[],
): PageCause | undefined {
  if (!report.visible) return 'hidden';
  if (report.width < smallest.width || report.height < smallest.height) return 'small';
  if (report.frames <= 0 || report.to <= report.from) return 'stalled';
  const span = fresh(report);
  if (span.to <= span.from) return 'stale';
  if (!report.proven || intersect(delivered, [span]).length === 0) return 'notDelivered';
  return undefined;
}

/** What keeps the clock of a window from running now; undefined when it runs. */
function problemOf(
  asOf: number,
  reports: readonly Report[],
  judge: (report: Report) => PageCause | undefined,
  turns: readonly (readonly CameraTurn[])[],
): Problem | undefined {
  const states = turns.map((each) => stateAt(each, asOf));
  if (states.every((state) => state !== undefined && blind.has(state))) return 'camera';
  const at = reports.reduce((newest, each) => Math.max(newest, each.at), -Infinity);
  if (at < asOf - silentAfter) return 'notReported';
  // Of several tabs, and of the pieces of one report, the one that counts is what matters.
  let cause: PageCause | undefined;
  for (const each of reports) {
    if (each.at !== at) continue;
    cause = judge(each);
    if (cause === undefined) return undefined;
  }
  return cause;
}

/**
 * Seconds of the visit that did not count, by cause, on the clock of the server: each report speaks of the time since the one
 * before it of the same page. A second that any page had right is not lost; of the rest the camera's fault comes first.
 */
function lostOf(
  { startedAt, asOf }: { startedAt: number; asOf: number },
  reports: readonly Report[],
  judge: (report: Report) => PageCause | undefined,
  turns: readonly (readonly CameraTurn[])[],
): Partial<Record<LostCause, number>> {
  const spoken = new Map<PageCause | 'seen', Span[]>();
  for (const own of group(reports, (each) => `${each.page} ${each.camera}`).values()) {
    let before: number | undefined;
    let from: number | undefined;
    for (const each of [...own].sort((a, b) => a.at - b.at)) {
      // Several lines of one moment are the pieces of one report.
      if (each.at !== before)
        from = before === undefined ? each.at - firstFor : Math.max(before, each.at - silentAfter);
      before = each.at;
      const cause = judge(each) ?? 'seen';
      const spans = spoken.get(cause) ?? [];
      if (spans.length === 0) spoken.set(cause, spans);
      spans.push({ from: from!, to: each.at });
    }
  }
  const dark = turns
    .map((each) => blindSpans(each, asOf))
    .reduce<Span[]>((all, each) => intersect(all, each), [{ from: startedAt, to: asOf }]);
  const lost: Partial<Record<LostCause, number>> = {};
  let rest = without([{ from: startedAt, to: asOf }], without(union(spoken.get('seen') ?? []), dark));
  const take = (cause: LostCause, spans: readonly Span[]): void => {
    const seconds = Math.round(measure(intersect(rest, spans)) / 100) / 10;
    if (seconds > 0) lost[cause] = Math.min(86_400, seconds);
    rest = without(rest, spans);
  };
  for (const cause of ['black', 'covered', 'frozen', 'offline'] as const)
    take(cause, intersect(dark, blindSpans(turns[0] ?? [], asOf, cause)));
  for (const cause of ['hidden', 'small', 'stalled', 'stale', 'notDelivered'] as const)
    take(cause, union(spoken.get(cause) ?? []));
  take('notReported', [{ from: startedAt, to: asOf }]);
  return lost;
}

/** The part of the reported span that was fresh when the server received the report; empty when none was. */
function fresh(report: Report): Span {
  return { from: Math.max(report.from, report.at - freshFor), to: Math.min(report.to, report.at) };
}

/** A camera that stalls, is away or is switched off shows nothing for the same reason to who watches. */
const darkBy = (state: CameraState): CameraCause =>
  state === 'black' || state === 'covered' || state === 'frozen' ? state : 'offline';

function stateAt(turns: readonly CameraTurn[], at: number): CameraState | undefined {
  let found: CameraTurn | undefined;
  for (const each of turns) if (each.at <= at && (!found || each.at >= found.at)) found = each;
  return found?.state;
}

/** When a camera showed nothing; with `only`, for that reason. */
function blindSpans(turns: readonly CameraTurn[], asOf: number, only?: CameraCause): Span[] {
  const ordered = [...turns].sort((a, b) => a.at - b.at);
  return union(
    ordered
      .map((turn, index) => ({ turn, to: ordered[index + 1]?.at ?? Math.max(asOf, turn.at) + 1 }))
      .filter(({ turn }) => blind.has(turn.state) && (only === undefined || darkBy(turn.state) === only))
      .map(({ turn, to }) => ({ from: turn.at, to })),
  );
}

/** Ordered, without overlaps, without empty spans: adding a span twice changes nothing. */
export function union(spans: readonly Span[]): Span[] {
  const result: { from: number; to: number }[] = [];
  for (const { from, to } of spans.filter((each) => each.to > each.from).sort((a, b) => a.from - b.from)) {
    const last = result.at(-1);
    if (last && from <= last.to) last.to = Math.max(last.to, to);
    else result.push({ from, to });
  }
  return result;
}

/** What lies in both; each side is ordered and without overlaps. */
export function intersect(a: readonly Span[], b: readonly Span[]): Span[] {
  const result: Span[] = [];
  let i = 0;
  let j = 0;
  for (;;) {
    const left = a[i];
    const right = b[j];
    if (!left || !right) return result;
    const from = Math.max(left.from, right.from);
    const to = Math.min(left.to, right.to);
    if (to > from) result.push({ from, to });
    if (left.to < right.to) i += 1;
    else j += 1;
  }
}

/** What lies in `a` and not in `b`; each side is ordered and without overlaps. */
export function without(a: readonly Span[], b: readonly Span[]): Span[] {
  const gaps: Span[] = [];
  let from = -Infinity;
  for (const each of b) {
    gaps.push({ from, to: each.from });
    from = each.to;
  }
  return intersect(a, [...gaps, { from, to: Infinity }]);
}

/** Milliseconds; the spans are without overlaps. */
export function measure(spans: readonly Span[]): number {
  return spans.reduce((sum, each) => sum + each.to - each.from, 0);
}

const bySession = (each: { session: string; camera: string }): string => `${each.session} ${each.camera}`;

function group<T>(values: readonly T[], keyOf: (value: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const value of values) {
    const key = keyOf(value);
    const found = groups.get(key);
    if (found) found.push(value);
    else groups.set(key, [value]);
  }
  return groups;
}
