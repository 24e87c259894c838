import { beforeEach, describe, expect, it } from 'vitest';
import { dayOf, endOf, startOf } from '../../hub/model/calendar.ts';
import type { Event } from '../../hub/model/event.ts';
import { rulePack } from '../../hub/model/pack.ts';
import type { Signal, SignalState } from '../../hub/model/state.ts';
import { readSeeds } from '../../seeds/files.ts';
import { calendarOf } from '../../seeds/load.ts';
import { Play } from '../support/play.ts';
import { packFor, smallWorld } from '../support/world.ts';

const escalation = [{ fromLevel: 'correction', toLevel: 'serious', withinWorkingDays: 1 }] as const;
const held = packFor('510104', { escalation: [...escalation] });
for (const rule of held.rules) if (rule.id === 'over-promised') rule.issue = 'confirm';

let play: Play;
let count = 0;
const at = (day: string, hour = 10) => startOf(day) + hour * 3_600_000;
/** The work is overdue on this Tuesday; the signal is to be corrected by the end of Wednesday. */
const tuesday = at('2026-11-24');
const common = (now: number) => ({ id: `e${(count += 1)}`, region: '510104', source: 'test', occurredAt: now });
const step = (kind: 'case.accepted' | 'case.completed', now: number): Event =>
  ({
    kind,
    ...common(now),
    casefile: '1',
    ...(kind === 'case.accepted' ? { matter: 'M1', window: 'w1' } : {}),
  }) as Event;

type Who = 'supervisor' | 'manager' | 'chief';
const act = (kind: string, who: Who, more: object, signal: string, now: number): Event =>
  ({ kind: `signal.${kind}`, ...common(now), account: who, name: who, signal, ...more }) as Event;

const words = { text: 'in words', note: 'in words', reason: 'in words' };
/** Every act with somebody who may do it. */
const acts = {
  confirm: (id: string, now: number) => act('confirmed', 'supervisor', { outcome: 'issued' }, id, now),
  drop: (id: string, now: number) => act('confirmed', 'supervisor', { outcome: 'dropped', note: words.note }, id, now),
  acknowledge: (id: string, now: number) => act('acknowledged', 'manager', {}, id, now),
  claim: (id: string, now: number) => act('correctionClaimed', 'manager', { text: words.text }, id, now),
  accept: (id: string, now: number) => act('verified', 'supervisor', { outcome: 'accepted' }, id, now),
  sendBack: (id: string, now: number) =>
    act('verified', 'supervisor', { outcome: 'sentBack', note: words.note }, id, now),
  appeal: (id: string, now: number) => act('appealed', 'manager', { text: words.text }, id, now),
  uphold: (id: string, now: number) =>
    act('appealDecided', 'chief', { outcome: 'upheld', reason: words.reason }, id, now),
  reject: (id: string, now: number) =>
    act('appealDecided', 'chief', { outcome: 'rejected', reason: words.reason }, id, now),
  revoke: (id: string, now: number) => act('revoked', 'chief', { reason: words.reason }, id, now),
  turn: (id: string, now: number): Event => ({ kind: 'signal.turned', ...common(now), signal: id }) as Event,
};
type Act = keyof typeof acts;

const overdue = (): Signal => [...play.signals.values()].find((each) => each.rule === 'over-promised' && !each.parent)!;
const now = () => overdue();
const tell = (what: Act, when = tuesday) => play.tell(acts[what](overdue().id, when));

/** How each state is reached. */
const paths: Record<SignalState, (Act | 'complete')[]> = {
  draft: [],
  issued: ['confirm'],
  acknowledged: ['confirm', 'acknowledge'],
  claimed: ['confirm', 'acknowledge', 'claim'],
  verified: ['confirm', 'acknowledge', 'claim', 'accept'],
  appealed: ['confirm', 'appeal'],
  escalated: ['confirm', 'turn'],
  revoked: ['confirm', 'revoke'],
  dropped: ['drop'],
  closed: ['confirm', 'acknowledge', 'complete'],
};

