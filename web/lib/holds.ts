/** 封存: its routes (shapes: hub/model/recording.ts) and its texts, which are loaded with its page. */
import type { HoldLine, HoldPage } from '../../hub/model/recording.ts';
import { call } from './api.ts';
import { textsOf } from './locale.svelte.ts';
import { inWords } from './problem.ts';

/** Chinese and English, as in `dictionary.ts`. */
const holdWords = {
  title: ['录像封存', 'Holds on recordings'],
  hint: [
    '封存的录像到期也不清除；解除须经省级监察机构答复，不得由申请人自己答复。每一步都记入台账。',
    'What is held is not removed when its time is over. The province ends a hold, never who asked. Every step is in the ledger.',
  ],
  count: ['已列出 {n} 项', '{n|hold|holds} listed'],
  add: ['封存录像', 'Put on hold'],
  all: ['全部', 'All'],
  held: ['封存中', 'On hold'],
  asked: ['待答复', 'End asked for'],
  released: ['已解除', 'Ended'],
  camera: ['点位', 'Camera'],
  span: ['时段', 'Time'],
  why: ['理由', 'Reason'],
  who: ['封存人', 'Put on by'],
  state: ['状态', 'State'],
  actions: ['操作', 'Actions'],
  gone: ['点位已不在册', 'The camera is gone'],
  window: ['{number}号窗口', 'Window {number}'],
  askedBy: ['{name} 于 {time} 申请解除：{reason}', '{name} asked for its end on {time}: {reason}'],
  approvedBy: ['{name} 于 {time} 同意解除', '{name} ended it on {time}'],
  refusedBy: ['{name} 于 {time} 不予解除：{reason}', '{name} kept it on {time}: {reason}'],
  release: ['申请解除', 'Ask for its end'],
  answer: ['答复', 'Answer'],
  addTitle: ['封存录像', 'Put a recording on hold'],
  addText: [
    '整段十分钟文件一并保留，单次最长 31 天。',
    'Whole files of ten minutes are kept; 31 days at most at a time.',
  ],
  releaseTitle: ['申请解除封存', 'Ask for the end of a hold'],
  releaseText: [
    '省级监察机构同意后，录像按大厅的保存期限清除。',
    'Once the province agrees, it is removed as the hall removes its recordings.',
  ],
  answerTitle: ['答复解除申请', 'Answer the request'],
  hall: ['大厅', 'Hall'],
  choose: ['请选择', 'Choose'],
  from: ['起（北京时间）', 'From (Beijing time)'],
  to: ['止（北京时间）', 'To (Beijing time)'],
  reason: ['理由', 'Reason'],
  refusal: ['不予解除的理由', 'Why it stays'],
  send: ['提出申请', 'Ask'],
  approve: ['同意解除', 'End the hold'],
  refuse: ['不予解除', 'Keep the hold'],
  empty: ['没有封存的录像', 'Nothing is on hold'],
  emptyText: [
    '投诉、复议或调查期间要保留的录像，在这里封存。',
    'Put on hold here what must stay for a complaint, a review or an investigation.',
  ],
  'why.to': ['结束时间应在开始之后，最长 31 天。', 'The end must be after the beginning, by 31 days at most.'],
  'why.changed': ['这项封存的状态已经变化，请刷新后再看。', 'This hold has changed meanwhile. Look again.'],
} as const satisfies Record<string, readonly [zh: string, en: string]>;
/** A text of this page in the current language; reactive in templates. */
export const h = textsOf(holdWords);

const base = '/api/recorded/holds';
const of = (hold: string, act: string): string => `${base}/${encodeURIComponent(hold)}/${act}`;

export const holds = {
  list: (state: string, before?: string) => {
    const search = new URLSearchParams({ ...(state ? { state } : {}), ...(before === undefined ? {} : { before }) });
    return call<HoldPage>('GET', `${base}?${search.toString()}`);
  },
  add: (body: { camera: string; from: number; to: number; reason: string }) => call<HoldLine>('POST', base, body),
  release: (hold: string, reason: string) => call<HoldLine>('POST', of(hold, 'release'), { reason }),
  answer: (hold: string, outcome: 'approved' | 'refused', reason: string) =>
    call<HoldLine>('POST', of(hold, 'answer'), { outcome, ...(reason === '' ? {} : { reason }) }),
};

/** Why the hub refuses, in words of this page where it has them. */
export function trouble(error: unknown): string {
  const problem = (error as { problem?: { field?: string; status?: number } }).problem;
  if (problem?.field === 'to') return h('why.to');
  return problem?.field === 'hold' ? h('why.changed') : inWords(error);
}

const offset = 8 * 3_600_000;
/** What stands in a field of a date and time, read as Asia/Shanghai; NaN when it is empty. */
export const momentOf = (text: string): number => Date.parse(`${text}Z`) - offset;
/** The other way, to the minute. */
export const fieldOf = (at: number): string => new Date(at + offset).toISOString().slice(0, 16);
