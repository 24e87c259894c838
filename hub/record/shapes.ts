/** How each row that is put lies in its table: columns beside its own JSON, so that it can be found by them. */
import type { Put, RowOf } from '../model/decide.ts';
import type { Cell } from '../platform/arrays.ts';

const common = [
  ['id', 'text'],
  ['region', 'text'],
] as const;
const tail = [
  ['position', 'int8'],
  ['body', 'jsonb'],
] as const;

export type Shape<T extends Put['table']> = {
  name: string;
  key: string;
  columns: readonly (readonly [string, string])[];
  cells: (row: RowOf<T>) => Cell[];
};

export const shapes: { [T in Put['table']]: Shape<T> } = {
  casefile: {
    name: 'casefile',
    key: 'id',
    columns: [
      ...common,
      ['matter', 'text'],
      ['department', 'text'],
      ['hall', 'text'],
      ['hall_window', 'text'],
      ['source', 'text'],
      ['status', 'text'],
      ['accepted_at', 'int8'],
      ['completed_at', 'int8'],
      ['promised_due_at', 'int8'],
      ['statutory_due_at', 'int8'],
      ['next_turn', 'int8'],
      ...tail,
    ],
    cells: (row) => [
      row.id,
      row.region,
      row.matter,
      row.department,
      row.hall,
      row.window,
      row.source,
      row.status,
      row.acceptedAt,
      row.completedAt,
      row.promisedDueAt,
      row.statutoryDueAt,
      row.nextTurn,
    ],
  },
  signal: {
    name: 'signal',
    key: 'id',
    columns: [
      ...common,
      ['level', 'text'],
      ['state', 'text'],
      ['rule', 'text'],
      ['casefile', 'text'],
      ['hall', 'text'],
      ['hall_window', 'text'],
      ['at', 'int8'],
      ['issued_at', 'int8'],
      ['next_turn', 'int8'],
      ...tail,
    ],
    cells: (row) => [
      row.id,
      row.region,
      row.level,
      row.state,
      row.rule,
      row.casefile,
      row.hall,
      row.window,
      row.at,
      row.issuedAt,
      row.nextTurn,
    ],
  },
  duty: {
    name: 'duty',
    key: 'id',
    columns: [
      ...common,
      ['organ', 'text'],
      ['hall', 'text'],
      ['day', 'date'],
      ['state', 'text'],
      ['due_at', 'int8'],
      ['next_turn', 'int8'],
      ...tail,
    ],
    cells: (row) => [row.id, row.region, row.organ, row.hall, row.day, row.state, row.dueAt, row.nextTurn],
  },
  draw: {
    name: 'draw',
    key: 'id',
    columns: [...common, ['organ', 'text'], ['day', 'date'], ['state', 'text'], ...tail],
    cells: (row) => [row.id, row.region, row.organ, row.day, row.state],
  },
  visit: {
    name: 'visit',
    key: 'id',
    columns: [
      ...common,
      ['duty', 'text'],
      ['hall', 'text'],
      ['account', 'text'],
      ['state', 'text'],
      ['started_at', 'int8'],
      ...tail,
    ],
    cells: (row) => [row.id, row.region, row.duty, row.hall, row.account, row.state, row.startedAt],
  },
  finding: {
    name: 'finding',
    key: 'id',
    columns: [...common, ['visit', 'text'], ['hall', 'text'], ['hall_window', 'text'], ['at', 'int8'], ...tail],
    cells: (row) => [row.id, row.region, row.visit, row.hall, row.window, row.at],
  },
  presence: {
    name: 'presence',
    key: 'id',
    columns: [...common, ['hall', 'text'], ...tail],
    cells: (row) => [row.id, row.region, row.hall],
  },
  camera: {
    name: 'camera_status',
    key: 'camera',
    columns: [['camera', 'text'], ['region', 'text'], ['hall', 'text'], ['state', 'text'], ...tail],
    cells: (row) => [row.camera, row.region, row.hall, row.state],
  },
  notice: {
    name: 'notice',
    key: 'id',
    columns: [...common, ['signal', 'text'], ['hall', 'text'], ['audience', 'text'], ['at', 'int8'], ...tail],
    cells: (row) => [row.id, row.region, row.signal, row.hall, row.audience, row.at],
  },
  inquiry: {
    name: 'inquiry',
    key: 'id',
    columns: [...common, ['signal', 'text'], ['hall', 'text'], ['state', 'text'], ['due_at', 'int8'], ...tail],
    cells: (row) => [row.id, row.region, row.signal, row.hall, row.state, row.dueAt],
  },
  register: { name: 'register', key: 'id', columns: [...common, ...tail], cells: (row) => [row.id, row.region] },
  evidence: {
    name: 'evidence',
    key: 'id',
    columns: [
      ...common,
      ['hall', 'text'],
      ['camera', 'text'],
      ['taken_at', 'int8'],
      ['until_at', 'int8'],
      ['state', 'text'],
      ...tail,
    ],
    cells: (row) => [row.id, row.region, row.hall, row.camera, row.takenBy.at, row.until, row.state],
  },
  release: {
    name: 'evidence_release',
    key: 'id',
    columns: [
      ...common,
      ['hall', 'text'],
      ['evidence', 'text'],
      ['state', 'text'],
      ['account', 'text'],
      ['asked_at', 'int8'],
      ...tail,
    ],
    cells: (row) => [
      row.id,
      row.region,
      row.hall,
      row.evidence,
      row.state,
      row.requestedBy.account,
      row.requestedBy.at,
    ],
  },
  hold: {
    name: 'recording_hold',
    key: 'id',
    columns: [
      ...common,
      ['hall', 'text'],
      ['camera', 'text'],
      ['from_at', 'int8'],
      ['to_at', 'int8'],
      ['state', 'text'],
      ...tail,
    ],
    cells: (row) => [row.id, row.region, row.hall, row.camera, row.from, row.to, row.state],
  },
  entry: {
    name: 'register_entry',
    key: 'id',
    columns: [
      ...common,
      ['organ', 'text'],
      ['act', 'text'],
      ['hall', 'text'],
      ['account', 'text'],
      ['from_at', 'int8'],
      ['found', 'boolean'],
      ...tail,
    ],
    cells: (row) => [row.id, row.region, row.organ, row.act, row.hall, row.account, row.from, String(row.found)],
  },
  review: { name: 'register_review', key: 'id', columns: [...common, ...tail], cells: (row) => [row.id, row.region] },
};
