import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkPackFile } from '../../hub/cli/packs.ts';
import { startOf, type WorkCalendar } from '../../hub/model/calendar.ts';
import type { Event } from '../../hub/model/event.ts';
import { levels, type RulePack } from '../../hub/model/pack.ts';
import { inherit } from '../../hub/model/parents.ts';
import { readSeeds, seedsDir } from '../../seeds/files.ts';
import { calendarOf } from '../../seeds/load.ts';
import { checkPack, finder, packFolders, readPacks } from '../../seeds/packs.ts';
import { Play } from '../support/play.ts';
import { smallWorld } from '../support/world.ts';
import { removeFolder } from '../support/folder.ts';

let library: RulePack[];
let calendar: WorkCalendar;
beforeAll(async () => {
  library = await readPacks(seedsDir(), 'library');
  calendar = calendarOf((await readSeeds()).calendar);
});
const packOf = (id: string) => library.find((each) => each.id === id)!;

const at = (day: string, time = '10:00') =>
  startOf(day) + (Number(time.slice(0, 2)) * 60 + Number(time.slice(3))) * 60_000;
type Step = [day: string, kind: Event['kind'], more?: object];

/** What the region's lamps say, in its own words, day by day, to a matter of 10 working days by promise and 20 by law. */
function lamps(pack: RulePack, steps: Step[], until: string): string[] {
  const region = '510104';
  const matter = {
    code: 'M1',
    region,
    name: '事项',
    businessType: 'approval' as const,
    itemClass: 'promised' as const,
    promisedDays: 10,
    statutoryDays: 20,
    steps: ['受理', '审核', '决定'],
    department: 'd1',
  };
  const play = new Play(smallWorld({ pack: { ...pack, region }, calendar, matters: [matter] }));
  steps.forEach(([day, kind, more], index) => {
    play.turnUntil(at(day) - 1);
    const opening = kind === 'case.accepted' ? { matter: 'M1' } : {};
    const event = {
      kind,
      id: `e${index}`,
      region,
      source: 'test',
      ...(kind === 'irregularity.measured' ? { day } : { casefile: '1' }),
      occurredAt: at(day),
      ...opening,
      ...more,
    };
    expect(play.tell(event as Event).refused).toBeUndefined();
  });
  play.turnUntil(at(until));
  return [...play.signals.values()].map((signal) => {
    const { word, colour } = pack.levels[signal.level];
    const day = new Date(signal.at + 8 * 3_600_000).toISOString().slice(5, 10);
    return `${day} ${colour} ${word.zh}${signal.state === 'draft' ? '（待发）' : ''} ${signal.article}`;
  });
}

