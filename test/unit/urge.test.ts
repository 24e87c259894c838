import { beforeEach, describe, expect, it } from 'vitest';
import { dayOf, endOf, startOf } from '../../hub/model/calendar.ts';
import { recipientsOf, type Contact } from '../../hub/model/contact.ts';
import type { Event } from '../../hub/model/event.ts';
import type { Notice } from '../../hub/model/notice.ts';
import type { Rule } from '../../hub/model/pack.ts';
import type { Signal } from '../../hub/model/state.ts';
import { Play } from '../support/play.ts';
import { packFor, smallWorld } from '../support/world.ts';

const at = (day: string, hour = 10) => startOf(day) + hour * 3_600_000;
/** A Tuesday: the work of the Monday before last, five days, is overdue. */
const now = at('2026-11-24');
const supervised = { article: '第九条', days: 15, extensionDays: 10 };

let play: Play;
let count = 0;
const common = (when: number) => ({ id: `e${(count += 1)}`, region: '510104', source: 'test', occurredAt: when });
const by = (who: string) => ({ account: who, name: who });
const tell = (event: object, when = now) => play.tell({ ...common(when), ...event } as Event, when);

function begin(procedure?: Rule['procedure'], settings: object = { supervised }): void {
  const pack = packFor('510104', { settings });
  for (const rule of pack.rules) if (rule.id === 'over-promised' && procedure) rule.procedure = procedure;
  play = new Play(smallWorld({ pack }));
  tell({ kind: 'case.accepted', casefile: '1', matter: 'M1', window: 'w1' }, at('2026-11-16'));
  play.turnUntil(at('2026-11-24', 1));
}
const overdue = (): Signal => [...play.signals.values()].find((each) => each.rule === 'over-promised')!;
const turn = (signal = overdue(), when = signal.nextTurn!) => tell({ kind: 'signal.turned', signal: signal.id }, when);
const urge = (more: object = {}, when = now) =>
  tell(
    {
      kind: 'signal.urged',
      ...by('li'),
      signal: overdue().id,
      text: '请即办理',
      correctBy: endOf('2026-11-26'),
      ...more,
    },
    when,
  );
const kinds = (signal: string) =>
  play.notices.filter((each) => each.signal === signal).map((each) => `${each.kind} ${each.audience}`);
const open = (more: object = {}) =>
  tell({ kind: 'inquiry.opened', ...by('li'), inquiry: 'i1', signal: overdue().id, text: '核实情况', ...more });
const close = (more: object) =>
  tell({ kind: 'inquiry.closed', ...by('li'), inquiry: 'i1', signal: overdue().id, text: '经查', ...more });
const extend = (more: object = {}, when = now) =>
  tell(
    {
      kind: 'inquiry.extended',
      ...by('li'),
      inquiry: 'i1',
      signal: overdue().id,
      days: 10,
      approver: '何志强',
      reason: '情况复杂',
      ...more,
    },
    when,
  );

beforeEach(() => begin());

describe('urge notices (QT-05)', () => {
  it('are numbered within region and year, stand in the ledger, and give the signal a day', () => {
    expect(urge().refused).toBeUndefined();
    urge({ text: '再次督办' });
    expect(overdue().urges).toMatchObject([
      { number: 1, year: '2026', text: '请即办理', by: by('li') },
      { number: 2, year: '2026', text: '再次督办' },
    ]);
    expect(overdue().correctBy).toBe(endOf('2026-11-26'));
    expect(play.ledger.at(-1)).toMatchObject({ act: 'signal.urged', account: 'li', facts: { number: '2026-2' } });
    const nextYear = at('2027-01-04');
    urge({ correctBy: endOf('2027-01-06') }, nextYear);
    expect(overdue().urges!.at(-1)).toMatchObject({ number: 1, year: '2027' });
    expect(kinds(overdue().id).slice(0, 3).sort()).toEqual([
      'issued department',
      'issued supervisors',
      'urged department',
    ]);
  });

  it.each([
    ['a day that is over', { correctBy: now - 1 }, 'correctBy'],
    ['a day too far', { correctBy: now + 61 * 86_400_000 }, 'correctBy'],
  ])('are refused for %s', (_, more, field) => {
    expect(urge(more).refused).toMatchObject({ field });
    expect(overdue().urges).toBeUndefined();
  });

  it('are refused where nobody waits, and after ten', () => {
    tell({ kind: 'signal.revoked', ...by('chen'), signal: overdue().id, reason: '误发' });
    expect(urge().refused).toMatchObject({ field: 'signal' });
    begin();
    for (let index = 0; index < 10; index += 1) expect(urge().refused).toBeUndefined();
    expect(urge().refused).toMatchObject({ field: 'signal', reason: expect.stringContaining('10') });
  });
});

