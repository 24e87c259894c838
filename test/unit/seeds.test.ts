import { cp, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isProvisional, type WorkCalendar } from '../../hub/model/calendar.ts';
import { isClockRule } from '../../hub/model/pack.ts';
import { chainOf } from '../../hub/model/world.ts';
import { yearsFrom } from '../../seeds/calendar.ts';
import { readSeeds, seedsDir, type Seeds } from '../../seeds/files.ts';
import { calendarOf } from '../../seeds/load.ts';
import { scenes } from '../../seeds/scenes.ts';
import { removeFolder } from '../support/folder.ts';

let seeds: Seeds;
let calendar: WorkCalendar;
beforeAll(async () => {
  seeds = await readSeeds();
  calendar = calendarOf(seeds.calendar);
});

describe('the seed files', () => {
  it('hold a province, three cities, six counties and the trial area, each with an organ and, in Sichuan, a hall', () => {
    const sichuan = seeds.regions.filter((each) => each.code.startsWith('51'));
    expect(sichuan.map(({ level }) => level).sort()).toEqual([
      ...Array<string>(3).fill('city'),
      ...Array<string>(6).fill('county'),
      'province',
    ]);
    for (const { code, parent } of seeds.regions)
      expect(parent).toBe(chainOf(code)[1] === code ? undefined : chainOf(code)[1]);
    for (const { code } of sichuan) expect(seeds.halls.filter((hall) => hall.region === code)).toHaveLength(1);
    const supervisors = seeds.organs.filter(({ departments }) => departments === undefined);
    expect(supervisors.map(({ region }) => region).sort()).toEqual(seeds.regions.map(({ code }) => code).sort());
    // SC-15: one body of a department, with windows in three halls.
    const [housing, ...more] = seeds.organs.filter(({ departments }) => departments !== undefined);
    expect(more).toEqual([]);
    expect([...housing!.departments!].sort()).toEqual(['510100-housing', '510104-housing', '510107-housing']);
    expect(seeds.regions.every(({ demo }) => demo)).toBe(true);
  });

  it('give the demonstration hall twelve windows with twelve cameras that show twelve scenes', () => {
    const windows = seeds.windows.filter(({ hall }) => hall === 'hall-510104-1');
    expect(windows.map(({ number }) => number)).toEqual(
      Array.from({ length: 12 }, (_, index) => String(index + 1).padStart(2, '0')),
    );
    const cameras = seeds.cameras.filter(({ hall }) => hall === 'hall-510104-1');
    expect(new Set(cameras.map(({ window }) => window)).size).toBe(12);
    expect(cameras.map(({ view }) => view)).toEqual(scenes.map(({ name }) => name));
    expect(cameras.every(({ enabled }) => enabled)).toBe(true);
    const drawn = new Set(scenes.map(({ name }) => name));
    for (const { view } of seeds.cameras) expect(drawn).toContain(view);
  });

  it('hold 30 matters with limits that fit each other, and the one of the open log without any', () => {
    const matters = seeds.matters.filter(({ region }) => region === '510000');
    expect(matters).toHaveLength(30);
    for (const { promisedDays, statutoryDays, legalBasis, steps } of matters) {
      expect(promisedDays).toBeGreaterThan(0);
      expect(statutoryDays).toBeGreaterThanOrEqual(promisedDays!);
      expect(legalBasis).toBeTruthy();
      expect(steps.length).toBeGreaterThan(1);
    }
    const log = seeds.matters.find(({ region }) => region === '990000')!;
    expect([log.code, log.promisedDays, log.statutoryDays]).toEqual(['WABO-RECEIPT', undefined, undefined]);
  });

  it('name everything in English as well, and give nothing the same id', () => {
    const { regions, organs, departments, halls, windows, cameras, matters } = seeds;
    for (const list of [regions, organs, departments, halls, windows, cameras, matters]) {
      for (const each of list) expect(each.nameEn, each.name).toMatch(/^[\x20-\x7e]+$/);
      const ids = list.map((each) => ('id' in each ? each.id : each.code));
      expect(new Set(ids).size).toBe(ids.length);
    }
  });

  it('cite an article for every rule and quota', () => {
    const [trial, sichuan] = seeds.packs;
    expect([trial!.id, trial!.clock.unit, trial!.patrol.own]).toEqual(['open-log-trial', 'calendar', 0]);
    expect([sichuan!.id, sichuan!.clock.unit, sichuan!.patrol.own]).toEqual(['sichuan-2011', 'working', 2]);
    expect(sichuan!.patrol).toMatchObject({ article: '四川 第六条', dueBy: 17 * 60, share: 0.8 });
    expect(sichuan!.rules.map((rule) => `${rule.when} ${isClockRule(rule) ? rule.deadline : ''}`).sort()).toEqual([
      'dueToday promised',
      'dueToday statutory',
      'impossibleThroughput ',
      'matterNotLive ',
      'noCases ',
      'overdue promised',
      'overdue statutory',
      'suddenDrop ',
    ]);
    for (const { article } of seeds.packs.flatMap(({ rules }) => rules)) expect(article).toMatch(/第.+条|试验规则/);
    expect([...new Set(sichuan!.findings.map(({ group }) => group))].join('')).toBe('ABCDEFGH');
  });
});

