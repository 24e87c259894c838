/** 公示屏: its route (shape: hub/model/publicBoard.ts), its texts, and what fits on a page of it. */
import type { Board, BoardCase } from '../../hub/model/publicBoard.ts';
import { addDays, dayOf } from '../../hub/model/calendar.ts';
import { call } from './api.ts';
import { p } from './publicWords.ts';
import { textsOf } from './locale.svelte.ts';

const boardWords = {
  title: ['办件公示', 'Cases in progress'],
  number: ['办件编号', 'Case'],
  matter: ['事项', 'Matter'],
  applicant: ['申请人', 'Applicant'],
  place: ['部门 · 窗口', 'Department · window'],
  progress: ['进度', 'Progress'],
  due: ['承诺办结', 'Promised by'],
  empty: ['今天还没有办件', 'No cases yet today'],
  emptyText: ['受理后会在这里显示进度。', 'Progress appears here once a case is accepted.'],
  received: ['今日接件', 'Received today'],
  completed: ['今日办结', 'Completed today'],
  early: ['提前办结率', 'Completed early'],
  open: ['正在办理', 'In progress'],
  windows: ['窗口', 'Windows'],
  paused: ['{number} {name} 暂停服务，至 {time}', '{number} {name}: closed until {time}'],
  allOpen: ['{n} 个窗口正常办理', '{n|window is|windows are} open'],
  othersOpen: ['其余 {n} 个窗口正常办理', 'The other {n|window is|windows are} open'],
  hours: ['办公时间 {from}–{to}', 'Open {from}–{to}'],
  dayOff: ['今日休息', 'Closed today'],
  look: ['查我的办件', 'Look up my case'],
  scan: ['手机查进度', 'On your phone'],
  scanText: ['扫码后输入办件编号和申请人姓氏', 'Scan, then enter case number and surname'],
  qr: ['查询页面的二维码', 'QR code of the enquiry page'],
  page: ['第 {page} / {pages} 页', 'Page {page} of {pages}'],
  previous: ['上一页', 'Previous page'],
  next: ['下一页', 'Next page'],
  more: ['仅列最近 {n} 件', 'The latest {n} are listed'],
  guide: ['收费依据、办事指南、办理进度：请使用触摸查询机', 'Fees, guides and progress: use the touch screen'],
} as const satisfies Record<string, readonly [zh: string, en: string]>;
/** A text of this page in the current language; reactive in templates. */
export const b = textsOf(boardWords);

export const getBoard = (hall: string): Promise<Board> =>
  call<Board>('GET', `/api/public/board/${encodeURIComponent(hall)}`);

/** How often a screen looks again; the hub makes a board anew every five seconds at most. */
export const lookMs = 10_000;
/** How long a page of cases stands. */
export const pageMs = 12_000;

/** The day a case was promised for, as people say it; empty where nothing runs. */
export function dueWords({ dueAt, isInstant }: Pick<BoardCase, 'dueAt' | 'isInstant'>, now: number): string {
  if (dueAt === undefined) return '';
  const [day, today] = [dayOf(dueAt), dayOf(now)];
  if (isInstant && day >= today) return p('instant');
  if (day === today) return p('today');
  if (day === addDays(today, 1)) return p('tomorrow');
  return day.slice(0, 4) === today.slice(0, 4) ? day.slice(5) : day;
}

/** Of `count` cases in pages of `size`: the pages, and the cases of one; a page that is gone is the first. */
export function pageOfCases(count: number, size: number, page: number): { pages: number; page: number; from: number } {
  const each = Math.max(1, size);
  const pages = Math.max(1, Math.ceil(count / each));
  const shown = page >= 0 && page < pages ? page : 0;
  return { pages, page: shown, from: shown * each };
}