function reach(state: SignalState): void {
  play = new Play(smallWorld({ pack: structuredClone(held) }));
  play.tell(step('case.accepted', at('2026-11-16')));
  play.turnUntil(at('2026-11-24', 1));
  for (const each of paths[state]) {
    if (each === 'complete') play.tell(step('case.completed', tuesday));
    else tell(each, each === 'turn' ? startOf('2026-11-26') : tuesday);
  }
  expect(now().state).toBe(state);
}

/** Where each act leads from each state; what is not named here is refused (a turn: does nothing). */
const leads: Record<SignalState, Partial<Record<Act, SignalState>>> = {
  draft: { confirm: 'issued', drop: 'dropped' },
  issued: { acknowledge: 'acknowledged', appeal: 'appealed', revoke: 'revoked', turn: 'escalated' },
  acknowledged: { claim: 'claimed', appeal: 'appealed', revoke: 'revoked', turn: 'escalated' },
  claimed: { accept: 'verified', sendBack: 'acknowledged', appeal: 'appealed', revoke: 'revoked' },
  verified: { appeal: 'appealed', revoke: 'revoked' },
  appealed: { uphold: 'revoked', reject: 'issued' },
  escalated: {},
  revoked: {},
  dropped: {},
  closed: { appeal: 'appealed', revoke: 'revoked' },
};
const table = (Object.keys(paths) as SignalState[]).flatMap((state) =>
  (Object.keys(acts) as Act[]).map((what) => [state, what, leads[state][what]] as const),
);

describe('every state of a signal and everything that may happen to it (1.X.3)', () => {
  it.each(table)('%s · %s → %s', (state, what, expected) => {
    reach(state);
    const before = structuredClone(now());
    const entries = play.ledger.length;
    const { refused } = tell(what, what === 'turn' ? startOf('2026-11-26') : tuesday);
    if (expected !== undefined) {
      expect(refused).toBeUndefined();
      expect(now().state).toBe(expected);
      expect(play.ledger.length).toBeGreaterThan(entries);
      expect(play.ledger.at(-1)?.act).toMatch(/^signal\./);
      return;
    }
    expect(now()).toEqual(before);
    expect(play.ledger).toHaveLength(entries);
    if (what === 'turn') expect(refused).toBeUndefined();
    else
      expect(refused).toMatchObject({ field: 'signal', reason: expect.stringContaining(`the signal is ${state}: `) });
  });
});

describe('nobody decides on their own (SC-29)', () => {
  beforeEach(() => reach('issued'));
  it.each([
    ['revoke what one issued', [], act('revoked', 'supervisor', { reason: 'x' }, '?', tuesday), 'who issued a signal'],
    [
      'revoke what one appealed',
      ['appeal', 'reject'],
      act('revoked', 'manager', { reason: 'x' }, '?', tuesday),
      'own request',
    ],
    [
      'decide one’s own appeal',
      ['appeal'],
      act('appealDecided', 'manager', { outcome: 'upheld', reason: 'x' }, '?', tuesday),
      'own appeal',
    ],
    [
      'decide the appeal against what one issued',
      ['appeal'],
      act('appealDecided', 'supervisor', { outcome: 'rejected', reason: 'x' }, '?', tuesday),
      'who issued a signal',
    ],
    [
      'verify one’s own correction',
      ['acknowledge', 'claim'],
      act('verified', 'manager', { outcome: 'accepted' }, '?', tuesday),
      'of their own',
    ],
  ] as [string, Act[], Event, string][])('cannot %s', (_, path, event, reason) => {
    for (const each of path) tell(each);
    const { refused } = play.tell({ ...event, signal: overdue().id } as Event);
    expect(refused).toMatchObject({ field: 'account', reason: expect.stringContaining(reason) });
  });

  it('is appealed once', () => {
    tell('appeal');
    tell('reject');
    expect(tell('appeal').refused?.reason).toContain('appealed already');
  });
});

