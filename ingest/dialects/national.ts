/**
 * Rows of the national platform's case tables. A row is one flat JSON object; `table` says which table it is of. A row that
 * changed is a new version: the id of an event is made of `row_guid` and of what the event says, so that a row that comes
 * again adds nothing, and one of which a single date changed adds that one.
 */
import { digestOf } from '../../hub/platform/digest.ts';
import { idOf, procedureIn, type Choice, type Dialect, type Message } from './dialect.ts';

type Event = Record<string, unknown>;
interface Part {
  event: Event;
  names: Record<string, string>;
}

const results: Choice<'approved' | 'denied' | 'withdrawn' | 'other'>[] = [
  { code: '1', word: '准予', means: 'approved' },
  { code: '2', word: '不予', means: 'denied' },
  { code: '3', word: '终止', means: 'withdrawn' },
  { code: '9', word: '其他', means: 'other' },
];
/** GB/T 39046 A.7. */
const procedures: Choice<'extended' | 'suspended'>[] = [
  { code: '1', word: '延长审批', means: 'extended' },
  { code: '2', word: '除延长审批之外', means: 'suspended' },
];
const operations: Choice<'I' | 'U' | 'D'>[] = [
  { code: 'I', word: '新增', means: 'I' },
  { code: 'U', word: '修改', means: 'U' },
  { code: 'D', word: '删除', means: 'D' },
];

const tables: Choice<(message: Message) => Part[]>[] = [
  { code: 'up_pro_accept', word: '受理', means: accepted },
  { code: 'up_pro_process', word: '办理过程', means: stepped },
  { code: 'up_pro_result', word: '办理结果', means: ended },
  { code: 'up_pro_special_procedure', word: '特别程序', means: special },
];

function accepted(m: Message): Part[] {
  const matter = m.required('task_code', 'the code of the matter');
  const name = m.text('applicant_name');
  const opening = { matter, ...(name === undefined ? {} : { applicant: { name, class: 'other' } }) };
  const names = { matter: 'task_code', 'applicant.name': 'applicant_name' };
  const parts: Part[] = [];
  const appliedAt = m.time('apply_date');
  if (appliedAt !== undefined)
    parts.push({
      event: { kind: 'case.received', occurredAt: appliedAt, ...opening },
      names: { ...names, occurredAt: 'apply_date' },
    });
  parts.push({
    event: {
      kind: 'case.accepted',
      occurredAt: m.requiredTime('accept_date', 'the time of the acceptance'),
      ...opening,
      promisedDueAt: m.time('promise_date', { deadline: true }),
      handler: m.text('handle_user_name'),
      note: m.note(['机构', 'org_code'], ['事项版本', 'task_version']),
    },
    names: {
      ...names,
      occurredAt: 'accept_date',
      promisedDueAt: 'promise_date',
      handler: 'handle_user_name',
      note: 'org_code',
    },
  });
  return parts;
}

function stepped(m: Message): Part[] {
  const at = m.text('event_end_time') === undefined ? 'event_start_time' : 'event_end_time';
  return [
    {
      event: {
        kind: 'case.stepped',
        step: m.text('process_name') ?? m.required('event_name', 'the name of the step (or process_name)'),
        occurredAt: m.requiredTime(at, 'the time of the step (or event_end_time)'),
        handler: m.text('handle_user_name'),
        note: m.note(['业务动作', 'event_name'], ['', 'handle_explain']),
      },
      names: { step: 'process_name', occurredAt: at, handler: 'handle_user_name', note: 'handle_explain' },
    },
  ];
}

function ended(m: Message): Part[] {
  const result = m.choose('result_type', results);
  const occurredAt = m.requiredTime('result_date', 'the time of the result');
  const names = { occurredAt: 'result_date', reason: 'result_explain', note: 'satisfaction' };
  const reason = m.text('result_explain');
  if (result === 'withdrawn') return [{ event: { kind: 'case.withdrawn', occurredAt, reason }, names }];
  const completed = { event: { kind: 'case.completed', occurredAt, note: m.note(['满意度', 'satisfaction']) }, names };
  if (result === 'other') return [completed];
  return [{ event: { kind: 'case.decided', outcome: result, occurredAt, reason }, names }, completed];
}

function special(m: Message): Part[] {
  const kind = m.choose('special_type', procedures);
  const occurredAt = m.requiredTime('special_time', 'the time at which the procedure begins');
  const reason = m.text('special_reason');
  const names = {
    occurredAt: 'special_time',
    reason: 'special_reason',
    approver: 'handle_user_name',
    days: 'special_days',
  };
  if (kind === 'extended') {
    const days = m.required('special_days', 'the working days of the extension: without them no deadline can move');
    const approver = m.required('handle_user_name', 'who approved the extension');
    return [{ event: { kind: 'case.extended', occurredAt, days: Number(days), approver, reason }, names }];
  }
  const parts: Part[] = [
    { event: { kind: 'case.suspended', procedure: procedureIn(reason), occurredAt, reason }, names },
  ];
  const endedAt = m.time('end_time');
  if (endedAt !== undefined)
    parts.push({
      event: { kind: 'case.resumed', occurredAt: endedAt, result: m.text('result') },
      names: { occurredAt: 'end_time', result: 'result' },
    });
  return parts;
}

export const national: Dialect = {
  name: 'national',
  title: "rows of the national platform's case tables (up_pro_accept, _process, _result, _special_procedure)",
  read(message, source) {
    const parts = message.choose('table', tables);
    const guid = message.required('row_guid', 'the id of the row');
    const casefile = message.required('project_no', 'the number of the case');
    const operation = message.choose('cd_operation', operations);
    message.time('cd_time');
    // C-16: what was recorded is not taken back by whoever recorded it; the request is kept with its reason.
    if (operation === 'D')
      message.refuse(
        'cd_operation',
        'a deletion is not carried out: what is recorded stays, and taking it back needs an approval; the row is kept',
      );
    const region = message.text('area_code') ?? source.region;
    if (!/^\d{6}(\d{3}(\d{3})?)?$/.test(region))
      message.refuse('area_code', 'expected the six, nine or twelve digits of GB/T 2260');
    if (!parts) return [];
    return parts(message).map(({ event, names }) => {
      const whole = { region: region.slice(0, 6), casefile, ...event };
      return {
        // `cd_time` is when the row was synchronised, not when it was typed in: a row that is only touched again is the same event.
        event: { id: idOf('nat', guid, digestOf(whole)), ...whole },
        names: { region: 'area_code', casefile: 'project_no', ...names },
      };
    });
  },
};