describe('what a rule begins by itself (YJ-05)', () => {
  it('urge: at once after the signal, once, and then the time to correct runs', () => {
    begin('urge');
    expect(overdue().nextTurn).toBe(overdue().issuedAt);
    turn();
    expect(overdue().urges).toMatchObject([{ number: 1 }]);
    expect(overdue().urges![0]).not.toHaveProperty('by');
    expect(overdue().nextTurn).toBe(overdue().correctBy! + 1);
    expect(play.ledger.at(-1)).not.toHaveProperty('account');
    turn();
    expect(overdue().urges).toHaveLength(1);
  });

  it('inquiry: opened with the time of the pack (C-19, SC-22)', () => {
    begin('inquiry');
    turn();
    const [inquiry] = [...play.inquiries.values()];
    expect(inquiry).toMatchObject({ state: 'open', signal: overdue().id, article: '第九条' });
    expect(dayOf(inquiry!.dueAt!)).toBe('2026-12-15');
    expect(overdue().inquiry).toEqual({ id: inquiry!.id });
  });

  it('nothing more where a person was faster, and the acknowledged signal is still urged', () => {
    begin('inquiry');
    const due = overdue().nextTurn!;
    open();
    turn(overdue(), due);
    expect(play.inquiries.size).toBe(1);
    begin('urge');
    tell({ kind: 'signal.acknowledged', ...by('wang'), signal: overdue().id });
    expect(overdue().nextTurn).toBe(now);
    turn();
    expect(overdue().urges).toHaveLength(1);
  });
});

describe('investigations (SZ-50)', () => {
  it('end with a fault: who is liable, the measure and the report are kept', () => {
    expect(open().refused).toBeUndefined();
    expect(close({ outcome: 'fault', liable: '0712' }).refused).toMatchObject({ field: 'measure' });
    expect(close({ outcome: 'fault', measure: '诫勉谈话' }).refused).toMatchObject({ field: 'liable' });
    close({ outcome: 'fault', liable: '0712', measure: '诫勉谈话', report: '监〔2026〕8号' });
    expect(play.inquiries.get('i1')).toMatchObject({
      state: 'closed',
      finding: { outcome: 'fault', liable: '0712', measure: '诫勉谈话', report: '监〔2026〕8号' },
    });
    expect(overdue().inquiry).toEqual({ id: 'i1', outcome: 'fault' });
    expect(play.ledger.at(-1)).toMatchObject({
      act: 'inquiry.closed',
      subject: overdue().id,
      facts: { outcome: 'fault' },
    });
    expect(close({ outcome: 'noFault' }).refused).toMatchObject({ field: 'inquiry' });
  });

  it('end without one, and hold nobody liable then', () => {
    open();
    expect(close({ outcome: 'noFault', liable: '0712' }).refused).toMatchObject({ field: 'liable' });
    expect(close({ outcome: 'noFault' }).refused).toBeUndefined();
    expect(kinds(overdue().id)).toEqual(
      expect.arrayContaining(['inquiryOpened department', 'inquiryClosed department']),
    );
  });

  it('are one a signal, of signals that were issued', () => {
    open();
    expect(open({ inquiry: 'i2' }).refused).toMatchObject({ field: 'signal' });
    expect(close({ outcome: 'noFault', inquiry: 'i9' }).refused).toMatchObject({ field: 'inquiry' });
  });

  it('are extended once, within the bound, before they are due (SC-23)', () => {
    open();
    expect(extend({ days: 11 }).refused).toMatchObject({ field: 'days' });
    expect(extend({}, at('2026-12-16')).refused).toMatchObject({ field: 'days' });
    expect(extend().refused).toBeUndefined();
    expect(dayOf(play.inquiries.get('i1')!.dueAt!)).toBe('2026-12-29');
    expect(extend({ days: 1 }).refused).toMatchObject({ reason: expect.stringContaining('already') });
  });

  it('have no clock where the pack sets none', () => {
    begin(undefined, {});
    open();
    expect(play.inquiries.get('i1')).not.toHaveProperty('dueAt');
    expect(extend().refused).toMatchObject({ field: 'days' });
  });
});