describe('a broken seed file', () => {
  let dir: string;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'hallwatch-seeds-'));
    for (const each of ['regions.yaml', 'departments.yaml', 'halls.yaml', 'matters.yaml', 'packs', 'calendar']) {
      await cp(join(seedsDir(), each), join(dir, each), { recursive: true });
    }
  });
  afterAll(() => removeFolder(dir));

  const breaks: [file: string, from: string | RegExp, to: string, said: string][] = [
    [
      'halls.yaml',
      'department: tax, clerk',
      'department: moon, clerk',
      'halls.yaml: halls.0.windows.7.department: no department moon',
    ],
    ['halls.yaml', "opens: '09:00'", "opens: '25:00'", 'halls.yaml: halls.0.opens: expected a time'],
    ['halls.yaml', "region: '510104'", "region: '510105'", 'halls.yaml: halls.0.region: no region 510105'],
    ['halls.yaml', 'view: window-08', 'view: window-08, recording: often', 'halls.yaml: halls.0.windows.7.recording: '],
    [
      'halls.yaml',
      'view: window-08',
      "view: window-08, sub: '../x'",
      'halls.yaml: halls.0.windows.7.sub: expected small',
    ],
    ['matters.yaml', 'promisedDays: 1', 'promisedDays: soon', 'matters.yaml: matters.0.promisedDays: '],
    ['matters.yaml', 'itemClass: instant', 'itemKlass: instant', 'itemKlass'],
    ['packs/sichuan-2011.yaml', 'unit: working', 'unit: lunar', 'packs/sichuan-2011.yaml: clock.unit: '],
    ['calendar/2026.json', '"2026-01-01"', '"2026-01-32"', 'calendar/2026.json: days.0.day: '],
    ['regions.yaml', 'regions:', 'regions: [', 'regions.yaml: '],
  ];
  it('is none that says when a camera is recorded and which smaller stream it has', async () => {
    const whole = await readFile(join(dir, 'halls.yaml'), 'utf8');
    const said = whole.replace('view: window-08', 'view: window-08, sub: window-08-small, recording: always');
    await writeFile(join(dir, 'halls.yaml'), said);
    try {
      const { cameras } = await readSeeds(dir);
      const [told, other] = ['cam-510104-1-08', 'cam-510104-1-09'].map((id) => cameras.find((each) => each.id === id));
      expect(told).toMatchObject({ view: 'window-08', subView: 'window-08-small', recording: 'always' });
      expect(other).toMatchObject({ recording: 'watched' });
      expect(other).not.toHaveProperty('subView');
    } finally {
      await writeFile(join(dir, 'halls.yaml'), whole);
    }
  });

  it.each(breaks)('%s: %s → %s', async (file, from, to, said) => {
    const whole = await readFile(join(dir, file), 'utf8');
    const broken = whole.replace(from, to);
    expect(broken).not.toBe(whole);
    await writeFile(join(dir, file), broken);
    try {
      await expect(readSeeds(dir)).rejects.toThrow(said);
    } finally {
      await writeFile(join(dir, file), whole);
    }
  });
});

describe('the working calendar', () => {
  it('is published for 2004 to 2026 and provisional from 2027 on', () => {
    expect([...calendar.years].sort()).toEqual(Array.from({ length: 23 }, (_, index) => 2004 + index));
    expect([isProvisional(calendar, '2026-12-31'), isProvisional(calendar, '2027-01-01')]).toEqual([false, true]);
  });

  it('is what the package chinese-days says', async () => {
    const file = join(dirname(createRequire(import.meta.url).resolve('chinese-days')), 'chinese-days.json');
    const again = yearsFrom(JSON.parse(await readFile(file, 'utf8')), seeds.calendar[0]!.source, 2004, 2027);
    expect(seeds.calendar).toEqual(again);
  });
});
