/** The life of a duty (SC-11…SC-15, 1.X.6): planned, looked at before and after its time, and what a visit makes of it. */
import { endOf, startOf } from './calendar.ts';
import { nothing, refuse, type Consequences, type Put, type State } from './decide.ts';
import { isOpen, timeToCorrect } from './decideSignal.ts';
import type { BlindCause, Duty, DutyReason } from './duty.ts';
import type { EventOf, Recorded, WindowView } from './event.ts';
import { issuedEntry } from './issue.ts';
import { notAsNeeded } from './line.ts';
import type { PackPatrol } from './quotaShape.ts';
import type { LedgerDraft, Signal } from './state.ts';
import { neededOf } from './verify.ts';
import { calendarIn, packOf, type World } from './world.ts';

/** Who visits one hall at once, as far as it is kept. */
const mostOpen = 50;

/** Who is late for work is seen when the hall opens: a visit may begin so long before. */
const early = 10 * 60_000;

/** Only of these time makes something: they are looked at before and after it, and can be missed. */
const isOwed = ({ of }: { of?: DutyReason | undefined }): boolean => of !== undefined && of !== 'asNeeded';

export function decideDuty(event: Recorded<EventOf<'patrol.planned'>>, state: State, world: World): Consequences {
  if (state.duty(event.duty)) return nothing;
  const { region, organ, hall, day, required, dueAt, article, of, draw, opensAt, riskAt, suggestedAt, position } =
    event;
  if (draw !== undefined) {
    const lots = state.draw(draw)?.lots ?? [];
    if (!lots.some(({ chosen }) => chosen.includes(hall))) return refuse('hall', 'the hall was not drawn on that day');
  }
  if (of === 'asNeeded' && packOf(world, region, day)?.patrol.departments !== 'asNeeded')
    return refuse('organ', notAsNeeded);
  const nextTurn = isOwed({ of }) ? (riskAt ?? dueAt) : undefined;
  const row: Duty = {
    id: event.duty,
    region,
    organ,
    hall,
    day,
    required,
    done: 0,
    state: 'planned',
    dueAt,
    article,
    ...(of === undefined ? {} : { of }),
    ...(draw === undefined ? {} : { draw }),
    ...(suggestedAt === undefined ? {} : { suggestedAt }),
    ...(opensAt === undefined ? {} : { opensAt }),
    ...(riskAt === undefined ? {} : { riskAt }),
    ...(nextTurn === undefined ? {} : { nextTurn }),
    position,
  };
  return {
    puts: [{ table: 'duty', row }],
    ledger: [entry(row, event.receivedAt, 'duty.planned', { day, required, article })],
  };
}

/**
 * A visit begins; or why it cannot. What is visited when the time is over is no visit of that day, however soon the ticker says so;
 * and who has one under way gets no second one beside it for the same seconds.
 */
export function dutyBegun(
  duty: Duty,
  {
    account,
    receivedAt,
    position,
  }: Pick<Recorded<EventOf<'patrol.visitStarted'>>, 'account' | 'receivedAt' | 'position'>,
): Duty | string {
  const { open = [] } = duty;
  if (duty.opensAt !== undefined && receivedAt < duty.opensAt - early) return 'the hall is not open yet';
  const isOver = isOwed(duty) && receivedAt >= duty.dueAt && duty.state !== 'done';
  if (duty.state === 'missed' || isOver) return 'the time for this duty is over';
  if (open.includes(account)) return 'your visit of this duty is still open: finish it first';
  // A visit that is left open must not keep its duty from ending.
  const nextTurn = isOwed(duty) ? (duty.nextTurn ?? endOf(duty.day) + 1) : undefined;
  const state = duty.state === 'done' ? 'done' : 'inProgress';
  return {
    ...duty,
    state,
    ...(state === 'inProgress' && nextTurn !== undefined ? { nextTurn } : {}),
    open: [...open, account].slice(-mostOpen),
    position,
  };
}

