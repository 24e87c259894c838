import { beforeEach, describe, expect, it } from 'vitest';
import { dayOf, startOf } from '../../hub/model/calendar.ts';
import { hoursOf, timesOf } from '../../hub/model/findingTimes.ts';
import type { Event } from '../../hub/model/event.ts';
import { findingStates, photosPerAnswer, type Finding, type FindingState } from '../../hub/model/finding.ts';
import { anyEvent } from '../../hub/model/event.ts';
import type { RulePack } from '../../hub/model/pack.ts';
import { presenceAt } from '../../hub/model/presence.ts';
import { may, type Identity, type Role } from '../../hub/model/rights.ts';
import { Play } from '../support/play.ts';
import { packFor, smallWorld } from '../support/world.ts';

const both = (text: string) => ({ zh: text, en: text });
const loop = {
  article: '信阳 1小时响应',
  respondWithin: 60,
  rectifyWithin: 24 * 60,
  lookBack: 'month' as const,
  workingHoursOnly: true,
  late: 'correction' as const,
};
const findings: RulePack['findings'] = [
  { code: 'B1', group: 'B', title: both('Phone') },
  { code: 'A04', group: 'A', title: both('Window not staffed'), level: 'correction', points: 2 },
  { code: 'G02', group: 'G', title: both('Favours'), level: 'serious' },
];
const pack = packFor('510104', { findings, settings: { rectification: loop } });
const world = smallWorld({ pack });

const at = (day: string, hour: number, minute = 0) => startOf(day) + (hour * 60 + minute) * 60_000;
/** A Friday. */
const friday = '2026-11-20';
const noon = at(friday, 11);
const photo = 'ab'.repeat(32);
let play: Play;
let count = 0;
const tell = (event: object, when = noon) =>
  play.tell({
    id: `e${(count += 1)}`,
    region: '510104',
    source: 'test',
    occurredAt: when,
    hall: 'hall-1',
    account: 'li',
    name: 'li',
    ...event,
  } as Event);

function record(code: string, when = noon, more: object = {}): Finding {
  tell({
    kind: 'patrol.planned',
    duty: 'd1',
    organ: 'organ-1',
    day: dayOf(when),
    required: 1,
    dueAt: when,
    article: 'x',
  });
  tell({ kind: 'patrol.visitStarted', visit: 'v1', duty: 'd1', windows: ['w1', 'w2'] }, when);
  const done = tell({ kind: 'patrol.findingRecorded', finding: 'f1', visit: 'v1', window: 'w1', code, ...more }, when);
  expect(done.refused).toBeUndefined();
  return play.finding('f1')!;
}

const acts = {
  respond: { kind: 'finding.responded', account: 'manager', text: 'we talked to her', photos: [] },
  rectify: { kind: 'finding.rectified', account: 'manager', text: 'done', photos: [photo] },
  appeal: { kind: 'finding.appealed', account: 'manager', text: 'she was at a meeting', photos: [photo] },
  accept: { kind: 'finding.appealDecided', account: 'chief', outcome: 'accepted', reason: 'there was a meeting' },
  reject: { kind: 'finding.appealDecided', account: 'chief', outcome: 'rejected', reason: 'there was none' },
  verify: { kind: 'finding.verified', account: 'li', outcome: 'accepted' },
  sendBack: { kind: 'finding.verified', account: 'li', outcome: 'sentBack', note: 'still no badge' },
  lookBack: { kind: 'finding.lookedBack', account: 'li', outcome: 'fine' },
} as const;
type Act = keyof typeof acts;
const tellOf = (what: Act, when: number, more: object = {}) =>
  tell({ finding: 'f1', name: acts[what].account, ...acts[what], ...more }, when);