describe('the time to correct', () => {
  it('is raised to the next level, which keeps what it is about; the first is kept (SZ-27)', () => {
    reach('issued');
    expect(now().correctBy).toBe(endOf('2026-11-25'));
    tell('turn', startOf('2026-11-26') - 1);
    expect(now().state).toBe('issued');
    tell('turn', startOf('2026-11-26'));
    const child = play.signals.get(now().child!)!;
    expect(child).toMatchObject({
      level: 'serious',
      state: 'issued',
      parent: now().id,
      casefile: '510104:1',
      hall: 'hall-1',
    });
    expect(child.messageZh).toContain('2026-11-25');
    expect(child.correctBy).toBeUndefined();
    expect(play.ledger.slice(-2).map((each) => each.act)).toEqual(['signal.escalated', 'signal.issued']);
    // The end of the work closes it when it is acknowledged, as it does with what the clock found itself.
    play.tell(acts.acknowledge(child.id, tuesday));
    play.tell(step('case.completed', at('2026-11-26')));
    expect(play.signals.get(child.id)?.state).toBe('closed');
  });

  it('stands still while a correction is verified, and goes on when it is sent back', () => {
    reach('claimed');
    expect(now().nextTurn).toBeUndefined();
    tell('sendBack', at('2026-11-27'));
    expect(now().nextTurn).toBe(startOf('2026-11-26'));
    tell('turn', startOf('2026-11-26'));
    expect(now().state).toBe('escalated');
  });

  it('is given again when an appeal is rejected', () => {
    reach('appealed');
    expect(now().nextTurn).toBeUndefined();
    tell('reject', at('2026-11-26'));
    expect(dayOf(now().correctBy!)).toBe('2026-11-27');
  });

  it('ends with the work, where the clock found the fault', () => {
    reach('issued');
    play.tell(step('case.completed', tuesday));
    expect(now()).toMatchObject({ state: 'issued' });
    expect(now().nextTurn).toBeUndefined();
  });

  it('goes on after the end of the work, where a step showed the fault', () => {
    const pack = structuredClone(held);
    const text = { zh: 'x', en: 'x' };
    const common = { id: 'no-time', title: text, article: 'art. 1', level: 'correction', message: text } as const;
    pack.rules = [{ ...common, when: 'zeroDuration', seconds: 60, issue: 'auto' }];
    play = new Play(smallWorld({ pack }));
    play.tell(step('case.accepted', tuesday));
    play.tell(step('case.completed', tuesday + 1_000));
    const [signal] = [...play.signals.values()];
    expect(signal).toMatchObject({ state: 'issued', nextTurn: startOf('2026-11-26') });
    play.tell(acts.acknowledge(signal!.id, tuesday));
    expect(play.signals.get(signal!.id)).toMatchObject({ state: 'acknowledged', nextTurn: startOf('2026-11-26') });
    play.tell(acts.claim(signal!.id, tuesday));
    play.tell(acts.accept(signal!.id, tuesday));
    expect(play.signals.get(signal!.id)?.state).toBe('closed');
  });

  it('takes the raised signal back with the one that has no ground (KF-04)', () => {
    reach('escalated');
    const { child } = now();
    play.tell(step('case.completed', at('2026-11-20')), at('2026-11-27'));
    expect(now().state).toBe('revoked');
    expect(play.signals.get(child!)?.state).toBe('revoked');
  });

  it('is raised to a higher level only', () => {
    const wrong = { ...held, escalation: [{ fromLevel: 'serious', toLevel: 'correction', withinWorkingDays: 1 }] };
    expect(rulePack.safeParse(wrong).error?.issues[0]?.path.join('.')).toBe('escalation.0.toLevel');
  });
});

