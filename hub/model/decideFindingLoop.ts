/** What becomes of a finding: respond → rectify → verify, appeal, deadlines, look-back. */
import { addDays, dayOf } from './calendar.ts';
import { deadlineOf } from './clock.ts';
import { nothing, refuse, type Consequences, type Put, type State } from './decide.ts';
import { isOpen } from './decideSignal.ts';
import type { EventOf, Recorded } from './event.ts';
import {
  photosPerFinding,
  stateOf,
  type Answer,
  type Finding,
  type FindingDeed,
  type FindingState,
} from './finding.ts';
import { addresseeOf } from './issue.ts';
import type { OfficeHours } from './limits.ts';
import type { Level, RulePack } from './pack.ts';
import type { Deed, LedgerDraft, Signal } from './state.ts';
import { calendarIn, packOf, packVersionOf, type World } from './world.ts';

type LoopEvent = Extract<Recorded, { kind: `finding.${string}` }>;
type HumanEvent = Exclude<LoopEvent, { kind: 'finding.turned' }>;

/** From which states each act is allowed. */
const allowed: Record<HumanEvent['kind'], readonly FindingState[]> = {
  'finding.responded': ['recorded'],
  'finding.rectified': ['recorded', 'responded'],
  'finding.appealed': ['recorded', 'responded'],
  'finding.appealDecided': ['appealed'],
  'finding.verified': ['rectified'],
  'finding.lookedBack': ['verified'],
};

const words: Record<HumanEvent['kind'], string> = {
  'finding.responded': 'only one that was not answered yet can be responded to',
  'finding.rectified': 'only one that is still to be put right can be reported as put right',
  'finding.appealed': 'only one that the hall has still to put right can be appealed',
  'finding.appealDecided': 'there is no appeal to decide',
  'finding.verified': 'nothing was reported as put right',
  'finding.lookedBack': 'only one that was verified is looked back at',
};

/** Minutes that a limit is counted in are hours of the clock. */
const perHour = 60;
const perDay = 1440;

/** The hall's hours, less the gaps (a lunch break) of the hours that the pack sets. */
export function hoursOf(pack: RulePack, world: World, hall: string): OfficeHours {
  const own = world.halls.get(hall);
  const set = pack.clock.officeHours;
  if (!own) return set ?? [{ opens: 0, closes: perDay }];
  const both = (set ?? []).flatMap((each) => {
    const opens = Math.max(each.opens, own.opens);
    const closes = Math.min(each.closes, own.closes);
    return closes > opens ? [{ opens, closes }] : [];
  });
  return both.length > 0 ? both : [{ opens: own.opens, closes: own.closes }];
}

/**
 * The deadlines of the pack's loop (1 小时响应, 24 小时整改). With `workingHoursOnly` the response is counted in the hall's hours, and
 * the rectification in whole working days to the minute: 24 hours from Friday 16:50 end on Monday 16:50.
 */
export function timesOf(
  pack: RulePack,
  world: World,
  { region, hall }: Pick<Finding, 'region' | 'hall'>,
  from: number,
): Pick<Finding, 'respondBy' | 'rectifyBy' | 'nextTurn'> {
  const loop = pack.settings?.rectification;
  if (!loop) return {};
  const calendar = calendarIn(world, region);
  const limit = { acceptedAt: from, extensionDays: 0, suspensions: [] };
  const begins = 'sameMoment' as const;
  const plain = { unit: 'calendar' as const, begins };
  const only = loop.workingHoursOnly;
  const respond = deadlineOf(
    only ? { unit: 'workingHours', begins, officeHours: hoursOf(pack, world, hall) } : plain,
    calendar,
    { ...limit, days: loop.respondWithin / (only ? perHour : perDay) },
  );
  const rectify = deadlineOf(only ? { unit: 'working', begins } : plain, calendar, {
    ...limit,
    days: loop.rectifyWithin / perDay,
  });
  if (!respond || !rectify) return {};
  const respondBy = Math.round(respond.dueAt);
  // Nobody has to put right before they have to answer.
  const rectifyBy = Math.max(respondBy, Math.round(rectify.dueAt));
  return { respondBy, rectifyBy, nextTurn: respondBy + 1 };
}