const paths: Record<FindingState, Act[]> = {
  recorded: [],
  responded: ['respond'],
  rectified: ['respond', 'rectify'],
  appealed: ['appeal'],
  verified: ['rectify', 'verify'],
  withdrawn: ['appeal', 'accept'],
};
/** A look-back is made in the month after. */
const december = at('2026-12-02', 10);
const leads: Record<FindingState, Partial<Record<Act, FindingState>>> = {
  recorded: { respond: 'responded', rectify: 'rectified', appeal: 'appealed' },
  responded: { rectify: 'rectified', appeal: 'appealed' },
  rectified: { verify: 'verified', sendBack: 'responded' },
  appealed: { accept: 'withdrawn', reject: 'recorded' },
  verified: { lookBack: 'verified' },
  withdrawn: {},
};
const table = findingStates.flatMap((state) =>
  (Object.keys(acts) as Act[]).map((what) => [state, what, leads[state][what]] as const),
);

beforeEach(() => {
  play = new Play(world);
});

describe('every state of a finding and everything that may happen to it', () => {
  it.each(table)('%s · %s → %s', (state, what, expected) => {
    record('A04');
    for (const each of paths[state]) expect(tellOf(each, noon + 60_000).refused).toBeUndefined();
    expect(play.finding('f1')?.state).toBe(state);
    const before = structuredClone(play.finding('f1'));
    const entries = play.ledger.length;
    const { refused } = tellOf(what, what === 'lookBack' ? december : noon + 120_000);
    if (expected === undefined) {
      expect(refused?.reason).toMatch(new RegExp(`^the finding is ${state}: `));
      expect(play.finding('f1')).toEqual(before);
      expect(play.ledger).toHaveLength(entries);
      return;
    }
    expect(refused).toBeUndefined();
    expect(play.finding('f1')?.state).toBe(expected);
    expect(play.ledger.slice(entries).map(({ act }) => act)).toContainEqual(expect.stringMatching(/^finding\./));
  });
});

describe('who may not do it (SC-29)', () => {
  it('nobody verifies, or decides about, what is their own', () => {
    record('B1');
    tellOf('rectify', noon);
    expect(tellOf('verify', noon, { account: 'manager' }).refused?.field).toBe('account');
    expect(tellOf('sendBack', noon, { note: undefined }).refused?.field).toBe('note');
    tellOf('sendBack', noon);
    tellOf('appeal', noon);
    expect(tellOf('accept', noon, { account: 'li' }).refused?.reason).toContain('recorded a finding');
    expect(tellOf('accept', noon, { account: 'manager' }).refused?.field).toBe('account');
    expect(tellOf('reject', noon).refused).toBeUndefined();
    expect(tellOf('appeal', noon).refused?.reason).toContain('appealed already');
    expect(tellOf('rectify', noon, { hall: 'hall-2' }).refused?.field).toBe('hall');
  });

  it('the hall answers, inspectors verify, and a hall is its own only', () => {
    const who = (role: Role, hall?: string): Identity => ({
      session: 's',
      account: 'a',
      name: 'a',
      role,
      region: '510104',
      ...(hall === undefined ? {} : { hall }),
    });
    const here = { region: '510104', hall: 'hall-1' };
    for (const right of ['finding.read', 'finding.answer', 'presence.write'] as const) {
      expect(may(who('hallManager', 'hall-1'), right, here)).toBe(true);
      expect(may(who('hallManager', 'hall-2'), right, here)).toBe(false);
    }
    expect(may(who('hallManager', 'hall-1'), 'finding.verify', here)).toBe(false);
    expect(may(who('inspector'), 'finding.verify', here)).toBe(true);
    expect(may(who('inspector'), 'finding.answer', here)).toBe(false);
    expect(may(who('administrator'), 'finding.read', here)).toBe(false);
  });

  it('an answer has at most six photos, each once, and a rectification at least one', () => {
    const event = { id: 'x', region: '510104', occurredAt: noon, account: 'm', name: 'm', finding: 'f1', hall: 'h' };
    const parse = (kind: string, photos: string[]) =>
      anyEvent.safeParse({ ...event, kind, text: 'words', photos }).success;
    const some = Array.from({ length: photosPerAnswer + 1 }, (_, index) => index.toString(16).repeat(64).slice(0, 64));
    expect(parse('finding.responded', some.slice(1))).toBe(true);
    expect(parse('finding.responded', some)).toBe(false);
    expect(parse('finding.responded', [photo, photo])).toBe(false);
    expect(parse('finding.responded', ['../../etc/passwd'])).toBe(false);
    expect(parse('finding.rectified', [])).toBe(false);
  });
});