describe('one open signal of a window without a case and an article (1.X.3)', () => {
  const issue = (id: string, more: object = {}) =>
    tell({
      kind: 'signal.issuedByHand',
      ...by('li'),
      signal: id,
      window: 'w1',
      level: 'correction',
      article: '11(4)',
      text: '态度',
      ...more,
    });

  it('refuses a second one and names the first, until that is closed', () => {
    expect(issue('h1').refused).toBeUndefined();
    expect(issue('h2', { level: 'serious' }).refused).toMatchObject({
      field: 'article',
      reason: expect.stringContaining('h1'),
    });
    expect(issue('h3', { article: '11(5)' }).refused).toBeUndefined();
    expect(issue('h4', { window: 'w2' }).refused).toBeUndefined();
    tell({ kind: 'signal.revoked', ...by('chen'), signal: 'h1', reason: '误发' });
    expect(issue('h5').refused).toBeUndefined();
  });

  it('counts what the first was raised to', () => {
    const pack = packFor('510104', {
      escalation: [{ fromLevel: 'correction', toLevel: 'serious', withinWorkingDays: 1 }],
    });
    play = new Play(smallWorld({ pack }));
    issue('h1');
    turn(play.signals.get('h1')!);
    const { child } = play.signals.get('h1')!;
    expect(issue('h2').refused).toMatchObject({ reason: expect.stringContaining(child!) });
  });
});

describe('whom a notice goes to (C-08, XY-32)', () => {
  const person = (id: string, more: Partial<Contact>): Contact => ({
    id,
    region: '510104',
    role: 'liaison',
    name: id,
    department: 'd1',
    ...more,
  });
  const list = [
    person('head', { role: 'head' }),
    person('desk', { hall: 'hall-1' }),
    person('liaison', {}),
    person('technician', { role: 'technician' }),
    person('clerk', { role: 'technician', staff: '0712' }),
    person('elsewhere', { department: 'd2' }),
  ];
  const { department: _, ...organ } = person('inspector', { organ: 'organ-1' });
  const world = { ...smallWorld(), contacts: new Map([...list, organ].map((each) => [each.id, each])) };
  const told = (notice: Partial<Notice>) =>
    recipientsOf(world, { audience: 'department', region: '510104', department: 'd1', ...notice }).map(({ id }) => id);

  it.each<[string, Partial<Notice>, string[]]>([
    ['the fixed contact', { addressee: { kind: 'contact' } }, ['liaison']],
    ["the hall's own contact first", { addressee: { kind: 'contact' }, hall: 'hall-1' }, ['desk']],
    ['the department', { addressee: { kind: 'department' } }, ['head', 'liaison']],
    ['the person of the step', { addressee: { kind: 'person', person: '0712' } }, ['clerk']],
    ['a person nobody knows: the contact', { addressee: { kind: 'person', person: '9' } }, ['liaison']],
    ['both', { addressee: { kind: 'departmentAndPerson', person: '0712' } }, ['clerk', 'head', 'liaison']],
    ['nobody of a department without contacts', { department: 'd9' }, []],
    ['the supervisors', { audience: 'supervisors' }, ['inspector']],
  ])('%s', (_name, notice, expected) => {
    expect(told(notice)).toEqual(expected);
  });
});