const packOfFinding = (finding: Finding, world: World): RulePack | undefined =>
  finding.pack === undefined
    ? packOf(world, finding.region, dayOf(finding.at))
    : packVersionOf(world, finding.pack, finding.packVersion ?? 0);

export function decideFindingLoop(event: LoopEvent, state: State, world: World): Consequences {
  const before = state.finding(event.finding);
  if (!before) return refuse('finding', 'no such finding');
  if (event.kind === 'finding.turned') return turn(event, before, world);
  if (before.region !== event.region || before.hall !== event.hall)
    return refuse('hall', 'the finding is of another hall');
  const now = stateOf(before);
  if (!allowed[event.kind].includes(now)) return refuse('finding', `the finding is ${now}: ${words[event.kind]}`);
  const finding: Finding = { ...before, position: event.position };
  const done = change(event, finding, world);
  if ('field' in done) return refuse(done.field, done.reason);
  setTurn(finding);
  const ended = done.end ? endSignals(event, finding, state, done.end) : nothing;
  return {
    puts: [{ table: 'finding', row: finding }, ...ended.puts],
    ledger: [entry(event, done.act, finding, event.account, done.facts), ...ended.ledger],
  };
}

type Done =
  { act: FindingDeed; facts: LedgerDraft['facts']; end?: 'verified' | 'revoked' } | { field: string; reason: string };

const own = (reason: string): Done => ({ field: 'account', reason });

/** Changes the copy in place and says what goes to the ledger, or why not. */
function change(event: HumanEvent, finding: Finding, world: World): Done {
  const deed: Deed = { account: event.account, name: event.name, at: event.receivedAt };
  switch (event.kind) {
    case 'finding.responded':
    case 'finding.rectified':
    case 'finding.appealed':
      return answer(event, finding, deed);
    case 'finding.verified':
      return verify(event, finding, world, deed);
    case 'finding.appealDecided':
      return decideAppeal(event, finding, world, deed);
    case 'finding.lookedBack': {
      const { lookBack } = finding;
      if (!lookBack) return { field: 'finding', reason: 'no look-back is due for this finding' };
      if (lookBack.done) return { field: 'finding', reason: 'it was looked back at already' };
      if (dayOf(event.receivedAt).slice(0, 7) < lookBack.month)
        return { field: 'finding', reason: `the look-back is due in ${lookBack.month}` };
      const { outcome, note, again } = event;
      if (again === finding.id) return { field: 'again', reason: 'expected the finding that was recorded this time' };
      const more = { ...(note === undefined ? {} : { note }), ...(again === undefined ? {} : { again }) };
      finding.lookBack = { ...lookBack, done: { ...deed, outcome, ...more } };
      return { act: 'lookedBack', facts: { month: lookBack.month, outcome, ...more } };
    }
  }
}

function answer(
  event: Recorded<EventOf<'finding.responded' | 'finding.rectified' | 'finding.appealed'>>,
  finding: Finding,
  deed: Deed,
): Done {
  const { text, photos } = event;
  const all = [...new Set([...(finding.photos ?? []), ...photos])];
  if (all.length > photosPerFinding)
    return { field: 'photos', reason: `expected at most ${photosPerFinding} photos of one finding` };
  if (all.length > 0) finding.photos = all;
  const said: Answer = { ...deed, text, photos };
  const facts = { note: text, ...(photos.length === 0 ? {} : { photos: photos.join(' ') }) };
  if (event.kind === 'finding.responded') {
    finding.response = said;
    finding.state = 'responded';
    return { act: 'responded', facts };
  }
  if (event.kind === 'finding.rectified') {
    // Who puts it right at once has answered with it.
    finding.response ??= said;
    finding.rectification = said;
    finding.state = 'rectified';
    return { act: 'rectified', facts };
  }
  if (finding.appeal) return { field: 'finding', reason: 'the finding was appealed already: its appeal is decided' };
  finding.appeal = { ...said, from: stateOf(finding) };
  finding.state = 'appealed';
  return { act: 'appealed', facts };
}

