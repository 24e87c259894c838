/** Times that no honest work leaves behind: too quick, too late, at a closed window, all at once (P2, P8, QT-16, KF-04, KF-06). */
import { dayOf, isWorkingDay, startOf } from '../calendar.ts';
import { stoppedAt } from '../clock.ts';
import type { PackSettings } from '../settings.ts';
import type { Casefile, Facts } from '../state.ts';
import type { Scene } from './steps.ts';

const minute = 60_000;

/** Sources that know no time of day send midnight: two such times say nothing about how long it took. */
const hasTime = (at: number): boolean => at !== startOf(dayOf(at));

export function entryLag(limit: number, { event }: Scene): Facts | undefined {
  const enteredAt = event.enteredAt ?? event.receivedAt;
  const lag = Math.floor((enteredAt - event.occurredAt) / minute);
  return lag > limit ? { lag, limit, enteredAt, occurredAt: event.occurredAt } : undefined;
}

/** Only what the source says itself: how long it was on its way says nothing of when it was typed in. */
export function backfilled(limit: number, { event }: Pick<Scene, 'event'>): Facts | undefined {
  const { enteredAt, occurredAt } = event;
  if (enteredAt === undefined) return undefined;
  const lag = Math.floor((enteredAt - occurredAt) / minute);
  return lag > limit ? { lag, limit, enteredAt, occurredAt } : undefined;
}

/** C-16: where the region does not allow that a step is filled in afterwards. */
export function refusedAsLate(
  event: Scene['event'],
  settings: PackSettings | undefined,
): { field: 'enteredAt'; reason: string } | undefined {
  const change = settings?.dataChange;
  const late = change?.backfill === 'refused' ? backfilled(change.afterMinutes, { event }) : undefined;
  if (!late) return undefined;
  return {
    field: 'enteredAt',
    reason: `entered ${late['lag']} minutes after it happened: this region refuses what is filled in later than ${late['limit']} minutes (${change!.article})`,
  };
}

export function zeroDuration(seconds: number, { casefile }: Scene): Facts | undefined {
  const stopped = stoppedAt(casefile);
  if (stopped === undefined || casefile.acceptedAt === undefined || !hasTime(casefile.acceptedAt) || !hasTime(stopped))
    return undefined;
  // A withdrawal is the applicant's, who may be as quick as they like.
  if (casefile.status === 'withdrawn') return undefined;
  const took = Math.round((stopped - casefile.acceptedAt) / 1000);
  return took <= seconds ? { took: Math.max(0, took), limit: seconds } : undefined;
}

export function offHours(grace: number, { event, hall, calendar }: Scene): Facts | undefined {
  if (!hall || event.window === undefined || !hasTime(event.occurredAt)) return undefined;
  const day = dayOf(event.occurredAt);
  const at = Math.floor((event.occurredAt - startOf(day)) / minute);
  const isOpen = at >= hall.opens - grace && at < hall.closes + grace;
  if (isOpen && isWorkingDay(calendar, day)) return undefined;
  return {
    time: `${day} ${clock(at)}`,
    opens: clock(hall.opens),
    closes: clock(hall.closes),
    workingDay: isWorkingDay(calendar, day) ? 1 : 0,
  };
}

const clock = (minutes: number): string =>
  `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;

interface Act {
  at: number;
  by?: string | undefined;
}

/** Every step that a casefile keeps, with who took it where that is known. */
function actsOf(casefile: Casefile): Act[] {
  const { receivedAt, receivedBy, acceptedAt, acceptedBy, decidedAt, decidedBy, completedAt, completedBy } = casefile;
  const milestones: [number | undefined, string | undefined][] = [
    [receivedAt, receivedBy],
    [acceptedAt, acceptedBy],
    [decidedAt, decidedBy],
    [completedAt, completedBy],
  ];
  return [
    ...milestones.flatMap(([at, by]) => (at === undefined ? [] : [{ at, by }])),
    ...(casefile.steps ?? []).map(({ at, handler }) => ({ at, by: handler })),
  ];
}

/** A step without a name may have been anybody's, so it says nothing against them. */
export function oneAccount(steps: number, { casefile }: Scene): Facts | undefined {
  if (casefile.completedAt === undefined) return undefined;
  const acts = actsOf(casefile);
  const handler = acts[0]?.by;
  if (handler === undefined || acts.length < steps || acts.some(({ by }) => by !== handler)) return undefined;
  return { handler, steps: acts.length, limit: steps };
}

export function sameSecond(steps: number, { casefile }: Scene): Facts | undefined {
  if (casefile.completedAt === undefined) return undefined;
  const counts = new Map<number, number>();
  for (const { at } of actsOf(casefile)) {
    if (!hasTime(at)) continue;
    const second = Math.floor(at / 1000);
    counts.set(second, (counts.get(second) ?? 0) + 1);
  }
  let most: [number, number] = [0, 0];
  for (const each of counts) if (each[1] > most[1]) most = each;
  if (most[1] < steps) return undefined;
  const at = most[0] * 1000;
  const seconds = Math.floor((at - startOf(dayOf(at))) / 1000);
  const time = `${dayOf(at)} ${clock(Math.floor(seconds / 60))}:${String(seconds % 60).padStart(2, '0')}`;
  return { steps: most[1], limit: steps, time };
}