describe('the same events under two packs', () => {
  // C-02: yellow warns in 七台河 before the limit and corrects in 深圳 after it; green is only in 深圳.
  const accepted: Step = ['2011-03-01', 'case.accepted'];
  const reviewed: Step = ['2011-03-04', 'case.stepped', { step: '审核' }];
  const table: [what: string, steps: Step[], until: string, shenzhen: string[], qitaihe: string[]][] = [
    ['decided in time', [accepted, reviewed, ['2011-03-07', 'case.completed']], '2011-05-01', [], []],
    [
      'three working days before the promised day, 2011-03-15',
      [accepted],
      '2011-03-11',
      [],
      ['03-10 yellow 黄灯预警 七台河 办理时限剩余3天亮黄灯并督办'],
    ],
    [
      'on the statutory due day, 2011-03-29',
      [accepted],
      '2011-03-29',
      ['03-29 green 绿色预警信号 深圳 第十条'],
      ['03-10 yellow 黄灯预警 七台河 办理时限剩余3天亮黄灯并督办'],
    ],
    [
      'the day after the statutory due day',
      [accepted],
      '2011-03-30',
      ['03-29 green 绿色预警信号 深圳 第十条', '03-30 yellow 黄色纠错信号（待发） 深圳 第十一条（二）'],
      [
        '03-10 yellow 黄灯预警 七台河 办理时限剩余3天亮黄灯并督办',
        '03-30 red 红灯示警 七台河 法定限期内未办结亮红灯、扣分并查处',
      ],
    ],
    [
      'denied in time without a reason',
      [accepted, reviewed, ['2011-03-07', 'case.decided', { outcome: 'denied' }], ['2011-03-07', 'case.completed']],
      '2011-03-08',
      ['03-07 yellow 黄色纠错信号（待发） 深圳 第十一条（六）', '03-07 green 绿色预警信号（待发） 深圳 第九条（二）'],
      [],
    ],
    [
      'corrections asked for twice',
      [
        ['2011-02-28', 'case.correctionRequested'],
        ['2011-03-01', 'case.correctionRequested'],
      ],
      '2011-03-02',
      ['02-28 green 绿色预警信号（待发） 深圳 第九条（三）', '03-01 yellow 黄色纠错信号（待发） 深圳 第十一条（五）'],
      [],
    ],
    [
      'completed without the review that the matter publishes',
      [accepted, ['2011-03-07', 'case.completed']],
      '2011-03-08',
      ['03-07 red 红色纠错信号（待发） 深圳 第十二条（三）'],
      ['03-07 yellow 黄灯预警（待发） 七台河 办事流程刚性、工作人员不能随便决定操作'],
    ],
    [
      'accepted by another department than the matter is given to',
      [['2011-03-01', 'case.accepted', { department: 'd9' }]],
      '2011-03-02',
      ['03-01 red 红色纠错信号（待发） 深圳 第十二条（五）'],
      [],
    ],
    [
      'every step in one second, by one account',
      [
        ['2011-03-01', 'case.accepted', { handler: '7' }],
        ['2011-03-01', 'case.stepped', { step: '审核', handler: '7' }],
        ['2011-03-01', 'case.decided', { outcome: 'approved', handler: '7' }],
        ['2011-03-01', 'case.completed', { handler: '7' }],
      ],
      '2011-03-02',
      [],
      [
        '03-01 green 核实（待发） 七台河 问题三（虚拟运行）；秒数为演示设定',
        '03-01 green 核实（待发） 七台河 问题三（虚拟运行）；数值为演示设定',
        '03-01 green 核实（待发） 七台河 问题三（虚拟运行）；数值为演示设定',
      ],
    ],
    // P1, P2, P3: 双轨运行, 虚拟运行 and 选择性运行 are words of 七台河 alone.
    ...(
      [
        ['no case for twenty working days', 'noCases', { matter: 'M1' }, { idle: 20, previous: 19 }, '双轨运行'],
        ['half of the usual cases', 'suddenDrop', { matter: 'M1' }, { cases: 5, median: 10, percent: 50 }, '双轨运行'],
        ['three numbers missing', 'numberGap', { department: 'd1' }, { missing: 3, first: '4', last: '9' }, '双轨运行'],
        [
          '31 cases in an hour',
          'impossibleThroughput',
          { handler: '7' },
          { cases: 31, hour: '2011-03-01 10:00' },
          '虚拟运行',
        ],
        ['three of five matters', 'coverage', { department: 'd1' }, { live: 5, covered: 3, percent: 60 }, '选择性运行'],
      ] as const
    ).map(([what, measure, subject, figures, problem]): (typeof table)[number] => [
      `measured: ${what}`,
      [['2011-03-01', 'irregularity.measured', { measure, figures, ...subject }]],
      '2011-03-02',
      [],
      [`03-01 yellow 黄灯预警（待发） 七台河 问题三（${problem}）；数值为演示设定`],
    ]),
  ];
  it.each(table)('%s', (_, steps, until, shenzhen, qitaihe) => {
    expect({
      深圳: lamps(packOf('shenzhen-2007'), steps, until),
      七台河: lamps(packOf('qitaihe'), steps, until),
    }).toEqual({ 深圳: shenzhen, 七台河: qitaihe });
  });
});

