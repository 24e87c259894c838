import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { columns } from '../../ingest/matters/columns.ts';
import { readMattersAside, readPublishedAside } from '../../ingest/matters/aside.ts';
import { readMatters, readPublished } from '../../ingest/matters/read.ts';
import { mattersFile, writeMatters, writeTemplate } from '../../ingest/matters/write.ts';
import { fillTemplate, recordOf } from '../support/matters.ts';
import { removeFolder } from '../support/folder.ts';

const options = { region: '510104', promised: 'earlier' as const, departments: new Set(['510104-market']) };
let folder: string;
const path = (name: string): string => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hallwatch-matters-'));
  await writeTemplate(path('template.xlsx'));
});
afterAll(() => removeFolder(folder));

describe('the matters file', () => {
  it('has an example for every column, and the examples together are a matter', async () => {
    await fillTemplate(path('template.xlsx'), path('filled.xlsx'), [{}]);
    const { rows, faults } = await readMatters(path('filled.xlsx'), options);
    expect(faults).toEqual([]);
    expect(rows).toHaveLength(1);
    expect(rows[0]!.value).toMatchObject({
      code: 'SC-101',
      region: '510104',
      department: '510104-market',
      applicants: ['enterprise', 'person'],
      statutoryDays: 20,
      promisedDays: 7,
      parent: null,
      attachments: [],
      fees: [{ name: '工本费', amount: 10, unit: '本', basis: '收费目录 第 3 项' }],
    });
    expect(
      columns.every(({ title, article, example }) => title && /^(XY|SZ|JY|FS|KF)-\d+$/.test(article) && example),
    ).toBe(true);
  });

  it.each(['xlsx', 'csv'])('gives back as %s what was written', async (ending) => {
    const odd = recordOf({ code: '007', name: '=1+1, "甲"', conditions: '一，\n二', seal: '-', section: '＝审核科' });
    await writeMatters(path(`round.${ending}`), [recordOf(), odd]);
    const { rows, faults } = await readMatters(path(`round.${ending}`), options);
    expect(faults).toEqual([]);
    expect(rows.map(({ value }) => value)).toEqual([recordOf(), odd]);
  });

  it('writes no cell into CSV that a spreadsheet takes for a formula', async () => {
    await writeMatters(path('formula.csv'), [recordOf({ name: '=HYPERLINK("x")' })]);
    expect(await readFile(path('formula.csv'), 'utf8')).toContain(`"'=HYPERLINK(""x"")"`);
    expect((await mattersFile('csv', [recordOf({ name: '＝1+1' })])).toString()).toContain(`,'＝1+1,`);
  });

  it('tells every faulty cell by row, column and what was expected', async () => {
    await fillTemplate(path('template.xlsx'), path('faulty.xlsx'), [
      { 事项编码: 'A', 承诺时限: '七天', 申报条件: '', 申请人类别: '企业；狗', 状态起始日: '2026-02-30' },
      { 事项编码: 'B' },
      { 事项编码: 'B' },
      { 事项编码: 'C', 审批程序: '受理|受理|陈五', 收费项目: '工本费|贵|本|无', 密级: '无', 并联审批: '也许' },
      { 事项编码: 'D', 承诺时限: 20, 部门代码: 'nobody' },
      { 事项编码: 'E', 状态起始日: '2026-02-30' },
      { 事项编码: '无' },
    ]);
    const { rows, faults, faultCount } = await readMatters(path('faulty.xlsx'), options);
    expect(rows.map(({ row, value }) => [row, value.code])).toEqual([[3, 'B']]);
    expect(faultCount).toBe(faults.length);
    expect(faults.map(({ row, column, expected }) => `${row} ${column}: ${expected}`)).toEqual([
      '2 申请人类别: one of 企业, 个人, 其他 as item 2; got "企业；狗"',
      '2 承诺时限: a whole number such as 20, or 无; got "七天"',
      '2 申报条件: text, or 无; a blank is a mistake (XY-68)',
      '4 事项编码: one row for each code; B stands in row 3',
      '5 并联审批: one of 是, 否; got "也许"',
      '5 审批程序: 环节名称|类型|责任人|时限 with all 4 parts as item 1; got "受理|受理|陈五"',
      '5 收费项目: yuan such as 12.50, or 无 as 金额 as item 1; got "工本费|贵|本|无"',
      '5 密级: one of 公开, 秘密, 机密, 绝密; got "无"',
      '6 承诺时限: less than the statutory 20 days (XY-62, C-05)',
      '6 部门代码: a department there is; nobody is not known',
      '7 状态起始日: a day such as 2026-01-01',
      '8 事项编码: text other than 无; got "无"',
    ]);
    // Those who fill in the form read Chinese.
    expect(faults.map(({ expectedZh }) => expectedZh)).toEqual([
      '企业、个人、其他；多项用分号或换行分开；现为“企业；狗”',
      '整数；没有的填“无”；现为“七天”',
      '文字；没有的填“无”；不能留空（XY-68）',
      '每个编码一行，B 已在第 3 行',
      '是、否；现为“也许”',
      expect.stringContaining('环节名称|类型|责任人|时限'),
      expect.stringContaining('现为“工本费|贵|本|无”'),
      '公开、秘密、机密、绝密；现为“无”',
      '应短于法定的 20 天（XY-62）',
      '已登记的部门代码，没有“nobody”',
      '日期，如 2026-01-01',
      '文字；现为“无”',
    ]);
  });

  it('bounds the list of mistakes and counts them all', async () => {
    const rows = Array.from({ length: 150 }, (_, at) => ({ 事项编码: `X${at}`, 承诺时限: '', 法定时限: '' }));
    await fillTemplate(path('template.xlsx'), path('many.xlsx'), rows);
    const { faults, faultCount } = await readMatters(path('many.xlsx'), options);
    expect([faults.length, faultCount]).toEqual([200, 300]);
  });

  it('names missing and unknown columns, and reads no row then', async () => {
    await writeFile(path('columns.csv'), '事项编码,事项名称,颜色\nA,甲,红\n');
    const { rows, faults } = await readMatters(path('columns.csv'), options);
    expect(rows).toEqual([]);
    expect(faults).toContainEqual({
      row: 1,
      column: '承诺时限',
      expected: 'this column, which is missing',
      expectedZh: '缺少这一列',
    });
    expect(faults).toContainEqual({
      row: 1,
      column: '颜色',
      expected: 'no column of the template',
      expectedZh: '登记表里没有这一列',
    });
    await writeFile(path('empty.csv'), '');
    expect((await readMatters(path('empty.csv'), options)).faultCount).toBe(1);
    await expect(readMatters(path('none.csv'), options)).rejects.toThrow(/no such file/);
  });

  it('reads a published list with the columns it has; what is blank was not published', async () => {
    await writeFile(path('list.csv'), '事项编码,网址,承诺时限,收费项目\nA,x,7,无\nB,y,,\n,z,1,无\n');
    const { rows, faults } = await readPublished(path('list.csv'));
    expect(rows.map(({ value }) => value)).toEqual([{ code: 'A', promisedDays: 7, fees: [] }, { code: 'B' }]);
    expect(faults).toMatchObject([{ row: 4, column: '事项编码' }]);
    await writeFile(path('nocode.csv'), '编号,承诺时限\nA,7\n');
    expect((await readPublished(path('nocode.csv'))).faults).toMatchObject([{ row: 1, column: '事项编码' }]);
  });
});

describe('a file that was uploaded', () => {
  it('is read aside, and refused for the reason it has', async () => {
    await fillTemplate(path('template.xlsx'), path('aside.xlsx'), [{}]);
    expect((await readMattersAside(path('aside.xlsx'), options)).rows).toHaveLength(1);
    expect((await readPublishedAside(path('aside.xlsx'))).rows).toHaveLength(1);
    const gone = readPublishedAside(path('gone.xlsx'));
    await expect(gone).rejects.toMatchObject({ code: 'matters.file', message: /no such file/ });
  });

  it('is given up when its time is over', async () => {
    const read = readMattersAside(path('template.xlsx'), options, 1);
    await expect(read).rejects.toMatchObject({ code: 'matters.slow', message: /not read within 0.001 s/ });
  });
});