/** A visit is over: it counted, or its cameras gave nothing to inspect, or neither. */
export function dutyVisited(
  event: Recorded<EventOf<'patrol.visitFinished'>>,
  duty: Duty,
  found: { counts: boolean; blind: BlindCause | undefined },
  state: State,
): Consequences {
  const { signal: signalId, nextTurn, open: before = [], ...closed } = duty;
  const open = before.filter((account) => account !== event.account);
  const rest = open.length > 0 ? { ...closed, open } : closed;
  // Its day is over: what came to an end afterwards makes nothing good.
  if (duty.state === 'missed') {
    const signal = signalId === undefined ? {} : { signal: signalId };
    return { puts: [{ table: 'duty', row: { ...rest, ...signal, position: event.position } }], ledger: [] };
  }
  const done = duty.done + (found.counts ? 1 : 0);
  const isBlind = !found.counts && found.blind !== undefined;
  const row: Duty = {
    ...rest,
    done,
    ...(isBlind ? { blind: (duty.blind ?? 0) + 1, cause: found.blind! } : {}),
    position: event.position,
  };
  row.state = ended(row) ?? (open.length > 0 ? 'inProgress' : 'planned');
  const puts: Put[] = [{ table: 'duty', row }];
  const ledger: LedgerDraft[] = [];
  if (row.state === 'planned' || row.state === 'inProgress') {
    // Still owed when its time was over: the ticker says so at once, unless another visit began in time.
    const over = row.state === 'planned' ? duty.dueAt : endOf(duty.day) + 1;
    const turn = isOwed(duty) && event.receivedAt >= duty.dueAt ? over : nextTurn;
    if (turn !== undefined) row.nextTurn = turn;
    if (signalId !== undefined) row.signal = signalId;
    return { puts, ledger };
  }
  if (row.state === 'couldNotInspect' && duty.state !== 'couldNotInspect')
    ledger.push(
      entry(row, event.receivedAt, 'duty.couldNotInspect', {
        day: row.day,
        required: row.required,
        done,
        cause: row.cause ?? '',
        visit: event.visit,
      }),
    );
  const signal = signalId === undefined ? undefined : state.signal(signalId);
  if (signal && isOpen(signal))
    puts.push({
      table: 'signal',
      row: { ...without(signal), state: 'closed', closedAt: event.receivedAt, position: event.position },
    });
  return { puts, ledger };
}

/** Every visit that is owed was made, or found nothing that it could inspect. */
function ended({ done, blind = 0, required }: Duty): 'done' | 'couldNotInspect' | undefined {
  if (done >= required) return 'done';
  return done + blind >= required ? 'couldNotInspect' : undefined;
}

/** `riskAt` or `dueAt` has passed. A turn that was overtaken by a visit says nothing. */
export function turnDuty(event: Recorded<EventOf<'patrol.turned'>>, state: State, world: World): Consequences {
  const duty = state.duty(event.duty);
  if (duty?.nextTurn === undefined || duty.nextTurn > event.occurredAt) return nothing;
  const { nextTurn: _, ...rest } = duty;
  const row: Duty = { ...rest, position: event.position };
  const alert = packOf(world, duty.region, duty.day)?.patrol.alert;
  // Of a hub that was away for so long that the time is over, nobody needs to hear that it will be.
  if (event.receivedAt < duty.dueAt) {
    row.nextTurn = duty.dueAt;
    if (!alert || ended(row)) return { puts: [{ table: 'duty', row }], ledger: [] };
    const signal = signalFor(event, row, 'atRisk', alert.atRisk, world);
    row.signal = signal.id;
    return issued(row, signal, event);
  }
  // A visit is under way: what it comes to decides.
  if (duty.state === 'inProgress' && event.receivedAt <= endOf(duty.day)) {
    row.nextTurn = endOf(duty.day) + 1;
    return { puts: [{ table: 'duty', row }], ledger: [] };
  }
  const over = ended(row);
  if (over) return { puts: [{ table: 'duty', row: { ...row, state: over } }], ledger: [] };
  row.state = 'missed';
  const { day, required, done } = row;
  const missed = entry(row, event.receivedAt, 'duty.missed', { day, required, done });
  if (!alert) return { puts: [{ table: 'duty', row }], ledger: [missed] };
  const signal = signalFor(event, row, 'missed', alert.missed, world);
  const before = duty.signal === undefined ? undefined : state.signal(duty.signal);
  row.signal = signal.id;
  const made = issued(row, signal, event);
  made.ledger.unshift(missed);
  if (before && isOpen(before)) {
    signal.parent = before.id;
    const { id: child } = signal;
    made.puts.push({
      table: 'signal',
      row: { ...without(before), state: 'escalated', child, closedAt: event.receivedAt, position: event.position },
    });
    made.ledger.push({
      ...entry(row, event.receivedAt, 'signal.escalated', { level: before.level, toLevel: signal.level, child }),
      subject: before.id,
    });
  }
  return made;
}

