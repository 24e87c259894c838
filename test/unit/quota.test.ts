/** 四川 第六条（一） against a real month: October 2026 with its holiday of seven days and a Saturday that is worked instead. */
import { beforeAll, describe, expect, it } from 'vitest';
import { addDays, startOf, type WorkCalendar } from '../../hub/model/calendar.ts';
import type { RulePack } from '../../hub/model/pack.ts';
import { dutyAsNeeded, notAsNeeded, windowsOfLine } from '../../hub/model/line.ts';
import { dutiesOf, quotaOf, suggestedTimes } from '../../hub/model/quota.ts';
import { packPatrol, type PackPatrol } from '../../hub/model/quotaShape.ts';
import { supervisorOf, type Organ, type Region, type World } from '../../hub/model/world.ts';
import { readSeeds } from '../../seeds/files.ts';
import { calendarOf } from '../../seeds/load.ts';
import { smallWorld } from '../support/world.ts';

let calendar: WorkCalendar;
let sichuan: RulePack;
beforeAll(async () => {
  const seeds = await readSeeds();
  calendar = calendarOf(seeds.calendar);
  sichuan = seeds.packs.find(({ id }) => id === 'sichuan-2011')!;
});

const province = '510000';
const cities = ['510100', '510400', '511500'];
const counties = ['510104', '510107', '510421', '510422', '511523', '511524'];

/** An organ and a hall for each region. */
function sichuanWorld(change: { patrol?: Partial<PackPatrol>; calendar?: WorkCalendar } = {}): World {
  const level = (code: string): Region['level'] =>
    code === province ? 'province' : cities.includes(code) ? 'city' : 'county';
  const codes = [province, ...cities, ...counties];
  const pack = { ...sichuan, patrol: { ...sichuan.patrol, ...change.patrol } };
  return {
    ...smallWorld({ pack, calendar: change.calendar ?? calendar }),
    regions: new Map(codes.map((code) => [code, { code, level: level(code), name: code, demo: true }])),
    organs: new Map(codes.map((code) => [code, { id: code, region: code, name: code }])),
    halls: new Map(
      codes.map((code) => [`hall-${code}`, { id: `hall-${code}`, region: code, name: code, opens: 540, closes: 1020 }]),
    ),
  };
}

const october = Array.from({ length: 31 }, (_, index) => addDays('2026-10-01', index));
/** 1 to 7 October are off; Saturday the 10th is worked. */
const worked = [8, 9, 10, 12, 13, 14, 15, 16, 19, 20, 21, 22, 23, 26, 27, 28, 29, 30].map(
  (day) => `2026-10-${String(day).padStart(2, '0')}`,
);
const organOf = (world: World, region: string): Organ => world.organs.get(region)!;
/** `hall required`, of a day, without what is drawn. */
const owed = (world: World, region: string, day: string): string[] =>
  dutiesOf(world, organOf(world, region), day).map(({ hall, required }) => `${hall} ${required}`);