describe('the times of the loop', () => {
  const times = (from: number, change: Partial<RulePack> = {}) =>
    timesOf({ ...pack, ...change }, world, { region: '510104', hall: 'hall-1' }, from);

  it.each([
    ['in the morning', at(friday, 10), at(friday, 11), at('2026-11-23', 10)],
    ['before the hall closes, over a weekend', at(friday, 16, 40), at('2026-11-23', 9, 40), at('2026-11-23', 16, 40)],
    ['on a Sunday', at('2026-11-22', 17), at('2026-11-23', 10), at('2026-11-24', 0)],
  ])('%s', (_, from, respond, rectify) => {
    expect(times(from)).toMatchObject({ respondBy: respond - 1, rectifyBy: rectify - 1, nextTurn: respond });
  });

  it('a lunch break of the pack is no time of the hall', () => {
    const clock = {
      ...pack.clock,
      officeHours: [
        { opens: 8 * 60, closes: 12 * 60 },
        { opens: 13 * 60 + 30, closes: 18 * 60 },
      ],
    };
    expect(hoursOf({ ...pack, clock }, world, 'hall-1')).toEqual([
      { opens: 540, closes: 720 },
      { opens: 810, closes: 1020 },
    ]);
    expect(times(at(friday, 11, 50), { clock }).respondBy).toBe(at(friday, 14, 20) - 1);
  });

  it('around the clock where the pack says so, and none without the setting', () => {
    const settings = { rectification: { ...loop, workingHoursOnly: false } };
    expect(times(at(friday, 16, 40), { settings })).toMatchObject({
      respondBy: at(friday, 17, 40) - 1,
      rectifyBy: at('2026-11-21', 16, 40) - 1,
    });
    expect(times(noon, { settings: undefined })).toEqual({});
  });

  it('what is late is told of once, in the ledger and by a signal', () => {
    const { respondBy, rectifyBy } = record('B1');
    const turn = (when: number) => tell({ kind: 'finding.turned', finding: 'f1', source: 'ticker' }, when);
    const entries = play.ledger.length;
    turn(respondBy!);
    expect(play.ledger).toHaveLength(entries);
    turn(respondBy! + 1);
    turn(respondBy! + 1);
    expect(play.finding('f1')).toMatchObject({ late: { response: respondBy }, nextTurn: rectifyBy! + 1 });
    turn(rectifyBy! + 1);
    const late = play.ledger.slice(entries);
    expect(late.map(({ act }) => act)).toEqual(['finding.late', 'signal.issued', 'finding.late', 'signal.issued']);
    expect(late.map(({ facts }) => facts['what'] ?? facts['rule'])).toEqual([
      'response',
      'findingUnanswered',
      'rectification',
      'findingUncorrected',
    ]);
    expect(play.finding('f1')?.nextTurn).toBeUndefined();
    expect([...play.signals.values()].map(({ level, finding }) => [level, finding])).toEqual([
      ['correction', 'f1'],
      ['correction', 'f1'],
    ]);
    expect(play.notices.map(({ kind, audience }) => `${kind} ${audience}`)).toContain('issued department');
  });

  it('an act after the time is late even where the ticker was slower, and raises what the ticker would have raised', () => {
    const { respondBy, rectifyBy } = record('B1');
    const entries = play.ledger.length;
    tellOf('respond', respondBy! + 1);
    expect(play.finding('f1')).toMatchObject({ state: 'responded', late: { response: respondBy } });
    tellOf('rectify', rectifyBy! + 1);
    expect(play.finding('f1')).toMatchObject({ late: { response: respondBy, rectification: rectifyBy } });
    expect(play.ledger.slice(entries).map(({ act }) => act)).toEqual([
      ...['finding.late', 'signal.issued', 'finding.responded'],
      ...['finding.late', 'signal.issued', 'finding.rectified'],
    ]);
    play = new Play(world);
    record('B1');
    tellOf('rectify', rectifyBy! + 1);
    expect([...play.signals.values()].map(({ rule }) => rule)).toEqual(['findingUnanswered', 'findingUncorrected']);
    play = new Play(world);
    record('B1');
    tellOf('appeal', respondBy!);
    expect(play.finding('f1')).not.toHaveProperty('late');
  });

  it('what was late stays late, whatever time is given again', () => {
    const { respondBy } = record('B1');
    tell({ kind: 'finding.turned', finding: 'f1', source: 'ticker' }, respondBy! + 1);
    tellOf('appeal', respondBy! + 2);
    tellOf('reject', at('2026-11-23', 9));
    const again = play.finding('f1')!;
    expect(again).toMatchObject({
      state: 'recorded',
      late: { response: respondBy },
      respondBy: at('2026-11-23', 10) - 1,
    });
    expect(again.nextTurn).toBe(again.respondBy! + 1);
    tellOf('rectify', at('2026-11-25', 9));
    const late = play.finding('f1')!.late;
    expect(late).toEqual({ response: again.respondBy, rectification: again.rectifyBy });
    tellOf('sendBack', at('2026-11-25', 10));
    expect(play.finding('f1')).toMatchObject({ late: late!, nextTurn: at('2026-11-26', 10) });
  });

  it('an answer stops the first time, a send-back gives the second anew, an appeal stops both', () => {
    const first = record('B1');
    tellOf('respond', noon + 1);
    expect(play.finding('f1')?.nextTurn).toBe(first.rectifyBy! + 1);
    tellOf('rectify', noon + 2);
    expect(play.finding('f1')?.nextTurn).toBeUndefined();
    const monday = at('2026-11-23', 9);
    tellOf('sendBack', monday);
    expect(play.finding('f1')).toMatchObject({ state: 'responded', rectifyBy: at('2026-11-24', 9) - 1 });
    tellOf('appeal', monday + 1);
    expect(play.finding('f1')?.nextTurn).toBeUndefined();
    tellOf('reject', at('2026-11-24', 9));
    expect(play.finding('f1')).toMatchObject({ state: 'responded', nextTurn: at('2026-11-25', 9) });
  });
});

