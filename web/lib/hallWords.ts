/** The hall's tablet and the record of leave and pauses: texts and routes, loaded with their pages. */
import type { PresenceKind, PresenceLine, PresenceRecord } from '../../hub/model/presence.ts';
import { ApiError, call } from './api.ts';
import { textsOf } from './locale.svelte.ts';
import { inWords } from './problem.ts';

const words = {
  forMe: ['待我处理', 'For me'],
  byTime: ['按剩余时间', 'By time left'],
  calm: ['没有要处理的事', 'Nothing to do'],
  calmText: [
    '监察员发现的问题和要改正的信号会出现在这里。',
    'Findings to answer and signals to correct will appear here.',
  ],
  foundAt: ['{number}号窗口 · 巡查发现 {time}', 'Window {number} · found at {time}'],
  allFindings: ['全部问题', 'All findings'],
  leave: ['请假', 'On leave'],
  paused: ['暂停服务', 'Paused'],
  since: ['{time} 起', 'since {time}'],
  until: ['至 {time}', 'until {time}'],
  records: ['请假与暂停服务', 'Leave and pauses'],
  file: ['报备', 'Put on record'],
  fileFor: ['为{number}号窗口报备请假或暂停服务', 'Put leave or a pause of window {number} on record'],
  fileTitle: ['报备请假或暂停服务', 'Put leave or a pause on record'],
  fileText: [
    '报备后，监察员看到空窗口时知道原因；不能补报前一天。',
    'Inspectors then know why the window is empty. Yesterday cannot be filed any more.',
  ],
  hint: [
    '监察员在巡查时能看到；期间记录的空岗问题会注明。',
    'Inspectors see it on their visits, and a finding of an empty window says so.',
  ],
  window: ['窗口', 'Window'],
  number: ['{number}号窗口', 'Window {number}'],
  choose: ['请选择', 'Choose'],
  kind: ['类别', 'Kind'],
  from: ['起（北京时间）', 'From (Beijing time)'],
  untilField: ['止（北京时间）', 'Until (Beijing time)'],
  reason: ['原因', 'Reason'],
  staff: ['人员工号（可不填）', 'Staff number (optional)'],
  standIn: ['顶岗人员工号（可不填）', 'Staff number of the stand-in (optional)'],
  standsIn: ['{n} 顶岗', '{n} stands in'],
  isAway: ['工号 {n}', 'staff no. {n}'],
  filedBy: ['{name} 于 {time} 报备', 'filed by {name}, {time}'],
  endedBy: ['{name} 于 {time} 结束', 'ended by {name}, {time}'],
  end: ['结束', 'End it'],
  now: ['进行中', 'Now'],
  coming: ['未开始', 'To come'],
  over: ['已结束', 'Over'],
  empty: ['没有报备', 'Nothing on record'],
  emptyText: [
    '窗口人员请假或窗口暂停服务时，先在这里报备。',
    'When somebody is on leave or a window pauses, put it on record here first.',
  ],
  emptyRead: ['大厅没有报备请假或暂停服务。', 'The halls have nothing on record.'],
  'why.until': [
    '结束时间应在开始之后、在将来，最长 31 天。',
    'The end must be after the beginning, in the future, by 31 days at most.',
  ],
  'why.from': [
    '开始时间应在今天或以后 60 天内，且不与已有报备重叠。',
    'The beginning must be today or within 60 days, and overlap no other record.',
  ],
  'why.presence': ['这条报备已经结束，请刷新后再看。', 'This record is over. Look again.'],
} as const satisfies Record<string, readonly [zh: string, en: string]>;

/** A text of these pages in the current language; reactive in templates. */
export const p = textsOf(words);

interface Filing {
  window: string;
  type: PresenceKind;
  from: number;
  until: number;
  reason: string;
  staff?: string;
  standIn?: string;
}

const base = '/api/presence';
export const presence = {
  list: (hall?: string) =>
    call<{ items: PresenceLine[] }>('GET', hall === undefined ? base : `${base}?hall=${encodeURIComponent(hall)}`),
  file: (body: Filing) => call<PresenceLine>('POST', base, body),
  end: (window: string, record: PresenceRecord) =>
    call<PresenceLine>('POST', `${base}/${encodeURIComponent(window)}/${encodeURIComponent(record.id)}/end`, {}),
};

/** Why the hub refuses, in words of these pages where it has them. */
export function presenceTrouble(error: unknown): string {
  const field = error instanceof ApiError ? error.problem.field : undefined;
  return field === 'until' || field === 'from' || field === 'presence' ? p(`why.${field}`) : inWords(error);
}
