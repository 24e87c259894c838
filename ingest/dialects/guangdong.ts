/**
 * The ten messages of the Guangdong family of approval feeds (0 申办 … 9 领取登记). A message is one flat JSON object; `XXLX`
 * says which of the ten it is. Its key is SBLSH + SXBM + SJBBH + XZQHDM: the same message of the same version is the same event.
 */
import { idOf, procedureIn, type Choice, type Dialect, type Message } from './dialect.ts';

type Fill = (message: Message) => { event: Record<string, unknown>; names: Record<string, string> }[];
type Event = Record<string, unknown>;

/** What each message needs to be told apart from its brothers of the same case and version. */
interface Kind {
  word: string;
  fill: Fill;
  /** Fields that number the messages of one case: several steps, several special procedures. */
  counters: string[];
}

const one = (event: Event, names: Record<string, string>): ReturnType<Fill> => [{ event, names }];

const preStates: Choice<'case.stepped' | 'case.declined' | 'case.correctionRequested'>[] = [
  { code: '1', word: '预受理', means: 'case.stepped' },
  { code: '2', word: '不予受理', means: 'case.declined' },
  { code: '3', word: '补交补正', means: 'case.correctionRequested' },
];
const states: Choice<'case.accepted' | 'case.declined'>[] = [
  { code: '1', word: '受理', means: 'case.accepted' },
  { code: '2', word: '不予受理', means: 'case.declined' },
];
const steps: Choice<string>[] = [
  { code: '1', word: '承办', means: '承办' },
  { code: '2', word: '审核', means: '审核' },
  { code: '3', word: '批准', means: '批准' },
];
const results: Choice<'approved' | 'returned' | 'withdrawn' | 'forwarded'>[] = [
  { code: '0', word: '出证办结', means: 'approved' },
  { code: '1', word: '退回办结', means: 'returned' },
  { code: '2', word: '作废办结', means: 'withdrawn' },
  { code: '3', word: '删除办结', means: 'withdrawn' },
  { code: '4', word: '转报办结', means: 'forwarded' },
  { code: '5', word: '补交不来办结', means: 'withdrawn' },
  { code: '6', word: '办结', means: 'approved' },
];
const procedures: Choice<'extended' | 'suspended'>[] = [
  { code: 'A', word: '延长审批', means: 'extended' },
  { code: 'B', word: '其他', means: 'suspended' },
];

