/** Contacts from a file (`POST /api/admin/contacts/import`): its texts and what is wrong with a cell, loaded with its page. */
import type { ContactImport } from '../../hub/model/contact.ts';
import { adminReasons } from './adminWords.ts';
import { call } from './api.ts';
import { locale, textsOf } from './locale.svelte.ts';
import { reasonWords } from './problem.ts';

const contactWords = {
  import: ['从文件导入', 'Import a file'],
  export: ['导出文件', 'Export a file'],
  hint: [
    'CSV 文件，列名与导出的文件相同；编号已有的更新，没有的新增，文件里没有的人不动。有错则一条也不写入。',
    'A CSV file with the columns of the exported one. Known ids are updated, new ones added, nobody else is touched. With a mistake in it nothing is written.',
  ],
  file: ['文件', 'File'],
  check: ['检查', 'Check'],
  checking: ['正在检查…', 'Checking…'],
  write: ['写入', 'Write'],
  close: ['关闭', 'Close'],
  faults: ['有 {n} 处错误，没有写入', '{n|mistake|mistakes}: nothing was written'],
  first: ['（只列出前 {n} 处）', ' (the first {n} are listed)'],
  row: ['行', 'Row'],
  column: ['列', 'Column'],
  reason: ['应为', 'What is wrong'],
  wholeFile: ['整个文件', 'The whole file'],
  checked: ['没有错误，可以写入', 'No mistake: it can be written'],
  same: ['没有错误，也没有变化', 'No mistake, and nothing new'],
  written: ['已写入', 'Written'],
  counts: ['新增 {added}，更新 {changed}，不变 {unchanged}', '{added} new, {changed} updated, {unchanged} as before'],
} as const satisfies Record<string, readonly [zh: string, en: string]>;
/** A text of this dialog in the current language; reactive in templates. */
export const c = textsOf(contactWords);

/** `$1` is what the pattern found. */
const reasons: readonly (readonly [RegExp, string])[] = [
  [/^the column is missing$/, '缺少这一列。'],
  [/^no such column; known are (.+)$/, '没有这一列；可用的列：$1。'],
  [/^(.+) is there twice$/, '$1 出现了两次。'],
  [/^no region (.+)$/, '没有区划 $1。'],
  [/^no department (.+)$/, '没有部门 $1。'],
  [/^no organ (.+)$/, '没有机构 $1。'],
  [/^no hall (.+)$/, '没有大厅 $1。'],
  [/^expected 负责人/, '应为负责人、联络人或技术员。'],
  [/^expected at most (\d+) rows$/, '最多 $1 行。'],
  [/^expected at most (\d+) new and changed contacts$/, '一次最多新增和更新 $1 人，更多请用命令行。'],
  [/^no CSV: /, '不是 CSV 文件。'],
  [/^the file is larger than (\d+) MB$/, '文件超过 $1 MB。'],
];

/** Why a cell was refused, in the page's language. */
export function cellWords(reason: string): string {
  if (locale.current !== 'zh') return reason;
  for (const [pattern, text] of [...reasons, ...adminReasons]) {
    const found = pattern.exec(reason);
    if (found) return text.replace('$1', found[1] ?? '');
  }
  return reasonWords(reason);
}

export const importContacts = (file: File, dryRun: boolean): Promise<ContactImport> =>
  call<ContactImport>('POST', `/api/admin/contacts/import?dryRun=${dryRun}`, file);