describe('signals of findings', () => {
  it('come from correction on, go with the finding, and are answered with it', () => {
    const finding = record('A04', noon, { person: { staff: '0712' } });
    const signal = play.signal(finding.signals![0]!)!;
    expect(signal).toMatchObject({
      level: 'correction',
      window: 'w1',
      finding: 'f1',
      handler: '0712',
      rule: 'finding',
    });
    expect(finding.points).toBe(2);
    const act = (kind: string, more: object) => tell({ kind, signal: signal.id, account: 'manager', ...more });
    expect(act('signal.acknowledged', {}).refused).toBeUndefined();
    expect(act('signal.correctionClaimed', { text: 'done' }).refused?.reason).toContain('follows its finding');
    expect(act('signal.appealed', { text: 'no' }).refused?.field).toBe('signal');
    tellOf('rectify', noon);
    tellOf('verify', noon);
    expect(play.signal(signal.id)).toMatchObject({ state: 'closed' });
    expect(play.ledger.slice(-2).map(({ act: each }) => each)).toEqual(['finding.verified', 'signal.verified']);
  });

  it('are revoked with a finding that is withdrawn, and none comes below correction', () => {
    record('G02');
    tellOf('appeal', noon);
    tellOf('accept', noon);
    expect([...play.signals.values()][0]).toMatchObject({ state: 'revoked', revokedReason: 'there was a meeting' });
    expect(play.finding('f1')).toMatchObject({ state: 'withdrawn', closedAt: noon });
    play = new Play(world);
    expect(record('B1').signals).toBeUndefined();
    expect(play.signals.size).toBe(0);
  });
});