function verify(event: Recorded<EventOf<'finding.verified'>>, finding: Finding, world: World, deed: Deed): Done {
  const rectification = finding.rectification!;
  const { outcome, note } = event;
  if (rectification.account === event.account) return own('nobody verifies a rectification of their own (SC-29)');
  if (outcome === 'sentBack' && note === undefined) return { field: 'note', reason: 'expected what is still wrong' };
  const more = note === undefined ? {} : { note };
  finding.rectification = { ...rectification, answer: { ...deed, outcome, ...more } };
  if (outcome === 'sentBack') {
    finding.state = 'responded';
    giveTime(finding, world, deed.at, 'rectification');
    return { act: 'sentBack', facts: { note: note ?? '' } };
  }
  finding.state = 'verified';
  finding.closedAt = deed.at;
  if (packOfFinding(finding, world)?.settings?.rectification?.lookBack === 'month')
    finding.lookBack = { month: addDays(`${dayOf(deed.at).slice(0, 7)}-01`, 31).slice(0, 7) };
  return {
    act: 'verified',
    facts: { note: note ?? '', ...(finding.lookBack ? { lookBack: finding.lookBack.month } : {}) },
    end: 'verified',
  };
}

function decideAppeal(
  event: Recorded<EventOf<'finding.appealDecided'>>,
  finding: Finding,
  world: World,
  deed: Deed,
): Done {
  const appeal = finding.appeal!;
  const { outcome, reason } = event;
  if (appeal.account === event.account) return own('nobody decides their own appeal (SC-29)');
  if (finding.account === event.account)
    return own('who recorded a finding cannot decide the appeal against it (SC-29)');
  finding.appeal = { ...appeal, answer: { ...deed, outcome, reason } };
  if (outcome === 'accepted') {
    finding.state = 'withdrawn';
    finding.closedAt = deed.at;
    return { act: 'withdrawn', facts: { reason }, end: 'revoked' };
  }
  finding.state = appeal.from;
  // The time that the appeal took was not the hall's: it is given again.
  giveTime(finding, world, deed.at, appeal.from === 'recorded' ? 'both' : 'rectification');
  return { act: 'appealRejected', facts: { reason } };
}

function giveTime(finding: Finding, world: World, from: number, what: 'both' | 'rectification'): void {
  const pack = packOfFinding(finding, world);
  const { respondBy, rectifyBy } = pack ? timesOf(pack, world, finding, from) : {};
  const answered = finding.late?.response;
  delete finding.late;
  if (what === 'rectification' && answered !== undefined) finding.late = { response: answered };
  if (rectifyBy !== undefined) finding.rectifyBy = rectifyBy;
  if (respondBy !== undefined && what === 'both') finding.respondBy = respondBy;
}

/** The next deadline that nobody has been told of. */
function setTurn(finding: Finding): void {
  const state = stateOf(finding);
  const { respondBy, rectifyBy, late } = finding;
  delete finding.nextTurn;
  if (state !== 'recorded' && state !== 'responded') return;
  if (state === 'recorded' && respondBy !== undefined && late?.response === undefined) finding.nextTurn = respondBy + 1;
  else if (rectifyBy !== undefined && late?.rectification === undefined) finding.nextTurn = rectifyBy + 1;
}

/** A deadline is over: the ledger says so, and a signal is raised where the pack gives it a level. */
function turn(event: Recorded<EventOf<'finding.turned'>>, before: Finding, world: World): Consequences {
  // A turn that an act has overtaken is no mistake.
  if (before.nextTurn === undefined || before.nextTurn > event.occurredAt) return nothing;
  const finding: Finding = { ...before, position: event.position };
  const what = before.nextTurn - 1 === before.respondBy && !before.late?.response ? 'response' : 'rectification';
  const due = before.nextTurn - 1;
  finding.late = { ...before.late, [what]: due };
  setTurn(finding);
  const pack = packOfFinding(before, world);
  const level = pack?.settings?.rectification?.late;
  const facts = { what, due, window: finding.window, code: finding.code };
  const ledger = [entry(event, 'late', finding, undefined, facts)];
  if (!pack || level === undefined) return { puts: [{ table: 'finding', row: finding }], ledger };
  const { title } = pack.findings.find((each) => each.code === finding.code) ?? { title: { zh: '', en: '' } };
  const zh = what === 'response' ? '逾期未响应' : '逾期未整改';
  const en = what === 'response' ? 'not answered in time' : 'not put right in time';
  const raised = raiseFrom(event, finding, pack, world, {
    rule: what === 'response' ? 'findingUnanswered' : 'findingUncorrected',
    level,
    title: { zh: `问题${zh}`, en: `Finding ${en}` },
    zh: (number) => `${number}号窗口的问题“${title.zh}”${zh}`,
    en: (number) => `Window ${number}: “${title.en}” was ${en}`,
    at: event.occurredAt,
  });
  // The oldest stay in the ledger; a finding that is sent back again and again does not grow.
  finding.signals = [...(finding.signals ?? []), raised.signal.id].slice(-mostSignals);
  return {
    puts: [
      { table: 'finding', row: finding },
      { table: 'signal', row: raised.signal },
    ],
    ledger: [...ledger, raised.entry],
  };
}