const issued = (row: Duty, signal: Signal, event: Recorded): Consequences => ({
  puts: [
    { table: 'duty', row },
    { table: 'signal', row: signal },
  ],
  ledger: [issuedEntry(signal, event.receivedAt, { day: row.day, duty: row.id })],
});

const without = ({ nextTurn: _, ...signal }: Signal): Signal => signal;

const words = {
  atRisk: { zh: '巡查任务可能未完成', en: 'A patrol duty is at risk' },
  missed: { zh: '巡查任务未完成', en: 'A patrol duty was missed' },
};

/**
 * It is about the organ and not about the hall: no hall stands in it, so that none is told before it is visited. Its message names
 * the hall, for the organ's own region alone.
 */
function signalFor(
  event: Recorded,
  duty: Duty,
  what: keyof typeof words,
  level: Signal['level'],
  world: World,
): Signal {
  const pack = packOf(world, duty.region, duty.day)!;
  const hall = world.halls.get(duty.hall);
  const zh = hall?.name ?? duty.hall;
  const minutes = Math.floor((duty.dueAt - startOf(duty.day)) / 60_000);
  const due = [Math.floor(minutes / 60), minutes % 60].map((each) => String(each).padStart(2, '0')).join(':');
  const { day, done, required } = duty;
  return {
    id: `s${event.position}-1`,
    region: duty.region,
    level,
    state: 'issued',
    rule: what === 'atRisk' ? 'patrolAtRisk' : 'patrolMissed',
    pack: pack.id,
    packVersion: pack.version,
    article: duty.article,
    titleZh: words[what].zh,
    titleEn: words[what].en,
    messageZh: `${zh}：${day} 应巡 ${required} 次，已巡 ${done} 次，${due} 截止`,
    messageEn: `${hall?.nameEn ?? zh}: ${done} of ${required} visits done on ${day}, due by ${due}`,
    duty: duty.id,
    day,
    ...(pack.trial ? { trial: true as const } : {}),
    at: event.occurredAt,
    issuedAt: event.receivedAt,
    ...timeToCorrect(pack, calendarIn(world, duty.region), level, event.receivedAt),
    position: event.position,
  };
}

const entry = (duty: Duty, at: number, act: LedgerDraft['act'], facts: LedgerDraft['facts']): LedgerDraft => ({
  region: duty.region,
  at,
  act,
  subject: duty.id,
  hall: duty.hall,
  facts,
});

const causes = ['offline', 'black', 'covered', 'frozen'] as const satisfies readonly BlindCause[];

/**
 * Whether a visit that did not count could not have: so many of its windows had no picture for so long that the rest would not have
 * been enough. By the proof of the visit (`views[].lost`, seconds by cause), never by anybody's word; and only of windows that
 * showed nothing for as long as one asks for.
 */
export function blindCauseOf(
  views: readonly WindowView[],
  windows: readonly string[],
  seconds: number,
  { share, secondsPerWindow }: Pick<PackPatrol, 'share' | 'secondsPerWindow'>,
): BlindCause | undefined {
  const total = new Map<BlindCause, number>();
  let blind = 0;
  for (const { lost = {} } of views) {
    const dark = causes.reduce((sum, cause) => sum + (lost[cause] ?? 0), 0);
    // A blink of a camera in a visit as short as can be proves nothing.
    if (dark < secondsPerWindow || seconds - dark >= secondsPerWindow) continue;
    blind += 1;
    for (const cause of causes) total.set(cause, (total.get(cause) ?? 0) + (lost[cause] ?? 0));
  }
  if (windows.length - blind >= neededOf(share, windows)) return undefined;
  return causes.reduce((worst, each) => ((total.get(each) ?? 0) > (total.get(worst) ?? 0) ? each : worst));
}