const kinds: Kind[] = [
  {
    word: '申办',
    counters: [],
    fill: (m) =>
      one(
        {
          kind: 'case.received',
          matter: m.text('SXBM'),
          occurredAt: m.requiredTime('SBSJ', 'the time of the application'),
          applicant: applicantOf(m),
        },
        { occurredAt: 'SBSJ', matter: 'SXBM', 'applicant.name': 'SQRMC' },
      ),
  },
  {
    word: '预受理',
    counters: [],
    fill: (m) => {
      const kind = m.choose('YSLZTDM', preStates);
      const event: Event = { kind, occurredAt: m.requiredTime('YSLSJ', 'the time of the pre-acceptance') };
      const names = { occurredAt: 'YSLSJ' };
      if (kind === 'case.declined') return one({ ...event, reason: m.text('BSLYY') }, { ...names, reason: 'BSLYY' });
      if (kind === 'case.correctionRequested')
        return one({ ...event, reason: m.text('BJBZSM') }, { ...names, reason: 'BJBZSM' });
      return one({ ...event, step: '预受理' }, names);
    },
  },
  {
    word: '受理',
    counters: [],
    fill: (m) => {
      const kind = m.choose('SLZTDM', states);
      const event: Event = { kind, occurredAt: m.requiredTime('SLSJ', 'the time of the acceptance') };
      if (kind === 'case.declined')
        return one({ ...event, reason: m.text('BSLYY') }, { occurredAt: 'SLSJ', reason: 'BSLYY' });
      const promisedDays = limitOf(m, 'GDBLSX', 'GDBLSXDDW', 0);
      const promisedUnit = { G: 'working', Z: 'calendar' }[m.text('GDBLSXDDW') ?? ''];
      return one(
        {
          ...event,
          matter: m.text('SXBM'),
          applicant: applicantOf(m),
          // In days, so that it is suspended and extended like any other limit.
          ...(promisedDays === undefined ? {} : { promisedDays, promisedUnit: promisedUnit ?? 'working' }),
          note: m.note(['规定收费', 'GDSF']),
        },
        { occurredAt: 'SLSJ', matter: 'SXBM', note: 'GDSF', promisedDays: 'GDBLSX', 'applicant.name': 'SQRMC' },
      );
    },
  },
  {
    word: '审批',
    counters: ['SPBZH'],
    fill: (m) => {
      m.required('SPBZH', 'the number of the step');
      const step = m.text('SPHJMC') ?? m.choose('SPHJDM', steps);
      return one(
        {
          kind: 'case.stepped',
          step,
          occurredAt: m.requiredTime('SPSJ', 'the time of the step'),
          handler: m.text('SPRXM'),
          note: m.note(['', 'SPYJ'], ['职务', 'SPRZWMC'], ['环节状态', 'SPHJZTDM']),
        },
        { occurredAt: 'SPSJ', step: 'SPHJMC', handler: 'SPRXM', note: 'SPYJ' },
      );
    },
  },
  {
    word: '办结',
    counters: [],
    fill: (m) => {
      const result = m.choose('BJJGDM', results);
      const occurredAt = m.requiredTime('BJSJ', 'the time of the completion');
      const reason = m.text('ZFHTHYY');
      const note = m.note(['', 'BJJGMS']);
      const names = { occurredAt: 'BJSJ', reason: 'ZFHTHYY', note: 'BJJGMS' };
      const fee = feeOf(m, 'SFJE', '办件收费', occurredAt, 'BJSJ');
      if (result === 'withdrawn')
        return [{ event: { kind: 'case.withdrawn', occurredAt, reason, note }, names }, ...fee];
      if (result === 'returned') return [{ event: { kind: 'case.returned', occurredAt, reason, note }, names }, ...fee];
      const completed = { event: { kind: 'case.completed', occurredAt, note }, names };
      if (result === 'forwarded')
        return [{ event: { kind: 'case.forwarded', to: '上级机关', occurredAt, reason }, names }, completed, ...fee];
      const licence = m.text('ZJGZMC') ?? (m.text('ZJBH') === undefined ? undefined : '证件');
      const issued =
        licence === undefined
          ? []
          : [
              {
                event: { kind: 'case.licenceIssued', name: licence, number: m.text('ZJBH'), occurredAt },
                names: { occurredAt: 'BJSJ', name: 'ZJGZMC', number: 'ZJBH' },
              },
            ];
      return [
        { event: { kind: 'case.decided', outcome: result, occurredAt, reason }, names },
        ...issued,
        completed,
        ...fee,
      ];
    },
  },
  {
    word: '特别程序申请',
    counters: ['XH'],
    fill: (m) => {
      const kind = m.choose('TBCXZL', procedures);
      const occurredAt = m.requiredTime('TBCXKSRQ', 'the day on which the procedure begins');
      const names = { occurredAt: 'TBCXKSRQ', approver: 'TBCXPZR', reason: 'TBCXQDLY', days: 'TBCXSX', note: 'TBCXSX' };
      const reason = m.text('TBCXQDLY');
      if (kind === 'suspended') {
        limitOf(m, 'TBCXSX', 'TBCXSXDW', 0);
        const note = m.note(['批准人', 'TBCXPZR'], ['时限', 'TBCXSX'], ['时限单位', 'TBCXSXDW']);
        return one({ kind: 'case.suspended', procedure: procedureIn(reason), occurredAt, reason, note }, names);
      }
      m.required('TBCXSX', 'the days of the extension');
      if (m.text('TBCXSXDW') === 'Z') m.refuse('TBCXSXDW', 'expected G: an extension is counted in working days');
      const days = limitOf(m, 'TBCXSX', 'TBCXSXDW', 1);
      const approver = m.required('TBCXPZR', 'who approved the extension');
      return one({ kind: 'case.extended', occurredAt, days, approver, reason }, names);
    },
  },
  {
    word: '特别程序结果',
    counters: ['XH'],
    fill: (m) => {
      const at = m.text('TBCXJSRQ') === undefined && m.text('JGCSRQ') !== undefined ? 'JGCSRQ' : 'TBCXJSRQ';
      const occurredAt = m.requiredTime(at, 'the day on which the procedure ended');
      const result = m.text('TBCXJG');
      const names = { occurredAt: at, note: 'TBCXJG', result: 'TBCXJG' };
      const fee = feeOf(m, 'TBCXSFJE', '特别程序收费', occurredAt, at);
      // The end of an extension resumes nothing: its clock ran all the time.
      if (m.text('TBCXZL') !== undefined && m.choose('TBCXZL', procedures) === 'extended')
        return [{ event: { kind: 'case.stepped', step: '延长审批结果', occurredAt, note: result }, names }, ...fee];
      return [{ event: { kind: 'case.resumed', occurredAt, result }, names }, ...fee];
    },
  },
  {
    word: '补交告知',
    counters: ['XH', 'BZGZSJ'],
    fill: (m) =>
      one(
        {
          kind: 'case.correctionRequested',
          occurredAt: m.requiredTime('BZGZSJ', 'the time of the notice'),
          handler: m.text('BZGZFCRXM'),
          reason: m.note(['', 'BZGZYY'], ['补正材料', 'BZCLQD']),
        },
        { occurredAt: 'BZGZSJ', handler: 'BZGZFCRXM', reason: 'BZGZYY' },
      ),
  },
  {
    word: '补交受理',
    counters: ['XH', 'BZSJ'],
    fill: (m) =>
      one(
        { kind: 'case.corrected', occurredAt: m.requiredTime('BZSJ', 'the time of the correction') },
        { occurredAt: 'BZSJ' },
      ),
  },
  {
    word: '领取登记',
    counters: [],
    fill: (m) =>
      one(
        {
          kind: 'case.stepped',
          step: '领取登记',
          occurredAt: m.requiredTime('LQSJ', 'the time of the collection'),
          note: m.note(['领取人', 'LQRXM']),
        },
        { occurredAt: 'LQSJ', note: 'LQRXM' },
      ),
  },
];
const choices = kinds.map((kind, index): Choice<Kind> => ({ code: String(index), word: kind.word, means: kind }));