describe('四川 第六条（一）', () => {
  it.each([province, ...cities, ...counties])(
    '每个工作日对本级政务服务中心巡查2次以上: %s on the 18 working days of October 2026, and on no other (SC-11, SC-13, SC-14)',
    (region) => {
      const world = sichuanWorld();
      const days = october.filter((day) => owed(world, region, day).includes(`hall-${region} 2`));
      expect(days).toEqual(worked);
      expect(october.filter((day) => owed(world, region, day).length > 0)).toEqual(worked);
    },
  );

  it('省监察厅选择2个市(州)、8个县(市、区)巡查1次以上: to be drawn on each working day (SC-12)', () => {
    const world = sichuanWorld();
    for (const day of october) {
      const quota = quotaOf(world, organOf(world, province), day);
      if (!worked.includes(day)) expect(quota).toBeUndefined();
      else
        expect(quota!.draws.map(({ level, count, times, halls }) => [level, count, times, halls.length])).toEqual([
          ['city', 2, 1, 3],
          ['county', 8, 1, 6],
        ]);
    }
  });

  it('says so where there are fewer halls than to choose: all of them are visited', () => {
    const world = sichuanWorld();
    const chosen = counties.map((code) => `hall-${code}`);
    const candidates = chosen.map((hall) => ({ hall, days: 1 }));
    const lots = [{ level: 'county' as const, count: 8, candidates, chosen }];
    const drawn = dutiesOf(world, organOf(world, province), '2026-10-08', { lots, draw: 'd' });
    expect(drawn.filter(({ of }) => of === 'drawn').map(({ article }) => article)).toEqual(
      counties.map(() => '四川 第六条（共 6 个可选，全部巡查）'),
    );
  });

  it('市(州)监察局对县(市、区)政务服务中心巡查1次以上: each county of its own city (SC-13)', () => {
    expect(owed(sichuanWorld(), '510100', '2026-10-10')).toEqual(['hall-510100 2', 'hall-510104 1', 'hall-510107 1']);
    expect(owed(sichuanWorld(), '511500', '2026-10-12')).toEqual(['hall-511500 2', 'hall-511523 1', 'hall-511524 1']);
  });

  it('read the other way, any one county of the city is enough: one is drawn', () => {
    const any = sichuanWorld({ patrol: { others: [{ by: 'city', level: 'county', halls: 'any', times: 1 }] } });
    expect(owed(any, '510100', '2026-10-12')).toEqual(['hall-510100 2']);
    const [draw] = quotaOf(any, organOf(any, '510100'), '2026-10-12')!.draws;
    expect([draw!.count, draw!.halls.map(({ region }) => region)]).toEqual([1, ['510104', '510107']]);
  });

  it('县(市、区)监察局 owes nothing to other halls (SC-14)', () => {
    for (const region of counties) expect(owed(sichuanWorld(), region, '2026-10-12')).toEqual([`hall-${region} 2`]);
  });

  describe('各部门监察机构根据工作需要，对本部门窗口、下级部门窗口巡查 (SC-15)', () => {
    const day = '2026-10-12';
    const line: Organ = { id: 'line', region: '510100', name: '派驻住建部门', departments: ['510100-h', '510104-h'] };
    const lineWorld = (departments?: 'asNeeded' | 'none'): World => {
      const world = sichuanWorld({ patrol: { departments } });
      const window = (id: string, region: string, kind: string, closedFrom?: string) => ({
        ...{ id, hall: `hall-${region}`, number: id, name: id, department: `${region}-${kind}` },
        ...(closedFrom === undefined ? {} : { closedFrom }),
      });
      const windows = [
        window('w1', '510100', 'h'),
        window('w2', '510104', 'h'),
        window('w3', '510104', 'tax'),
        window('w4', '510107', 'h'),
        window('w5', '510104', 'h', day),
      ];
      return {
        ...world,
        organs: new Map([...world.organs, [line.id, line]]),
        windows: new Map(windows.map((each) => [each.id, each])),
      };
    };
    const asNeeded = (world: World, region: string, organ: Organ | undefined = line, on = day) =>
      dutyAsNeeded(world, organ, world.halls.get(`hall-${region}`)!, on);

    it('departments: no number is owed, nothing is drawn, and nothing of the region changes', () => {
      for (const each of october) {
        expect(quotaOf(lineWorld('asNeeded'), line, each)).toBeUndefined();
        expect(dutiesOf(lineWorld('asNeeded'), line, each)).toEqual([]);
      }
      for (const region of [province, ...cities])
        expect(owed(lineWorld('asNeeded'), region, day)).toEqual(owed(lineWorld('none'), region, day));
      expect(supervisorOf(lineWorld(), '510100')?.id).toBe('510100');
    });

    it('is a duty from the moment it is begun until the end of the day, of halls with a window of the line', () => {
      const world = lineWorld('asNeeded');
      expect(asNeeded(world, '510104')).toMatchObject({
        ...{
          kind: 'patrol.planned',
          region: '510100',
          organ: 'line',
          hall: 'hall-510104',
          of: 'asNeeded',
          required: 1,
        },
        ...{ dueAt: startOf(day) + 86_400_000 - 1, article: '四川 第六条（按需）' },
      });
      expect(asNeeded(world, '510104')).toEqual(asNeeded(world, '510104'));
      expect(windowsOfLine(world, line.departments!, day, 'hall-510104').map(({ id }) => id)).toEqual(['w2']);
      // On a day off as well: it is as the body needs it.
      expect(asNeeded(world, '510100', line, '2026-10-03')).toHaveProperty('kind');
      for (const region of ['510107', '510421', province])
        expect(asNeeded(world, region)).toEqual({ field: 'hall', reason: 'no window of the hall is of your line' });
    });

    it('is refused where the rules have none, and to organs without a line', () => {
      for (const departments of ['none', undefined] as const)
        expect(asNeeded(lineWorld(departments), '510104')).toEqual({ field: 'organ', reason: notAsNeeded });
      const world = lineWorld('asNeeded');
      expect(asNeeded(world, '510104', organOf(world, '510100'))).toHaveProperty('field', 'organ');
      expect(dutyAsNeeded(world, undefined, world.halls.get('hall-510104')!, day)).toHaveProperty('field', 'organ');
      expect(asNeeded(world, '510104', { ...line, closedFrom: day })).toHaveProperty('field', 'organ');
    });
  });

  it('carries nothing over: each day has its own duties, due that day', () => {
    const world = sichuanWorld();
    const plan = worked.flatMap((day) => dutiesOf(world, organOf(world, '510104'), day));
    expect(plan.map(({ required }) => required)).toEqual(worked.map(() => 2));
    expect(new Set(plan.map(({ duty }) => duty)).size).toBe(worked.length);
    for (const { day, opensAt, dueAt, riskAt } of plan) {
      expect(opensAt).toBe(startOf(day) + 9 * 3_600_000);
      expect(dueAt).toBe(startOf(day) + 17 * 3_600_000);
      expect(riskAt).toBe(startOf(day) + 16 * 3_600_000);
    }
  });

  it('asks nobody to visit a hall whose region has a day off of its own', () => {
    const closures = new Map([['510104', new Map([['2026-10-13', { working: false, name: '停办' }]])]]);
    const world = sichuanWorld({ calendar: { ...calendar, closures } });
    expect(owed(world, '510104', '2026-10-13')).toEqual([]);
    expect(owed(world, '510100', '2026-10-13')).toEqual(['hall-510100 2', 'hall-510107 1']);
    const [, draw] = quotaOf(world, organOf(world, province), '2026-10-13')!.draws;
    expect(draw!.halls.map(({ region }) => region)).not.toContain('510104');
  });

  it('asks for nothing on the day on which a hall or an organ is new and comes too late; a hub that was away owes all of it', () => {
    const world = sichuanWorld();
    const at = (hour: number, owedBefore: string[], remark?: string) => {
      const now = startOf('2026-10-13') + hour * 3_600_000;
      return dutiesOf(world, organOf(world, '510100'), '2026-10-13', {
        beginning: { now, owedBefore: new Set(owedBefore) },
        ...(remark === undefined ? {} : { demo: { now, remark } }),
      }).map(({ hall }) => hall);
    };
    const all = ['hall-510100', 'hall-510104', 'hall-510107'];
    expect(at(15, [])).toEqual(all);
    expect(at(18, [])).toEqual([]);
    expect(at(16, ['510100', '510100 hall-510100', '510100 hall-510107'])).toEqual(['hall-510100', 'hall-510107']);
    expect(at(18, ['510100', ...all.map((hall) => `510100 ${hall}`)])).toEqual(all);
    // All of a demonstration is new, and somebody may begin it in the last hour of a day.
    expect(at(23.5, [], '（演示）')).toEqual(all);
  });

  it('asks nobody to visit a hall that is there no more', () => {
    const world = sichuanWorld();
    const hall = world.halls.get('hall-510107')!;
    const closed = { ...world, halls: new Map([...world.halls, [hall.id, { ...hall, closedFrom: '2026-10-14' }]]) };
    expect(owed(closed, '510100', '2026-10-13')).toContain('hall-510107 1');
    expect(owed(closed, '510100', '2026-10-14')).not.toContain('hall-510107 1');
  });
});

