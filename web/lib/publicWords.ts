/** The texts that the public screen and the touch screen share, loaded with either: Chinese and English, as in `dictionary.ts`. */
import { textsOf } from './locale.svelte.ts';

const publicWords = {
  'status.received': ['已收件', 'Received'],
  'status.correcting': ['待补正', 'Needs corrections'],
  'status.accepted': ['办理中', 'In progress'],
  'status.suspended': ['暂停计时', 'Clock paused'],
  'status.decided': ['已决定', 'Decided'],
  'status.completed': ['已办结', 'Completed'],
  'status.declined': ['不予受理', 'Not accepted'],
  'status.withdrawn': ['已撤回', 'Withdrawn'],
  'status.returned': ['已退回', 'Returned'],
  demo: ['演示数据', 'Demo data'],
  loading: ['正在加载', 'Loading'],
  retry: ['重试', 'Try again'],
  instant: ['即办', 'At once'],
  today: ['今日', 'Today'],
  tomorrow: ['明日', 'Tomorrow'],
  window: ['{number}号窗口', 'Window {number}'],
  complain: ['投诉 · 建议', 'Complaints and suggestions'],
  complainText: ['请拨打 {phone}，或向值班人员反映', 'Call {phone}, or speak to the staff on duty'],
  lost: ['连接已断开，以下为 {time} 的内容', 'Connection lost: this is as of {time}'],
  missingTitle: ['此大厅没有公示', 'This hall shows nothing here'],
  missingText: [
    '地址可能有误，或者本区划未开通此项服务。',
    'The address may be wrong, or the region does not offer this.',
  ],
  awayTitle: ['暂时连接不上', 'No connection at the moment'],
  awayText: ['正在自动重试。', 'Trying again by itself.'],
  busyTitle: ['请求过多', 'Too many requests'],
  busyText: ['请稍等片刻再试。', 'Please wait a moment.'],
} as const satisfies Record<string, readonly [zh: string, en: string]>;
/** A text of the public pages in the current language; reactive in templates. */
export const p = textsOf(publicWords);