const classes: Choice<'person' | 'enterprise' | 'other'>[] = [
  { code: '1', word: '个人', means: 'person' },
  { code: '2', word: '企业', means: 'enterprise' },
  { code: '9', word: '其他', means: 'other' },
];

function applicantOf(m: Message): Event | undefined {
  const name = m.text('SQRMC');
  if (name === undefined) return undefined;
  return { name, class: m.text('SQRLX') === undefined ? 'other' : m.choose('SQRLX', classes) };
}

/** What was charged, where anything was. */
function feeOf(m: Message, field: string, name: string, occurredAt: number, at: string): ReturnType<Fill> {
  const text = m.text(field);
  if (text === undefined) return [];
  const amount = Number(text);
  if (!/^\d+(\.\d{1,2})?$/.test(text))
    m.refuse(field, `expected yuan with at most two decimals; got ${JSON.stringify(text.slice(0, 60))}`);
  if (amount === 0) return [];
  return one({ kind: 'case.feeCharged', name, amount, occurredAt }, { occurredAt: at, amount: field });
}

/** A number of days and its unit: G 工作日, Z 自然日. */
function limitOf(m: Message, name: string, unit: string, least: number): number | undefined {
  const text = m.text(name);
  const unitText = m.text(unit);
  if (unitText !== undefined && !['G', 'Z'].includes(unitText))
    m.refuse(unit, `expected G (working days) or Z (calendar days); got ${JSON.stringify(unitText.slice(0, 60))}`);
  if (text === undefined) return undefined;
  if (/^\d{1,4}$/.test(text) && Number(text) >= least) return Number(text);
  m.refuse(name, `expected a whole number of days; got ${JSON.stringify(text.slice(0, 60))}`);
  return undefined;
}

export const guangdong: Dialect = {
  name: 'guangdong',
  title: 'messages of the Guangdong family (XXLX 0 申办 … 9 领取登记)',
  read(message) {
    const kind = message.choose('XXLX', choices);
    const casefile = message.required('SBLSH', 'the number of the case (申办流水号)');
    const matter = message.required('SXBM', 'the code of the matter (事项编码)');
    const version = message.required('SJBBH', 'the version of the data (数据版本号)');
    const region = message.required('XZQHDM', 'the code of the region (行政区划)');
    // Regions of nine and twelve digits name a street or a village within the county.
    if (region !== '' && !/^\d{6}(\d{3}(\d{3})?)?$/.test(region))
      message.refuse('XZQHDM', 'expected the six, nine or twelve digits of GB/T 2260');
    if (!kind) return [];
    const key = [
      region,
      casefile,
      matter,
      version,
      kind.word,
      ...kind.counters.map((name) => message.text(name) ?? ''),
    ];
    return kind.fill(message).map(({ event, names }, index) => ({
      event: { id: idOf('gd', ...key, String(index)), region: region.slice(0, 6), casefile, ...event },
      names: { region: 'XZQHDM', casefile: 'SBLSH', ...names },
    }));
  },
};