describe('the patrol section of a pack', () => {
  const base = { own: 2, article: '第六条', dueBy: 1020, share: 0.8, secondsPerWindow: 10 };
  it.each([
    ['a level that is not below', { others: [{ by: 'city', level: 'city', halls: 1 }] }, 'others.0.level', 'below'],
    [
      'a level twice',
      {
        others: [
          { by: 'city', level: 'county', halls: 'each' },
          { by: 'city', level: 'county', halls: 1 },
        ],
      },
      'others.1',
      'twice',
    ],
    ['no hall', { others: [{ by: 'province', level: 'city', halls: 0 }] }, 'others.0.halls', ''],
    ['an alert in the last minute', { alert: { minutes: 0 } }, 'alert.minutes', ''],
  ])('names the field: %s', (_what, change, field, words) => {
    const [issue] = packPatrol.safeParse({ ...base, ...change }).error!.issues;
    expect(issue!.path.join('.')).toBe(field);
    expect(issue!.message).toContain(words);
  });

  it('has an alert of its usual levels, and none where nothing is said', () => {
    expect(packPatrol.parse({ ...base, alert: { minutes: 30 } }).alert).toEqual({
      minutes: 30,
      atRisk: 'notice',
      missed: 'warning',
    });
    expect(packPatrol.parse(base).alert).toBeUndefined();
  });
});

describe('the suggested times', () => {
  const hall = { opens: 9 * 60, closes: 17 * 60 };
  const load = (cases: Record<number, number>) => Array.from({ length: 24 }, (_, hour) => cases[hour] ?? 0);
  it.each([
    ['the busiest hour of each half of the day', load({ 9: 5, 10: 30, 11: 20, 14: 8, 15: 12 }), 2, [630, 930]],
    ['one visit: the busiest hour of the day', load({ 9: 5, 15: 12 }), 1, [930]],
    ['the same numbers tenfold say the same', load({ 9: 50, 15: 120 }), 1, [930]],
    ['nothing known: evenly', undefined, 2, [660, 900]],
    ['nothing known of the afternoon: its middle', load({ 10: 3 }), 2, [630, 900]],
    ['cases outside the opening hours do not count', load({ 3: 99, 20: 99 }), 1, [780]],
  ])('%s', (_what, cases, times, expected) => {
    expect(suggestedTimes(cases, hall, times)).toEqual(expected);
  });

  it('are none of a hall without opening hours, and never in its first or last minutes', () => {
    expect(suggestedTimes(undefined, { opens: 0, closes: 0 }, 2)).toEqual([]);
    expect(suggestedTimes(load({ 8: 9 }), { opens: 510, closes: 540 }, 1)).toEqual([525]);
  });
});
