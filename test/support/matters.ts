import { readSheet } from 'read-excel-file/node';
import writeXlsx from 'write-excel-file/node';
import type { MatterRecord } from '../../hub/model/matter.ts';

/** A whole record of an approval: five promised days of ten. */
export function recordOf(change: Partial<MatterRecord> = {}): MatterRecord {
  return {
    region: '510104',
    code: 'SC-101',
    name: '食品经营许可',
    nameEn: null,
    directory: '行政审批项目目录',
    directoryEdition: '2026',
    parent: null,
    subItem: null,
    parallel: false,
    applicants: ['enterprise', 'person'],
    applicantNote: null,
    businessType: 'approval',
    itemClass: 'promised',
    category: '行政许可',
    department: null,
    approvers: ['王局长'],
    section: '许可科',
    reviewers: ['李科长'],
    handlers: ['张三', '赵四'],
    acceptors: ['陈五'],
    place: '7 号窗口',
    steps: [
      { name: '受理', type: 'acceptance', responsible: '陈五', days: 1 },
      { name: '审核', type: 'firstReview', responsible: '李科长', days: 3 },
      { name: '发证', type: 'issuing', responsible: null, days: null },
    ],
    flow: null,
    monitored: ['受理', '发证'],
    dayUnit: 'working',
    statutoryDays: 10,
    promisedDays: 5,
    legalBases: ['食品安全法 第三十五条', '行政许可法'],
    outputs: ['食品经营许可证'],
    conditions: null,
    quantity: null,
    materials: ['申请书', '身份证明'],
    form: '申请书',
    formFile: null,
    fees: [{ name: '工本费', amount: 12.5, unit: '本', basis: null }],
    attachments: [],
    published: {
      item: 'present',
      basis: 'present',
      conditions: 'absent',
      quantity: 'present',
      procedure: 'present',
      limits: 'outdated',
      materials: 'present',
      form: 'present',
    },
    secrecy: 'public',
    usesPlatform: true,
    delegatedFrom: '510100',
    delegatedTo: '510104',
    greenChannel: false,
    state: 'live',
    since: '2026-01-01',
    effectiveFrom: '2026-01-01',
    signedBy: '王局长',
    seal: '盖章页.pdf',
    ...change,
  };
}

/** The template with its examples filled in as rows, each with other cells by column title: what a department sends back. */
export async function fillTemplate(
  template: string,
  file: string,
  rows: Record<string, string | number>[],
): Promise<void> {
  const titles = (await readSheet(template, 1))[0] as string[];
  const examples = new Map((await readSheet(template, 2)).slice(1).map((row) => [row[0] as string, row[3] as string]));
  await writeXlsx([titles, ...rows.map((row) => titles.map((title) => row[title] ?? examples.get(title)))]).toFile(
    file,
  );
}