describe('the packs of eight regions', () => {
  it('are there, each with rules that cite an article', async () => {
    const packs = [...(await readSeeds()).packs, ...library];
    const regions = ['330324', '411502', '440600', '445200', '230900', '990100', '440300', '510000'];
    for (const region of regions) {
      const pack = packs.find((each) => each.region === region);
      expect(pack?.rules.length, region).toBeGreaterThan(0);
      for (const { article } of [...pack!.rules, ...pack!.byHand]) expect(article.length).toBeGreaterThan(4);
      expect(pack!.byHand.length, region).toBeGreaterThan(0);
      for (const level of levels) expect(pack!.levels[level].word.zh).toBeTruthy();
    }
  });

  it('are no part of the demonstration but for 四川', async () => {
    expect((await readSeeds()).packs.map(({ id }) => id)).toEqual(['open-log-trial', 'sichuan-2011']);
  });

  // Each contradiction of 1.X.12 is data: the setting differs between two packs, or one has it and another has not.
  it.each<[string, (pack: RulePack) => unknown]>([
    ['C-01', (pack) => pack.settings?.functions?.has],
    ['C-02', (pack) => pack.levels.correction],
    ['C-03', (pack) => pack.settings?.flow?.nodes],
    ['C-04', (pack) => pack.settings?.flow?.strict],
    ['C-05', (pack) => pack.matters?.promised],
    ['C-06', (pack) => pack.rules.map((rule) => (rule.when === 'remaining' ? [rule.days, rule.unit] : []))],
    ['C-07', (pack) => pack.rules.map(({ issue }) => issue)],
    ['C-08', (pack) => pack.settings?.responsible?.addressee],
    ['C-09', (pack) => pack.settings?.deduction?.on],
    ['C-10', (pack) => pack.settings?.evaluation?.periods],
    ['C-11', (pack) => pack.settings?.evaluation?.marks],
    ['C-12', (pack) => pack.settings?.publication?.audiences],
    ['C-13', (pack) => pack.settings?.scope?.kinds],
    ['C-14', (pack) => pack.settings?.network?.levels],
    ['C-15', (pack) => pack.settings?.connectors?.kinds],
    ['C-16', (pack) => pack.settings?.dataChange?.approval],
    ['C-17', (pack) => pack.settings?.evidence?.openScores],
    ['C-18', (pack) => pack.settings?.complaints?.acceptWithin],
    ['C-19', (pack) => pack.settings?.supervised?.days],
    ['C-20', (pack) => pack.settings?.reports?.map(({ every }) => every)],
    ['C-21', (pack) => pack.patrol.own],
    ['C-22', (pack) => pack.settings?.synonyms],
    ['XY-09', (pack) => pack.trial],
  ])('differ in %s', async (_, setting) => {
    const packs = [...(await readSeeds()).packs, ...library];
    expect(new Set(packs.map((pack) => JSON.stringify(setting(pack)))).size).toBeGreaterThan(1);
  });
});

describe('a parent', () => {
  const find = (id: string) =>
    ({
      base: { id: 'base', rules: [1], clock: 'c', trial: true, settings: { a: 1, b: 1 } },
      a: { id: 'a', parent: 'b' },
      b: { id: 'b', parent: 'a' },
    })[id];

  it('gives the sections the child has not, its settings one by one, and nothing it says of itself', () => {
    expect(inherit({ id: 'x', parent: 'base', rules: [], settings: { b: 2 } }, find)).toEqual({
      ok: true,
      value: { id: 'x', parent: 'base', rules: [], clock: 'c', settings: { a: 1, b: 2 } },
    });
  });

  it.each([
    ['nobody', 'no pack nobody'],
    ['a', 'a is its own ancestor'],
  ])('%s is refused: %s', (parent, reason) => {
    expect(inherit({ id: 'x', parent }, find)).toEqual({ ok: false, reason });
  });
});

/** Each line holds the one before nine times. */
const bomb = (): string =>
  [
    'a0: &a0 [x]',
    ...Array.from({ length: 9 }, (_, n) => `a${n + 1}: &a${n + 1} [${Array(9).fill(`*a${n}`).join(', ')}]`),
  ].join('\n');

