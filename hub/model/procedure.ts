/** 特别程序: what a source calls it, as one word of a closed list. The text itself is always kept. */

export const procedureKinds = [
  'hearing',
  'tender',
  'auction',
  'examination',
  'inspection',
  'testing',
  'quarantine',
  'appraisal',
  'expertReview',
  'publicity',
  'siteVisit',
  'other',
] as const;
export type ProcedureKind = (typeof procedureKinds)[number];

/** In this order: 专家评审 is no 评审 of another sort, 检验检疫 is quarantine. */
const words: readonly [RegExp, ProcedureKind][] = [
  [/听证|听询|hearing/i, 'hearing'],
  [/招标|投标|招投标|tender|bidding/i, 'tender'],
  [/拍卖|auction/i, 'auction'],
  [/考试|考核|examination/i, 'examination'],
  [/专家|评审|expert/i, 'expertReview'],
  [/现场|勘查|勘验|踏勘|核查|验收|site/i, 'siteVisit'],
  [/检疫|quarantine/i, 'quarantine'],
  [/检测|testing/i, 'testing'],
  [/检验|检查|inspection/i, 'inspection'],
  [/鉴定|评估|评价|appraisal/i, 'appraisal'],
  [/公示|公告|publicity|publication/i, 'publicity'],
];

const known = new Map<string, ProcedureKind>();

/** The kind of a procedure by its words; `other` where they are unknown. */
export function procedureOf(text: string): ProcedureKind {
  let found = known.get(text);
  if (found === undefined) {
    if (known.size >= 1_000) known.clear();
    known.set(text, (found = words.find(([pattern]) => pattern.test(text))?.[1] ?? 'other'));
  }
  return found;
}
