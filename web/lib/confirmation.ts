/** 待确认事项: its routes (shapes: hub/model/confirmation.ts) and its texts, loaded with the pages that show them. */
import {
  awaitingState,
  confirmWithin,
  type AskedFor,
  type LineAsked,
  type NamedDepartment,
  type RequestPage,
} from '../../hub/model/confirmation.ts';
import { call } from './api.ts';
import { locale, nameOf, textsOf } from './locale.svelte.ts';
import { briefTime } from './time.ts';

/** Chinese and English, as in `dictionary.ts`. */
const confirmationWords = {
  title: ['待确认事项', 'To be confirmed'],
  hint: [
    '系统管理员提出、须由监管员确认后才生效的账号和权限。请向本人和所在单位核实；七天内没有确认即失效。',
    'What administrators asked for and an overseer must confirm before it takes effect. Check with the person and the organ; it lapses after seven days.',
  ],
  'asked.added': ['开立账号', 'New account'],
  'asked.changed': ['更改权限', 'Other rights'],
  'asked.passwordReset': ['重置密码', 'New password'],
  'asked.line': ['扩大负责的部门', 'More departments'],
  added: ['增加 {names}', 'Adds {names}'],
  removed: ['减少 {names}', 'Removes {names}'],
  confirmLine: [
    '确认后其监察员即可查看、巡查这些部门的窗口。',
    'Its inspectors see and patrol the windows of these departments at once.',
  ],
  refuseLine: [
    '负责的部门保持不变，管理员会看到理由。',
    'Its departments stay as they are; the administrator reads why.',
  ],
  awaitsLine: [
    '增加部门须由监管员在七天内确认，此前负责的部门不变。',
    'More departments must be confirmed by an overseer within seven days; until then nothing changes.',
  ],
  before: ['原为 {rights}', 'Before: {rights}'],
  askedBy: ['{name} 于 {at} 提请', 'Asked by {name}, {at}'],
  lapses: ['{at} 前有效', 'Until {at}'],
  mustChange: ['本人尚未更改初始密码', 'The first password is not changed yet'],
  confirm: ['确认', 'Confirm'],
  refuse: ['不同意', 'Refuse'],
  confirmTitle: ['确认 · {name}', 'Confirm · {name}'],
  confirmText: [
    '确认后该账号立即可以登录，并按所列权限使用系统。',
    'The account can sign in at once, with the rights that stand here.',
  ],
  refuseTitle: ['不同意 · {name}', 'Refuse · {name}'],
  refuseText: ['账号继续不能登录，管理员会看到理由。', 'The account stays shut; the administrator reads why.'],
  reason: ['理由', 'Reason'],
  cut: ['还有更多，处理后显示。', 'There are more; they are shown once these are answered.'],
  'state.asked': ['待监管员确认（{at} 前）', 'Awaiting an overseer’s confirmation (until {at})'],
  'state.refused': ['{name} 于 {at} 不同意：{reason}', 'Refused by {name}, {at}: {reason}'],
  'state.lapsed': ['七天内没有确认，已失效', 'Lapsed: nobody confirmed it within seven days'],
  again: ['重置密码或更改权限即重新提请。', 'Resetting the password or changing the rights asks again.'],
  awaitsChange: [
    '扩大的权限须由监管员在七天内确认，此前账号不能登录。',
    'Wider rights must be confirmed by an overseer within seven days; until then the account cannot sign in.',
  ],
  awaits: [
    '须由监管员在七天内确认，此前不能登录。',
    'An overseer must confirm it within seven days; until then it cannot sign in.',
  ],
} as const satisfies Record<string, readonly [zh: string, en: string]>;
export const c = textsOf(confirmationWords);

export const askedWords = (what: readonly AskedFor[]): string =>
  what.map((each) => c(`asked.${each}`)).join(locale.current === 'zh' ? '、' : ', ');

export const requests = {
  list: () => call<RequestPage>('GET', '/api/watchers/requests'),
  /** `of`: `requests` for an account, `lines` for a line. Refused where there is a reason. */
  answer: (of: 'requests' | 'lines', id: string, askedAt: number, reason: string | undefined) =>
    call<object>('POST', `/api/watchers/${of}/${encodeURIComponent(id)}`, {
      askedAt,
      ...(reason === undefined ? { confirmed: true } : { confirmed: false, reason }),
    }),
};

export const departmentNames = (list: readonly NamedDepartment[]): string =>
  list
    .map((each) => `${nameOf({ name: each.regionName, nameEn: each.regionNameEn })} ${nameOf(each)}`)
    .join(locale.current === 'zh' ? '、' : ', ');

/** What became of a wider line that was asked for. */
export function lineState(asked: LineAsked, now: number): string {
  const state = awaitingState(asked, now);
  const { at, name, reason } = asked.refused ?? { at: asked.at + confirmWithin, name: '', reason: '' };
  return `${c('asked.line')} · ${c(`state.${state}`, { at: briefTime(at, now), name, reason })}`;
}
