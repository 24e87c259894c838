import { emptyCalendar, type WorkCalendar } from '../../hub/model/calendar.ts';
import { levels, rulePack, type RulePack } from '../../hub/model/pack.ts';
import { matterKey, type Matter, type World } from '../../hub/model/world.ts';

const both = (text: string) => ({ zh: text, en: text });

/** A small pack for tests: due today and overdue by the promised, overdue by the statutory deadline. */
export function packFor(region: string, change: Partial<RulePack> = {}): RulePack {
  const colours = ['green', 'yellow', 'orange', 'red'];
  return rulePack.parse({
    id: `pack-${region}`,
    title: both('Test pack'),
    region,
    version: 1,
    effectiveFrom: '2000-01-01',
    source: 'invented for tests',
    clock: { unit: 'working', begins: 'nextDay' },
    levels: Object.fromEntries(levels.map((level, index) => [level, { word: both(level), colour: colours[index] }])),
    rules: [
      {
        id: 'due-today',
        title: both('Due today'),
        article: 'art. 10',
        level: 'notice',
        deadline: 'promised',
        when: 'dueToday',
        message: both('{matter} {casefile} is due on {due}'),
      },
      {
        id: 'over-promised',
        title: both('Over the promised limit'),
        article: 'art. 11',
        level: 'correction',
        deadline: 'promised',
        when: 'overdue',
        message: both('{matter} {casefile} was due on {due}, over by {over}'),
      },
      {
        id: 'over-statutory',
        title: both('Over the statutory limit'),
        article: 'art. 12',
        level: 'serious',
        deadline: 'statutory',
        when: 'overdue',
        message: both('{casefile} {over}'),
      },
    ],
    patrol: { own: 2, article: 'art. 6', dueBy: 17 * 60, share: 0.5, secondsPerWindow: 10 },
    findings: [{ code: 'B1', group: 'B', title: both('Phone') }],
    ...change,
  });
}

/** One county (510104) with a hall of two windows and the matter M1: promised 5 days, statutory 10. */
export function smallWorld(change: { pack?: RulePack; calendar?: WorkCalendar; matters?: Matter[] } = {}): World {
  const region = { code: '510104', level: 'county' as const, name: '锦江区', demo: true };
  const matter: Matter = {
    code: 'M1',
    region: '510104',
    name: '事项',
    businessType: 'approval',
    itemClass: 'promised',
    promisedDays: 5,
    statutoryDays: 10,
    steps: [],
    department: 'd1',
  };
  const pack = change.pack ?? packFor('510104');
  return {
    regions: new Map([[region.code, region]]),
    organs: new Map([['organ-1', { id: 'organ-1', region: '510104', name: '锦江区监察局' }]]),
    departments: new Map([['d1', { id: 'd1', region: '510104', name: '市场监管局' }]]),
    halls: new Map([['hall-1', { id: 'hall-1', region: '510104', name: '政务服务中心', opens: 540, closes: 1020 }]]),
    windows: new Map(
      ['1', '2'].map((number) => [
        `w${number}`,
        { id: `w${number}`, hall: 'hall-1', number, name: `${number}号窗口`, department: 'd1' },
      ]),
    ),
    cameras: new Map(
      ['1', '2'].map((number) => [
        `c${number}`,
        { id: `c${number}`, hall: 'hall-1', window: `w${number}`, name: number, enabled: true },
      ]),
    ),
    matters: new Map((change.matters ?? [matter]).map((each) => [matterKey(each.region, each.code), each])),
    packs: new Map([[pack.id, pack]]),
    contacts: new Map(),
    calendar: change.calendar ?? emptyCalendar,
  };
}
