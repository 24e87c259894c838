/** What a person has typed and the hub has not answered for yet: kept in the browser, row by row; and rows out of a pasted table. */
import { actNames, actOf, entryFields, mostRows, type EntryField, type EntryRow } from '../../hub/model/entry.ts';

export const newKey = (): string => `${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 12)}`;
export const emptyRow = (): EntryRow => ({ key: newKey(), number: '', act: '', at: '' });

export interface Draft {
  row: EntryRow;
  rows: EntryRow[];
}

const place = (account: string): string => `hallwatch.entry.${account}`;

/** Nothing when storage is refused or holds something else. */
export function loadDraft(account: string): Draft | undefined {
  try {
    const draft = JSON.parse(localStorage.getItem(place(account)) ?? 'null') as Draft | null;
    return typeof draft?.row?.key === 'string' && Array.isArray(draft.rows)
      ? { row: draft.row, rows: draft.rows.slice(0, mostRows) }
      : undefined;
  } catch {
    return undefined;
  }
}

export function keepDraft(account: string, draft: Draft): void {
  try {
    localStorage.setItem(place(account), JSON.stringify(draft));
  } catch {
    // The page itself still has it.
  }
}

/** The columns of a pasted table, as their heads say in either language; in this order where there are none. */
export const pasteColumns: readonly { field: keyof EntryRow; names: readonly [zh: string, en: string] }[] = [
  { field: 'number', names: ['办件编号', 'Case number'] },
  { field: 'act', names: ['步骤', 'Step taken'] },
  { field: 'at', names: ['时间', 'Time'] },
  { field: 'matter', names: ['事项', 'Matter'] },
  { field: 'applicant', names: ['申请人', 'Applicant'] },
  { field: 'window', names: ['窗口', 'Window'] },
  { field: 'step', names: ['环节', 'Flow step'] },
  { field: 'outcome', names: ['结果', 'Outcome'] },
  { field: 'reason', names: ['理由', 'Reason'] },
  { field: 'handler', names: ['经办人', 'Handler'] },
];

const fieldOf = (head: string): keyof EntryRow | undefined =>
  pasteColumns.find(({ names }) => names.includes(head.trim()))?.field;

/** At most 200 rows; `dropped` counts those that are too many. Each row has a key of its own. */
export function rowsOf(text: string): { rows: EntryRow[]; dropped: number } {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '');
  const cells = lines.map((line) => line.split('\t'));
  const heads = (cells[0] ?? []).map(fieldOf);
  const hasHeads = heads.filter((head) => head !== undefined).length >= 2;
  const columns = hasHeads ? heads : pasteColumns.map(({ field }) => field);
  const found = hasHeads ? cells.slice(1) : cells;
  const rows = found.slice(0, mostRows).map((values) => {
    const row = emptyRow();
    values.forEach((value, index) => {
      const field = columns[index];
      if (field !== undefined && value.trim() !== '') row[field] = value.trim();
    });
    return row;
  });
  return { rows, dropped: Math.max(0, found.length - mostRows) };
}

/** The fields a form shows for an act. */
export function fieldsFor(act: string): readonly EntryField[] {
  const name = actNames.find((each) => each === act);
  return name ? [...actOf(name).required, ...(actOf(name).optional ?? [])] : [];
}

/** Only what the act takes: what was typed for another one stays behind. */
export function rowFor(row: EntryRow): EntryRow {
  const taken = new Set<string>([...fieldsFor(row.act), 'window', 'handler', 'note']);
  const fields = entryFields.filter((field) => taken.has(field) && (row[field] ?? '').trim() !== '');
  return {
    key: row.key,
    number: row.number,
    act: row.act,
    at: row.at.replace('T', ' '),
    ...Object.fromEntries(fields.map((field) => [field, row[field]])),
  };
}