/** A ninth region that nobody wrote code for. */
const ninth = `
id: peach-spring
parent: shenzhen-2007
title: { zh: 桃源县规则, en: Peach Spring }
region: '439900'
version: 1
effectiveFrom: '2010-01-01'
source: 为测试虚构的第九个地区。
clock: { unit: calendar, begins: sameDay }
levels:
  notice: { word: { zh: 蓝灯, en: Blue }, colour: green }
  warning: { word: { zh: 橙灯, en: Orange }, colour: orange }
  correction: { word: { zh: 红灯, en: Red }, colour: red }
  serious: { word: { zh: 红灯, en: Red }, colour: red }
rules:
  - id: five-left
    title: { zh: 剩余五日, en: Five days left }
    article: 桃源 第三条
    level: warning
    when: remaining
    deadline: promised
    days: 5
    message: { zh: '{matter}还剩 {left} 日', en: '{matter}: {left} days left' }
  - id: court
    title: { zh: 引起诉讼, en: Went to court }
    article: 桃源 第四条
    level: notice
    when: happened
    what: [appealed, resultRevoked]
    message: { zh: '{matter}：{what}', en: '{matter}: {what}' }
  - id: empty
    title: { zh: 无办件, en: No cases }
    article: 桃源 第五条
    level: correction
    when: noCases
    days: 10
    message: { zh: '{subject}已 {idle} 个工作日无办件', en: '{subject}: {idle} working days without a case' }
byHand:
  - { id: lazy, article: 桃源 第六条, title: { zh: 懒政, en: Idle officials }, level: serious }
`;

describe('a new region', () => {
  let seeds: string;
  beforeAll(async () => {
    seeds = await mkdtemp(join(tmpdir(), 'hallwatch-packs-'));
    await cp(join(seedsDir(), 'packs'), join(seeds, 'packs'), { recursive: true });
    await writeFile(join(seeds, 'packs', 'peach-spring.yaml'), ninth);
  });
  afterAll(() => removeFolder(seeds));

  it('is one YAML file: its own clock and lamps, the rest its parent’s', async () => {
    const pack = (await readPacks(seeds)).find(({ id }) => id === 'peach-spring')!;
    expect(pack.settings?.complaints?.acceptWithin).toBe(5);
    expect(pack.findings).toEqual(packOf('common').findings);
    // Ten calendar days from 1 March, that day among them: due on the 10th.
    expect(lamps(pack, [['2011-03-01', 'case.accepted']], '2011-03-20')).toEqual(['03-05 orange 橙灯 桃源 第三条']);
    const appealed: Step = ['2011-03-03', 'case.appealed', { by: 'litigation' }];
    const measured: Step = [
      '2011-03-02',
      'irregularity.measured',
      { measure: 'noCases', matter: 'M1', figures: { idle: 10, previous: 9 } },
    ];
    expect(lamps(pack, [['2011-03-01', 'case.accepted'], measured, appealed], '2011-03-03')).toEqual([
      '03-02 red 红灯 桃源 第五条',
      '03-03 green 蓝灯 桃源 第四条',
    ]);
    expect(pack.byHand).toMatchObject([{ id: 'lazy', level: 'serious', evidence: 'required' }]);
  });

  it('is refused when another pack has its id', async () => {
    const copy = join(seeds, 'packs', 'second.yaml');
    await writeFile(copy, ninth);
    await expect(readPacks(seeds)).rejects.toThrow('there is another pack peach-spring');
    await rm(copy);
  });
});

