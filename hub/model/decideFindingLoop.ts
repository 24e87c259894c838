/** What becomes of a finding: respond → rectify → verify, appeal, deadlines, look-back. */
import { addDays, dayOf } from './calendar.ts';
import { nothing, refuse, type Consequences, type State } from './decide.ts';
import type { EventOf, Recorded } from './event.ts';
import {
  photosPerFinding,
  stateOf,
  type Answer,
  type Finding,
  type FindingDeed,
  type FindingState,
} from './finding.ts';
import { endSignals, mostSignals, raiseFrom } from './findingSignals.ts';
import { giveTime, packOfFinding, setTurn } from './findingTimes.ts';
import type { Deed, LedgerDraft } from './state.ts';
import type { World } from './world.ts';

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

export function decideFindingLoop(event: LoopEvent, state: State, world: World): Consequences {
  const before = state.finding(event.finding);
  if (!before) return refuse('finding', 'no such finding');
  if (event.kind === 'finding.turned') return turn(event, before, world);
  if (before.region !== event.region || before.hall !== event.hall)
    return refuse('hall', 'the finding is of another hall');
  const now = stateOf(before);
  if (!allowed[event.kind].includes(now)) return refuse('finding', `the finding is ${now}: ${words[event.kind]}`);
  const finding: Finding = { ...before, position: event.position };
  const deed: Deed = { account: event.account, name: event.name, at: event.receivedAt };
  // What was over before the act is late, however soon the ticker would have said so.
  const passed: Pick<Consequences, 'puts' | 'ledger'>[] = [];
  while (finding.nextTurn !== undefined && finding.nextTurn <= event.receivedAt)
    passed.push(pass(event, finding, world, passed.length + 1));
  const done = change(event, finding, world, deed);
  if ('field' in done) return refuse(done.field, done.reason);
  setTurn(finding);
  const ended = done.end ? endSignals(deed, finding, state, done.end) : nothing;
  return {
    puts: [{ table: 'finding', row: finding }, ...passed.flatMap(({ puts }) => puts), ...ended.puts],
    ledger: [
      ...passed.flatMap(({ ledger }) => ledger),
      entry(event, done.act, finding, event.account, done.facts),
      ...ended.ledger,
    ],
  };
}

type Done =
  { act: FindingDeed; facts: LedgerDraft['facts']; end?: 'verified' | 'revoked' } | { field: string; reason: string };

const own = (reason: string): Done => ({ field: 'account', reason });

/** Changes the copy in place and says what goes to the ledger, or why not. */
function change(event: HumanEvent, finding: Finding, world: World, deed: Deed): Done {
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

function turn(event: Recorded<EventOf<'finding.turned'>>, before: Finding, world: World): Consequences {
  // A turn that an act has overtaken is no mistake.
  if (before.nextTurn === undefined || before.nextTurn > event.occurredAt) return nothing;
  const finding: Finding = { ...before, position: event.position };
  const { puts, ledger } = pass(event, finding, world, 1);
  return { puts: [{ table: 'finding', row: finding }, ...puts], ledger };
}

/** The deadline that is next is over: the ledger says so, and a signal is raised where the pack gives it a level. Changes the copy in place. */
function pass(event: LoopEvent, finding: Finding, world: World, place: number): Pick<Consequences, 'puts' | 'ledger'> {
  const due = finding.nextTurn! - 1;
  const isAnswer = stateOf(finding) === 'recorded' && due === finding.respondBy && finding.late?.response !== due;
  const what = isAnswer ? 'response' : 'rectification';
  finding.late = { ...finding.late, [what]: due };
  setTurn(finding);
  const pack = packOfFinding(finding, world);
  const level = pack?.settings?.rectification?.late;
  const facts = { what, due, window: finding.window, code: finding.code };
  const ledger = [entry(event, 'late', finding, undefined, facts)];
  if (!pack || level === undefined) return { puts: [], ledger };
  const { title } = pack.findings.find((each) => each.code === finding.code) ?? { title: { zh: '', en: '' } };
  const zh = what === 'response' ? '逾期未响应' : '逾期未整改';
  const en = what === 'response' ? 'not answered in time' : 'not put right in time';
  const raised = raiseFrom(event, finding, pack, world, {
    rule: what === 'response' ? 'findingUnanswered' : 'findingUncorrected',
    level,
    title: { zh: `问题${zh}`, en: `Finding ${en}` },
    zh: (number) => `${number}号窗口的问题“${title.zh}”${zh}`,
    en: (number) => `Window ${number}: “${title.en}” was ${en}`,
    at: due + 1,
    place,
  });
  // The oldest stay in the ledger; a finding that is sent back again and again does not grow.
  finding.signals = [...(finding.signals ?? []), raised.signal.id].slice(-mostSignals);
  return { puts: [{ table: 'signal', row: raised.signal }], ledger: [...ledger, raised.entry] };
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
