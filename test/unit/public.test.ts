import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { startOf } from '../../hub/model/calendar.ts';
import { boardOf, maskedName, mostBoardCases, publicityOf, tailOf } from '../../hub/model/publicBoard.ts';
import { guideMatter, guideMatters, guideWindows, knowsApplicant, progressOf } from '../../hub/model/publicCase.ts';
import type { Presence } from '../../hub/model/presence.ts';
import type { Casefile } from '../../hub/model/state.ts';
import type { Matter, World } from '../../hub/model/world.ts';
import { packFor, smallWorld } from '../support/world.ts';

const day = '2026-11-20';
const now = startOf(day) + 11 * 3_600_000;
const matter = (code: string, change: Partial<Matter> = {}): Matter => ({
  code,
  region: '510104',
  name: `事项${code}`,
  businessType: 'approval',
  itemClass: 'promised',
  promisedDays: 5,
  steps: ['审核'],
  ...change,
});
const world = smallWorld({
  matters: [
    matter('M1'),
    matter('S1', { secret: true, name: '（不公开）' }),
    matter('X1', { state: 'cancelled', since: day }),
  ],
});
const hall = world.halls.get('hall-1')!;
const file = (change: Partial<Casefile> = {}): Casefile => ({
  id: '510104:JJ20261120-0031',
  region: '510104',
  number: 'JJ20261120-0031',
  matter: 'M1',
  department: 'd1',
  hall: 'hall-1',
  window: 'w1',
  applicant: { name: '张晓明', class: 'person' },
  source: 'src',
  status: 'accepted',
  acceptedAt: now - 3_600_000,
  acceptedBy: '工号0712',
  steps: [
    { step: '审核', at: now - 1_800_000, handler: '工号0713' },
    { step: '致电张晓明核实', at: now - 900_000 },
  ],
  suspensions: [],
  extensionDays: 0,
  corrections: 0,
  promisedDueAt: now + 5 * 86_400_000,
  provisional: false,
  fired: [],
  lastEventAt: now,
  position: 1,
  ...change,
});
const counts = { received: 9, completed: 4, open: 5, promised: 4, early: 3 };
const board = (rows: Casefile[], presences: Parameters<typeof boardOf>[3] = [], on: World = world) =>
  boardOf(on, hall, rows, presences, counts, now);

describe('what everybody may see (QT-11, QT-12)', () => {
  it('of a name is its first character and not even its length', () => {
    expect(maskedName('张晓明')).toBe('张**');
    expect(maskedName('𠮷田')).toBe('𠮷**');
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 40 }), (name) => {
        const [first] = name.trim();
        expect(maskedName(name)).toBe(first === undefined ? '' : `${first}**`);
      }),
    );
  });

  it('of a number is its end, and never more than half of it', () => {
    expect(tailOf('JJ20261120-0031')).toBe('…0031');
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 30 }), (number) => {
        const shown = [...tailOf(number)].length - 1;
        expect(shown).toBeLessThanOrEqual(Math.min(4, [...number].length / 2));
      }),
    );
  });

  it('holds no name, no whole number, no staff number and no step that nobody published', () => {
    fc.assert(
      fc.property(
        fc.tuple(fc.stringMatching(/^[\u4e00-\u9fff]{2,4}$/), fc.stringMatching(/^Q[0-9]{9,12}$/)),
        ([name, number]) => {
          const said = JSON.stringify(
            board([
              file({
                number,
                applicant: { name, class: 'person' },
                steps: [{ step: `致电${name}`, at: now, handler: 'H-1' }],
              }),
            ]),
          );
          expect(said).not.toContain(name);
          expect(said).not.toContain(number);
          expect(said).not.toMatch(/H-1|工号|致电/);
        },
      ),
    );
  });

  it('says matter, progress, window and day of a case', () => {
    const [line] = board([file({ steps: [{ step: '审核', at: now }] })]).cases;
    expect(line).toEqual({
      tail: '…0031',
      matter: { name: '事项M1' },
      applicant: '张**',
      department: { name: '市场监管局' },
      window: '1',
      status: 'accepted',
      step: '审核',
      dueAt: now + 5 * 86_400_000,
      openedAt: now - 3_600_000,
    });
    expect(board([file({ status: 'suspended' })]).cases[0]).not.toHaveProperty('dueAt');
    expect(board([file({ status: 'completed', decidedAt: now, completedAt: now })]).cases[0]).not.toHaveProperty(
      'dueAt',
    );
  });

  it('leaves out secret matters and what the catalogue does not know (JY-02)', () => {
    expect(board([file({ matter: 'S1' }), file({ matter: 'unheard' })]).cases).toEqual([]);
  });

  it(`is ${mostBoardCases} cases at most, and says that there are more`, () => {
    const rows = Array.from({ length: mostBoardCases + 1 }, (_, index) => file({ number: `N-${index}-0000` }));
    expect(board(rows)).toMatchObject({ more: true });
    expect(board(rows).cases).toHaveLength(mostBoardCases);
    expect(board(rows.slice(1))).not.toHaveProperty('more');
  });

  it('shows a window as paused while nobody stands in, and today in numbers', () => {
    const deed = { account: 'wang', name: '王', at: now };
    const pause = {
      id: 'p',
      kind: 'leave' as const,
      from: now - 1,
      until: now + 3_600_000,
      reason: '培训',
      filedBy: deed,
    };
    const seen = board(
      [],
      [
        { id: 'w1', records: [pause] },
        { id: 'w2', records: [{ ...pause, standIn: '0711' }] },
      ],
    );
    expect(seen.windows.map((each) => each.pausedUntil)).toEqual([now + 3_600_000, undefined]);
    expect(JSON.stringify(seen)).not.toContain('培训');
    expect(seen.today).toEqual({ received: 9, completed: 4, open: 5, early: 0.75 });
    expect(seen.complaint).toEqual({ phone: '12345' });
  });

  it.each([
    [undefined, true, true],
    [{ functions: { article: 'a', has: ['monitoring'] } }, false, false],
    [{ functions: { article: 'a', has: ['publication'] } }, true, true],
    [
      { functions: { article: 'a', has: ['monitoring'] }, publicity: { article: 'b', board: true, enquiry: false } },
      true,
      false,
    ],
  ])('is the region’s to switch on or off: %j (C-01)', (settings, isBoard, isEnquiry) => {
    const pack = packFor('510104', settings === undefined ? {} : { settings: settings as never });
    expect(publicityOf(smallWorld({ pack }), hall, now)).toEqual({ board: isBoard, enquiry: isEnquiry });
  });

  it('ends with the hall', () => {
    expect(publicityOf(world, { ...hall, closedFrom: day }, now)).toEqual({ board: false, enquiry: false });
    expect(publicityOf(world, undefined, now)).toEqual({ board: false, enquiry: false });
  });
});