describe('回头看', () => {
  it('is due in the month after, once, with what was found again', () => {
    record('B1');
    tellOf('rectify', noon);
    tellOf('verify', noon);
    expect(play.finding('f1')?.lookBack).toEqual({ month: '2026-12' });
    expect(tellOf('lookBack', at('2026-11-30', 10)).refused?.reason).toContain('due in 2026-12');
    expect(tellOf('lookBack', december, { outcome: 'again', again: 'f1' }).refused?.field).toBe('again');
    expect(tellOf('lookBack', december, { outcome: 'again', again: 'f9' }).refused).toBeUndefined();
    expect(play.finding('f1')?.lookBack?.done).toMatchObject({ outcome: 'again', again: 'f9', account: 'li' });
    expect(tellOf('lookBack', december).refused?.reason).toContain('already');
  });

  it('a month after the last day of January is February', () => {
    record('B1', at('2027-01-29', 10));
    tellOf('rectify', at('2027-01-31', 10));
    tellOf('verify', at('2027-01-31', 10));
    expect(play.finding('f1')?.lookBack).toEqual({ month: '2027-02' });
  });
});

describe('请假 and 暂停服务', () => {
  const file = (more: object = {}, when = at(friday, 10)) =>
    tell(
      {
        kind: 'presence.filed',
        account: 'manager',
        presence: `p${count}`,
        window: 'w1',
        type: 'leave',
        from: at(friday, 10),
        until: at(friday, 12),
        reason: 'ill',
        ...more,
      },
      when,
    );

  it('explain an empty window, and a finding made meanwhile keeps the fact and raises no signal', () => {
    expect(file({ presence: 'p1', standIn: '0713' }).refused).toBeUndefined();
    const finding = record('A04');
    expect(finding.absence).toMatchObject({ record: 'p1', kind: 'leave', standIn: '0713', filedAt: at(friday, 10) });
    expect(finding.signals).toBeUndefined();
  });

  it('say nothing about other findings, other windows and other times', () => {
    file({ window: 'w2' });
    expect(record('A04').absence).toBeUndefined();
    play = new Play(world);
    file();
    expect(record('B1').absence).toBeUndefined();
    play = new Play(world);
    file();
    expect(record('A04', at(friday, 12)).absence).toBeUndefined();
  });

  it.each([
    ['until', { until: at(friday, 9) }],
    ['from', { from: at('2026-11-19', 9) }],
    ['from', { from: at('2027-02-19', 9), until: at('2027-02-20', 9) }],
    ['until', { until: at('2026-12-25', 9) }],
    ['window', { window: 'w9' }],
    ['window', { hall: 'hall-9' }],
  ])('refuse %s of %o', (field, more) => {
    expect(file(more).refused?.field).toBe(field);
  });

  it('of one window never overlap, end early, and are at most thirty', () => {
    expect(file({ presence: 'p1' }).refused).toBeUndefined();
    expect(file({ from: at(friday, 11), until: at(friday, 14) }).refused?.field).toBe('from');
    const end = (presence: string, when: number) =>
      tell({ kind: 'presence.ended', account: 'manager', window: 'w1', presence }, when).refused;
    expect(end('p9', noon)?.field).toBe('presence');
    expect(end('p1', noon)).toBeUndefined();
    expect(end('p1', noon)?.field).toBe('presence');
    const row = play.presence('w1');
    expect(presenceAt(row, noon - 1)?.id).toBe('p1');
    expect(presenceAt(row, noon)).toBeUndefined();
    for (let day = 0; day < 30; day += 1)
      file(
        { presence: `q${day}`, from: at(friday, 12) + day * 86_400_000, until: at(friday, 13) + day * 86_400_000 },
        noon,
      );
    expect(play.presence('w1')?.records).toHaveLength(30);
    const more = { from: at('2027-01-10', 9), until: at('2027-01-10', 10) };
    expect(file(more, noon).refused?.reason).toContain('30 records');
    expect(play.ledger.filter(({ act }) => act.startsWith('presence.'))).toHaveLength(32);
  });
});