const mostSignals = 20;

interface Raise {
  rule: string;
  level: Level;
  title: { zh: string; en: string };
  zh: (number: string) => string;
  en: (number: string) => string;
  at: number;
}

/** A signal without a time to correct of its own: the deadlines are those of its finding, and it ends with it. */
export function raiseFrom(
  event: Recorded,
  finding: Finding,
  pack: RulePack,
  world: World,
  { rule, level, title, zh, en, at }: Raise,
): { signal: Signal; entry: LedgerDraft } {
  const window = world.windows.get(finding.window);
  const number = window?.number ?? finding.window;
  const addressee = addresseeOf(pack, window?.department, finding.person?.staff);
  const article = pack.settings?.rectification?.article ?? pack.patrol.article;
  const signal: Signal = {
    id: `s${event.position}-1`,
    region: finding.region,
    level,
    state: 'issued',
    rule,
    pack: pack.id,
    packVersion: pack.version,
    article,
    titleZh: title.zh,
    titleEn: title.en,
    messageZh: zh(number),
    messageEn: en(number),
    ...(window?.department === undefined ? {} : { department: window.department }),
    hall: finding.hall,
    window: finding.window,
    finding: finding.id,
    ...(finding.person?.staff === undefined ? {} : { handler: finding.person.staff }),
    ...(addressee === undefined ? {} : { addressee }),
    ...(pack.trial ? { trial: true as const } : {}),
    at,
    issuedAt: event.receivedAt,
    position: event.position,
  };
  const facts = { level, rule, article, window: finding.window, finding: finding.id };
  return {
    signal,
    entry: {
      region: finding.region,
      at: event.receivedAt,
      act: 'signal.issued',
      subject: signal.id,
      hall: finding.hall,
      facts,
    },
  };
}

function endSignals(event: HumanEvent, finding: Finding, state: State, how: 'verified' | 'revoked'): Consequences {
  const deed: Deed = { account: event.account, name: event.name, at: event.receivedAt };
  const puts: Put[] = [];
  const ledger: LedgerDraft[] = [];
  const reason = finding.appeal?.answer?.reason ?? '';
  for (const id of finding.signals ?? []) {
    const before = state.signal(id);
    if (!before || !isOpen(before)) continue;
    const { nextTurn: _, ...rest } = before;
    const row: Signal = {
      ...rest,
      state: how === 'verified' ? 'closed' : 'revoked',
      closedAt: deed.at,
      ...(how === 'revoked' ? { revokedReason: reason, revokedBy: deed } : {}),
      position: event.position,
    };
    puts.push({ table: 'signal', row });
    const facts = { level: row.level, window: finding.window, finding: finding.id };
    ledger.push({
      region: row.region,
      at: deed.at,
      act: `signal.${how}`,
      subject: id,
      hall: finding.hall,
      account: deed.account,
      facts: how === 'revoked' ? { ...facts, rule: row.rule, reason } : facts,
    });
  }
  return { puts, ledger };
}

function entry(
  event: LoopEvent,
  deed: FindingDeed,
  { region, hall, id }: Finding,
  account: string | undefined,
  facts: LedgerDraft['facts'],
): LedgerDraft {
  return {
    region,
    at: event.receivedAt,
    act: `finding.${deed}`,
    subject: id,
    hall,
    ...(account === undefined ? {} : { account }),
    facts,
  };
}
