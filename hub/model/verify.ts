/**
 * How many seconds of a visit were really watched (巡查有效时长). A second counts only when three witnesses agree: the
 * server delivered it to this session, the page reported it playing, visible and fresh, and the camera showed a live
 * picture. Pure arithmetic on spans of programme time (server clock, epoch milliseconds). No imports at run time.
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
  policy: { secondsPerWindow: number; share: number };
}

export interface Verified {
  /** One for each window that has a camera, in the order of `windows`. */
  views: WindowView[];
  problems: ReadonlyMap<string, Problem>;
  verified: number;
  needed: number;
}

type Problem = NonNullable<Progress['views'][number]['problem']>;

/** A tile smaller than this (CSS pixels) shows nobody anything. */
export const smallestTile = { width: 120, height: 68 };
/** A report speaks of the last seconds only: older programme time is a recording or a frozen page. */
export const freshFor = 15_000;
/** The newest report of a page that still plays is not older. */
const silentAfter = 8_000;
/** States in which a picture may move on the tile and still show nothing of the counter. */
const blind: ReadonlySet<CameraState> = new Set(['stalled', 'frozen', 'black', 'covered', 'offline', 'disabled']);

export function verifySeconds(input: Watched): Verified {
  const { windows, policy, asOf, startedAt } = input;
  const delivered = group(input.deliveries, bySession);
  const reported = group(input.reports, bySession);
  const turns = group(input.cameraStates, (each) => each.camera);
  // Programme time runs a little behind the wall clock, so what plays at the start is a few seconds older.
  const from = startedAt - freshFor;
  const elapsed = Math.max(0, asOf - startedAt);

  const seen = new Map<string, Span[]>();
  for (const [key, reports] of reported) {
    const camera = reports[0]?.camera ?? '';
    const played = union(reports.filter(isSeen).map(fresh));
    const both = intersect(union(delivered.get(key) ?? []), played);
    const to = Math.min(asOf, input.judgedUntil?.get(camera) ?? asOf);
    const live = without(intersect(both, [{ from, to }]), blindSpans(turns.get(camera) ?? [], asOf));
    seen.set(camera, union([...(seen.get(camera) ?? []), ...live]));
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
    const length = Math.min(measure(union(cameras.flatMap((id) => seen.get(id) ?? []))), elapsed);
    const seconds = Math.min(86_400, Math.floor(length / 100) / 10);
    const verified = seconds >= policy.secondsPerWindow;
    views.push({ window, camera: best.id, seconds, verified });
    if (!verified) {
      const problem = problemOf(input, cameras, turns, delivered);
      if (problem) problems.set(window, problem);
    }
  }
  return {
    views,
    problems,
    verified: views.filter((each) => each.verified).length,
    needed: Math.max(1, Math.ceil(policy.share * windows.length)),
  };
}

/** What keeps the clock of a window from running now; undefined when it runs. */
function problemOf(
  input: Watched,
  cameras: readonly string[],
  turns: ReadonlyMap<string, CameraTurn[]>,
  delivered: ReadonlyMap<string, Delivery[]>,
): Problem | undefined {
  const states = cameras.map((id) => stateAt(turns.get(id) ?? [], input.asOf));
  if (states.every((state) => state !== undefined && blind.has(state))) return 'camera';
  let last: Report | undefined;
  for (const each of input.reports) if (cameras.includes(each.camera) && (!last || each.at >= last.at)) last = each;
  if (!last || last.at < input.asOf - silentAfter) return 'notReported';
  if (!isShown(last)) return 'hidden';
  if (last.frames <= 0) return 'notReported';
  const span = fresh(last);
  if (span.to <= span.from) return 'stale';
  if (intersect(union(delivered.get(bySession(last)) ?? []), [span]).length === 0) return 'notDelivered';
  return undefined;
}

function isSeen(report: Report): boolean {
  return report.frames > 0 && isShown(report);
}

function isShown(report: Report): boolean {
  return report.visible && report.width >= smallestTile.width && report.height >= smallestTile.height;
}

/** The part of the reported span that was fresh when the server received the report; empty when none was. */
function fresh(report: Report): Span {
  return { from: Math.max(report.from, report.at - freshFor), to: Math.min(report.to, report.at) };
}

function stateAt(turns: readonly CameraTurn[], at: number): CameraState | undefined {
  let found: CameraTurn | undefined;
  for (const each of turns) if (each.at <= at && (!found || each.at >= found.at)) found = each;
  return found?.state;
}

function blindSpans(turns: readonly CameraTurn[], asOf: number): Span[] {
  const ordered = [...turns].sort((a, b) => a.at - b.at);
  return union(
    ordered
      .map((turn, index) => ({ turn, to: ordered[index + 1]?.at ?? Math.max(asOf, turn.at) + 1 }))
      .filter(({ turn }) => blind.has(turn.state))
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