describe('an enquiry', () => {
  it.each([
    ['张', true],
    ['张晓明', true],
    [' 张 晓', true],
    ['李', false],
    ['晓明', false],
    ['张晓红', false],
    [' ', false],
  ])('by %j is answered: %s', (said, isKnown) => {
    expect(knowsApplicant(file(), said)).toBe(isKnown);
    expect(knowsApplicant({}, said)).toBe(false);
  });

  it('hears the steps in their order and the deadlines while the clock runs, and no person', () => {
    const told = progressOf(
      world,
      file({
        receivedAt: now - 7_200_000,
        suspensions: [{ from: now - 1_000_000, to: now - 950_000, procedure: '检验' }],
      }),
      now,
    );
    expect(told?.steps.map(({ kind, step }) => step ?? kind)).toEqual([
      'received',
      'accepted',
      '审核',
      'paused',
      'resumed',
    ]);
    expect(told?.promisedDueAt).toBe(now + 5 * 86_400_000);
    expect(JSON.stringify(told)).not.toMatch(/张|工号|致电/);
    expect(progressOf(world, file({ status: 'suspended' }), now)).not.toHaveProperty('promisedDueAt');
    expect(progressOf(world, file({ matter: 'S1' }), now)).toBeUndefined();
  });
});

describe('the guide', () => {
  it('lists what is in force, the nearest region’s own first, and nothing secret', () => {
    const on = smallWorld({
      matters: [
        matter('M1', { region: '510000', name: '省' }),
        matter('M1', { name: '区' }),
        matter('M2', { region: '510000' }),
        matter('S1', { secret: true }),
        matter('X1', { state: 'cancelled', since: day }),
        matter('Y1', { region: '510105' }),
      ],
    });
    expect(guideMatters(on, '510104', day).map(({ name }) => name)).toEqual(['区', '事项M2']);
  });

  it('tells “nothing is charged” from “nothing is known”', () => {
    expect(guideMatter(world, matter('M1'), undefined, 'working', [])).not.toHaveProperty('fees');
    expect(guideMatter(world, matter('M1', { fees: [] }), undefined, 'working', []).fees).toEqual([]);
    expect(
      guideMatter(world, matter('M1', { fees: [{ name: '工本费', amount: 5 }] }), undefined, 'working', []).fees,
    ).toEqual([{ name: '工本费', amount: 5 }]);
  });

  it('says whose business a matter is: windows and staff numbers, posts, and of a name its first character (QT-11)', () => {
    const [w1, w2] = ['w1', 'w2'].map((id) => world.windows.get(id)!);
    const staffed = {
      ...world,
      windows: new Map([
        ['w2', { ...w2!, number: '10', staff: '1001' }],
        ['w1', { ...w1!, number: '9', staff: '901' }],
        ['w3', { ...w1!, id: 'w3', number: '3', staff: '301', department: 'other' }],
        ['w4', { ...w1!, id: 'w4', number: '4', staff: '401', closedFrom: day }],
      ]),
    };
    const filedBy = { account: 'wang', name: '王', at: now - 2 };
    const leave = { id: 'p', kind: 'leave' as const, from: now - 1, until: now + 1, reason: '病假', filedBy };
    const windows = (records: Presence['records']) =>
      guideWindows(staffed, hall, w1!.department, [{ id: 'w1', records }], now).map(({ number, staff }) => [
        number,
        staff,
      ]);
    expect(windows([])).toEqual([
      ['9', '901'],
      ['10', '1001'],
    ]);
    expect(windows([{ ...leave, standIn: '李小芳' }])[0]).toEqual(['9', '李**']);
    expect(windows([leave])[0]).toEqual(['9', undefined]);
    expect(guideWindows(staffed, hall, undefined, [], now)).toEqual([]);
    const people = { handlers: ['工号0713', '张三', '张三丰'], approvers: ['王局长', '分管副局长', '王建国科长'] };
    const told = guideMatter(world, matter('M1', people), undefined, 'working', []);
    expect(told.duties).toEqual([
      { duty: 'handles', people: ['工号0713', '张**'] },
      { duty: 'approves', people: ['王局长', '分管副局长', '王**'] },
    ]);
    const record = { acceptors: ['0712'], handlers: [], reviewers: ['赵四'], approvers: [], section: '审批科' };
    expect(guideMatter(world, matter('M1', people), record as never, 'working', [])).toMatchObject({
      section: '审批科',
      duties: [
        { duty: 'accepts', people: ['0712'] },
        { duty: 'reviews', people: ['赵**'] },
      ],
    });
  });
});
