/**
 * The full catalogue record of a matter (事项) as a department fills it in, one record for each smallest item (XY-51).
 * 无 is an answer and stands as `null` or an empty list; a blank is a mistake (XY-68), so no key may be missing.
 */
import { z } from 'zod';
import { identifier, longText, regionCode, shortText } from './fields.ts';
import type { ProcedureKind } from './procedure.ts';
import type { Matter } from './world.ts';

export const businessTypes = ['approval', 'levy', 'penalty', 'service'] as const;
/** 受理 初审 复审 检验检疫 验收 听证 培训 考试 公示 收费 发证, and what a procedure has besides (XY-60). */
export const stepTypes = [
  'acceptance',
  'firstReview',
  'secondReview',
  'inspection',
  'checking',
  'hearing',
  'training',
  'examination',
  'publicity',
  'charging',
  'issuing',
  'decision',
  'other',
] as const;
/** The eight elements that a department publishes of each matter (SZ-15). */
export const publishedElements = [
  'item',
  'basis',
  'conditions',
  'quantity',
  'procedure',
  'limits',
  'materials',
  'form',
] as const;
/** Whether a published element stands on the department's site, is missing there, or is out of date. */
export const publishedStates = ['present', 'absent', 'outdated'] as const;
export const applicantClasses = ['enterprise', 'person', 'other'] as const;
export const secrecyLevels = ['public', 'confidential', 'secret', 'topSecret'] as const;
export const matterStates = ['live', 'suspended', 'cancelled'] as const;

const text = longText.min(1);
const people = z.array(shortText).max(50);
const texts = z.array(text).max(100);
const day = z.iso.date('expected a day such as 2026-01-01');
/** Days in the record's own day unit. */
const days = z.int().min(0).max(1000);

const step = z.strictObject({
  name: shortText,
  type: z.enum(stepTypes),
  /** JY-21: who answers for this step. */
  responsible: shortText.nullable(),
  /** A limit of the step's own. */
  days: days.nullable(),
});

const fee = z.strictObject({
  name: shortText,
  /** Yuan, at most two decimals; null where a document sets it case by case. */
  amount: z.number().min(0).max(1e12).multipleOf(0.01).nullable(),
  unit: shortText.nullable(),
  basis: text.nullable(),
});