describe('hallwatch packs check', () => {
  const check = async (content: string): Promise<string[]> => {
    const checked = checkPack(content, await finder(packFolders(seedsDir())));
    return checked.ok ? [] : checked.mistakes.map(({ line, place, message }) => `${line} ${place}: ${message}`);
  };
  const lineOf = (content: string, words: string) => content.slice(0, content.indexOf(words)).split('\n').length;

  it('finds nothing in a good pack', async () => {
    expect(await check(ninth)).toEqual([]);
  });

  it.each<[what: string, from: string, to: string, at: string, said: RegExp]>([
    ['an unknown key', 'version: 1', 'version: 1\nlamp: green', 'lamp:', /^lamp: unknown key$/],
    ['an unknown key in a rule', 'days: 5', 'days: 5\n    hours: 1', 'hours:', /^rules\.0\.hours: unknown key$/],
    ['a level that is none', 'level: warning', 'level: amber', 'level: amber', /^rules\.0\.level: .*"notice"/],
    ['a condition that is none', 'when: remaining', 'when: full-moon', 'when: full', /^rules\.0\.when: .*remaining/],
    ['a number out of bounds', 'days: 5', 'days: 500', 'days: 500', /^rules\.0\.days: .*60/],
    ['a happening that is none', '[appealed, ', '[eclipsed, ', 'what: [', /^rules\.1\.what\.0: .*"declined"/],
    ['a measure without its threshold', '    days: 10\n', '', '- id: empty', /^rules\.2\.days: /],
    [
      'a word that a measure does not know',
      '{subject}已',
      '{casefile}已',
      "message: { zh: '{casefile}",
      /message\.zh: \{casefile\} is not filled in; expected \{subject\}, \{day\}, \{idle\}/,
    ],
    ['a level by hand that is none', 'level: serious }', 'level: grim }', '- { id: lazy', /^byHand\.0\.level: /],
    [
      'late entry that nothing flags',
      'clock: {',
      'settings: { dataChange: { article: 第一条, approval: none, backfill: flagged } }\nclock: {',
      'settings: {',
      /^settings\.dataChange\.backfill: flagged needs a rule entryLag or backfilled/,
    ],
    ['a colour in one line', 'colour: orange', 'colour: pink', 'warning: {', /^levels\.warning\.colour: /],
    ['a missing section', 'source: 为测试虚构的第九个地区。\n', '', 'id:', /^source: /],
    [
      'a word that is not filled in',
      '{left} 日',
      '{leaf} 日',
      "zh: '{matter}",
      /message\.zh: \{leaf\} is not filled in; expected/,
    ],
    ['a parent that is nowhere', 'parent: shenzhen-2007', 'parent: moon', 'parent:', /^parent: no pack moon$/],
    ['a day that is none', "'2010-01-01'", "'2010-02-30'", 'effectiveFrom', /^effectiveFrom: /],
    [
      'an end before the beginning',
      'version: 1',
      "version: 1\neffectiveTo: '2009-01-01'",
      'effectiveTo',
      /^effectiveTo: expected a day from 2010/,
    ],
    ['broken YAML', 'title: {', 'title: [', 'title:', /^\(top\): /],
  ])('names %s with its line', async (_, from, to, where, said) => {
    const broken = ninth.replace(from, to);
    expect(broken).not.toBe(ninth);
    const mistakes = await check(broken);
    const line = lineOf(broken, where);
    expect(mistakes[0]).toMatch(said.source.startsWith('^') ? new RegExp(`^${line} ${said.source.slice(1)}`) : said);
    expect(Number(mistakes[0]!.split(' ')[0])).toBe(line);
  });

  it('names them all at once, in the order of the lines', async () => {
    const broken = ninth
      .replace('version: 1', 'version: one')
      .replace('days: 5', 'days: 500')
      .replace('{left} 日', '{x}');
    expect((await check(broken)).map((each) => each.split(' ')[1])).toEqual([
      'version:',
      'rules.0.days:',
      'rules.0.message.zh:',
    ]);
  });

  it.each([
    ['nothing at all', '', /^1 \(top\): .*expected object/],
    ['a list', '- 1', /^1 \(top\): .*expected object/],
    ['an alias of nothing', 'id: *moon', /moon/],
    ['aliases that unfold without end', bomb(), /^1 \(top\): .*alias/i],
  ])('survives %s', async (_, content, said) => {
    expect((await check(content))[0]).toMatch(said);
  });

  it('finds a rule that is there twice, and step rules without a flow', async () => {
    const common = await readFile(join(seedsDir(), 'packs', 'library', 'common.yaml'), 'utf8');
    const rule = (id: string) =>
      `  - { id: ${id}, title: { zh: 甲, en: A }, article: 第一条, level: notice, when: stepMissing, message: { zh: 甲, en: A } }\n`;
    expect(
      (await check(common.replace('rules: []', `rules:\n${rule('a')}${rule('a')}`))).map((each) =>
        each.replace(/^\d+ /, ''),
      ),
    ).toEqual([
      'rules.0.when: stepMissing needs settings.flow, which says what is monitored',
      'rules.1.id: a is there twice',
      'rules.1.when: stepMissing needs settings.flow, which says what is monitored',
    ]);
  });

  it('answers the command line: false for a bad file, true for a good one', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'hallwatch-check-'));
    try {
      await writeFile(join(dir, 'good.yaml'), ninth);
      await writeFile(join(dir, 'bad.yaml'), ninth.replace('days: 5', 'days: -1'));
      expect(await checkPackFile(join(dir, 'good.yaml'))).toBe(true);
      expect(await checkPackFile(join(dir, 'bad.yaml'))).toBe(false);
      await expect(checkPackFile(join(dir, 'none.yaml'))).rejects.toThrow('cannot be read');
    } finally {
      await removeFolder(dir);
    }
  });
});