describe('a signal issued by hand (SZ-27, SZ-38)', () => {
  const issue = (more: object, id = 'h1'): Event =>
    act(
      'issuedByHand',
      'supervisor',
      { level: 'correction', article: 'art. 11(4)', text: 'not published', ...more },
      id,
      tuesday,
    );
  beforeEach(() => {
    play = new Play(smallWorld({ pack: structuredClone(held) }));
    play.tell(step('case.accepted', at('2026-11-20')));
  });
  const own = () => play.signals.get('h1')!;

  it('is about a casefile and has its place', () => {
    expect(play.tell(issue({ casefile: '1' })).refused).toBeUndefined();
    expect(own()).toMatchObject({
      state: 'issued',
      rule: 'byHand',
      casefile: '510104:1',
      window: 'w1',
      hall: 'hall-1',
      department: 'd1',
    });
    expect(play.ledger.at(-1)).toMatchObject({ act: 'signal.issued', account: 'supervisor', subject: 'h1' });
  });

  it('is not put right by the end of the work, but by a verified correction', () => {
    play.tell(issue({ casefile: '1' }));
    play.tell(acts.acknowledge('h1', tuesday));
    play.tell(step('case.completed', tuesday));
    expect(own()).toMatchObject({ state: 'acknowledged', nextTurn: startOf('2026-11-26') });
    play.tell(acts.claim('h1', tuesday));
    play.tell(acts.accept('h1', tuesday));
    expect(own().state).toBe('closed');
  });

  it('stays verified until the work is over', () => {
    play.tell(issue({ casefile: '1' }));
    for (const each of ['acknowledge', 'claim', 'accept'] as const) play.tell(acts[each]('h1', tuesday));
    expect(own().state).toBe('verified');
    play.tell(step('case.completed', tuesday));
    expect(own().state).toBe('closed');
  });

  it.each([
    ['neither casefile nor window', {}, 'casefile'],
    ['an unknown casefile', { casefile: '2' }, 'casefile'],
    ['an unknown window', { window: 'w7' }, 'window'],
    ['the same article and level again', { casefile: '1' }, 'article'],
  ])('is refused for %s', (_, more, field) => {
    play.tell(issue({ casefile: '1' }));
    expect(play.tell(issue(more, 'h2')).refused?.field).toBe(field);
    expect(play.tell(issue({ casefile: '1', article: 'art. 11(6)' }, 'h3')).refused).toBeUndefined();
  });

  it('about a window closes as soon as its correction is accepted', () => {
    play.tell(issue({ window: 'w2' }));
    expect(own()).toMatchObject({ hall: 'hall-1', department: 'd1' });
    for (const each of ['acknowledge', 'claim', 'accept'] as const) play.tell(acts[each]('h1', tuesday));
    expect(own().state).toBe('closed');
  });
});

describe('深圳 11: not corrected within one working day, a red one follows', () => {
  it.each([
    ['2007-02-16', '2007-02-17', 'Friday; the Saturday is worked'],
    ['2007-04-27', '2007-04-28', 'Friday; the Saturday is worked'],
    ['2026-11-20', '2026-11-23', 'Friday; the next working day is Monday'],
  ])('issued on %s: correct by %s (%s)', async (day, correctBy) => {
    const calendar = calendarOf((await readSeeds()).calendar);
    const pack = packFor('510104', { escalation: [...escalation] });
    play = new Play(smallWorld({ pack, calendar }));
    const about = { level: 'correction', article: '深圳 11(4)', text: '未公示', window: 'w1' };
    play.tell(act('issuedByHand', 'supervisor', about, 'h1', at(day, 16)));
    const turn = endOf(correctBy) + 1;
    expect(play.signals.get('h1')).toMatchObject({ correctBy: endOf(correctBy), nextTurn: turn });
    play.tell(acts.turn('h1', turn - 1));
    expect(play.signals.size).toBe(1);
    play.tell(acts.turn('h1', turn));
    expect(play.signals.get('h1')).toMatchObject({ state: 'escalated' });
    expect([...play.signals.values()].map((each) => each.level)).toEqual(['correction', 'serious']);
  });
});