/** The shape alone. What its fields must be to each other is said by `checkRecord`. */
export const matterRecord = z.strictObject({
  region: regionCode,
  code: identifier,
  name: shortText,
  nameEn: shortText.nullable(),
  /** XY-51: the directory of approval items that lists it, and that directory's edition. */
  directory: shortText.nullable(),
  directoryEdition: shortText.nullable(),
  /** XY-52: a sub-item is a record of its own: the code of the item it belongs to, and its own name below that. */
  parent: identifier.nullable(),
  subItem: shortText.nullable(),
  /** XY-53: enterprise registration and construction run in parallel across departments (并联审批). */
  parallel: z.boolean(),
  /** XY-54: one or more classes; `other` needs the note. */
  applicants: z.array(z.enum(applicantClasses)).min(1).max(3),
  applicantNote: text.nullable(),
  /** XY-02. */
  businessType: z.enum(businessTypes),
  /** 即办件 or 承诺件. */
  itemClass: z.enum(['instant', 'promised']),
  /** XY-55: as in the directory. */
  category: shortText.nullable(),
  department: identifier.nullable(),
  /** XY-56: leaders who may grant it; anybody else who does acts beyond his powers. JY-21: the post of approval. */
  approvers: people,
  /** XY-57: the section that reviews it, and its reviewers (JY-21). */
  section: shortText.nullable(),
  reviewers: people,
  /** XY-58: everybody who handles it, and who accepts it (JY-21). */
  handlers: people,
  acceptors: people,
  /** XY-59: where material is handed in. */
  place: text.nullable(),
  /** XY-60: every step, in order. */
  steps: z.array(step).max(50),
  /** KF-01: several matters may share one flow; its name. */
  flow: shortText.nullable(),
  /** JY-14: names of the steps that supervision watches of this matter. */
  monitored: z.array(shortText).max(50),
  /** The unit of every limit here. It must be the unit of the rule pack in force. */
  dayUnit: z.enum(['working', 'calendar']),
  /** XY-61. */
  statutoryDays: days.nullable(),
  /** XY-62: earlier than the statutory limit; C-05 lets a region say "not later". */
  promisedDays: days.nullable(),
  /** XY-63. */
  legalBases: texts,
  /** XY-64: licences or documents that the applicant gets. */
  outputs: texts,
  /** XY-65. */
  conditions: text.nullable(),
  /** SZ-15: how many are granted, where that is limited. */
  quantity: text.nullable(),
  /** What an applicant hands in. */
  materials: texts,
  /** XY-66: name and file of the form. */
  form: shortText.nullable(),
  formFile: shortText.nullable(),
  /** XY-67: as many rows as there are. */
  fees: z.array(fee).max(100),
  /** XY-69: names of files handed in together with the record. */
  attachments: z.array(shortText).max(100),
  /** SZ-15. */
  published: z.strictObject(
    Object.fromEntries(publishedElements.map((each) => [each, z.enum(publishedStates)])) as Record<
      (typeof publishedElements)[number],
      z.ZodEnum<{ present: 'present'; absent: 'absent'; outdated: 'outdated' }>
    >,
  ),
  /** JY-02: all but `public` are kept out of collection, lists and counts. */
  secrecy: z.enum(secrecyLevels),
  /** FS-26: handled on the shared platform rather than in a system of the department's own. */
  usesPlatform: z.boolean(),
  /** FS-36: delegated from the one region to the other. */
  delegatedFrom: regionCode.nullable(),
  delegatedTo: regionCode.nullable(),
  /** KF-01: 绿色通道. */
  greenChannel: z.boolean(),
  /** FS-17: since when it is in this state. */
  state: z.enum(matterStates),
  since: day,
  /** The day from which this version counts; it cannot be frozen before. */
  effectiveFrom: day,
  /** XY-70: the leader who signed and the evidence of the department's seal, for example the scan's file name. */
  signedBy: shortText.nullable(),
  seal: shortText.nullable(),
});

export type MatterRecord = z.infer<typeof matterRecord>;

/** A field of the record and what was expected there. */
export interface RecordFault {
  field: keyof MatterRecord;
  reason: string;
}

/** C-05: from the region's pack; `earlier` where it says nothing. */
export type PromisedLimit = 'earlier' | 'notLater';

/** What the fields of a well-shaped record must be to each other; empty when nothing is wrong. */
export function checkRecord(record: MatterRecord, promised: PromisedLimit = 'earlier'): RecordFault[] {
  const faults: RecordFault[] = [];
  const want = (is: boolean, field: keyof MatterRecord, reason: string): void =>
    void (is || faults.push({ field, reason }));
  const { statutoryDays: most, promisedDays: own } = record;
  const names = record.steps.map(({ name }) => name);

  want(
    (record.parent === null) === (record.subItem === null),
    record.parent === null ? 'parent' : 'subItem',
    'a sub-item has both the code of its item and a name of its own (XY-52)',
  );
  want(record.parent !== record.code, 'parent', 'a matter cannot be its own sub-item (XY-52)');
  want(
    (record.directory === null) === (record.directoryEdition === null),
    record.directory === null ? 'directory' : 'directoryEdition',
    'a directory is named together with its edition (XY-51)',
  );
  want(isSet(record.applicants), 'applicants', 'each class once (XY-54)');
  want(
    !record.applicants.includes('other') || record.applicantNote !== null,
    'applicantNote',
    'applicants of another class must be explained (XY-54)',
  );
  if (most !== null && own !== null) {
    want(
      promised === 'notLater' ? own <= most : own < most,
      'promisedDays',
      `expected ${promised === 'notLater' ? 'at most' : 'less than'} the statutory ${most} days (XY-62, C-05)`,
    );
  }
  want(isSet(names), 'steps', 'each step has a name of its own (XY-60)');
  const strange = record.monitored.find((name) => !names.includes(name));
  want(strange === undefined, 'monitored', `${strange} is no step of this matter (JY-14)`);
  want(isSet(record.monitored), 'monitored', 'each step once (JY-14)');
  want(
    record.formFile === null || record.form !== null,
    'form',
    'the file of a form needs the name of the form (XY-66)',
  );
  want(
    (record.delegatedFrom === null) === (record.delegatedTo === null) &&
      (record.delegatedFrom === null || record.delegatedFrom !== record.delegatedTo),
    record.delegatedFrom === null ? 'delegatedFrom' : 'delegatedTo',
    'a delegation goes from one region to another (FS-36)',
  );
  return faults;
}

const isSet = (list: readonly string[]): boolean => new Set(list).size === list.length;

export const isSecret = (record: Pick<MatterRecord, 'secrecy'>): boolean => record.secrecy !== 'public';

/** What the running hub needs of it. Of a secret matter only that it is one (JY-02): its name stays in the catalogue. */
export function matterOfRecord(record: MatterRecord): Matter {
  const { code, region, businessType, itemClass } = record;
  if (isSecret(record)) return { code, region, name: '（不公开）', businessType, itemClass, steps: [], secret: true };
  return {
    code,
    region,
    name: record.subItem === null ? record.name : `${record.name}（${record.subItem}）`,
    ...(record.nameEn === null ? {} : { nameEn: record.nameEn }),
    ...(record.department === null ? {} : { department: record.department }),
    businessType,
    itemClass,
    ...(record.statutoryDays === null ? {} : { statutoryDays: record.statutoryDays }),
    ...(record.promisedDays === null ? {} : { promisedDays: record.promisedDays }),
    ...(record.legalBases.length === 0 ? {} : { legalBasis: record.legalBases.join('；') }),
    steps: record.steps.map(({ name }) => name),
    ...someOf('stepDetails', record.steps.flatMap(detailOf)),
    ...someOf('approvers', record.approvers),
    ...someOf('reviewers', record.reviewers),
    ...someOf('handlers', record.handlers),
    ...someOf('acceptors', record.acceptors),
    ...someOf('monitored', record.monitored),
    // 无 is an answer (XY-68): nothing may be charged, nothing is delivered.
    fees: record.fees.map(({ name, amount }) => ({ name, ...(amount === null ? {} : { amount }) })),
    outputs: record.outputs,
    applicants: record.applicants,
    ...someOf('procedures', [...new Set(record.steps.flatMap(({ type }) => procedureOfStep[type] ?? []))]),
    ...(record.state === 'live' ? {} : { state: record.state, since: record.since }),
    ...(record.place === null ? {} : { atWindow: true as const }),
  };
}

const procedureOfStep: Partial<Record<(typeof stepTypes)[number], ProcedureKind>> = {
  inspection: 'inspection',
  checking: 'siteVisit',
  hearing: 'hearing',
  examination: 'examination',
  publicity: 'publicity',
};

/** A list that has something in it, under its name. */
const someOf = <K extends string, T>(name: K, list: T[]): Partial<Record<K, T[]>> =>
  (list.length === 0 ? {} : { [name]: list }) as Partial<Record<K, T[]>>;

function detailOf({
  name,
  days: limit,
  responsible,
}: MatterRecord['steps'][number]): NonNullable<Matter['stepDetails']> {
  if (limit === null && responsible === null) return [];
  return [{ name, ...(limit === null ? {} : { days: limit }), ...(responsible === null ? {} : { responsible }) }];
}
