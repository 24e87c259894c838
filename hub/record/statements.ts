/** The recorder's SQL: texts and values, nothing else. Rows travel as arrays, at most one batch long. */
import type { Put, Readable, RowOf } from '../model/decide.ts';
import type { Recorded } from '../model/event.ts';
import type { LedgerEntry } from '../model/state.ts';
import { encodeArray, type ArrayType, type Cell } from '../platform/arrays.ts';
import type { Statement } from '../platform/postgres.ts';
import { shapes, type Shape } from './shapes.ts';

/** An event with what the archive keeps beside it. */
export interface Archived {
  event: Recorded;
  digest: string;
  /** The canonical JSON of the event as it was published, without `receivedAt` and `position`. */
  body: string;
  hall?: string;
  refused?: { field: string; reason: string };
}

export const selectPosition: Statement = { text: 'select position from recorder' };

export const selectSequence: Statement = { text: 'select log_sequence as sequence from recorder' };

/**
 * Moves the position on; fails with `notMoved` when another recorder has been writing (one writer, design §1): what was sent
 * behind it fails with it. `sequence` is the log's, absent in a rebuild.
 */
export const advance = (from: number, to: number, sequence: number | undefined): Statement => ({
  text: `with moved as (
      update recorder set position = $2, log_sequence = coalesce($3, log_sequence) where position = $1 returning 1)
    select 1 / count(*) from moved`,
  values: [from, to, sequence ?? null],
});

/** SQLSTATE of a division by nothing. */
export const notMoved = '22012';

export const selectKnown = (ids: string[]): Statement => ({
  text: `select i.id, i.position, i.digest, e.refused, e.refused_field
    from event_id i left join event e on e.position = i.position where i.id = any($1::text[])`,
  values: [encodeArray('text', ids)],
});

export function selectRows(table: Readable, ids: string[]): Statement {
  const { name, key } = shapes[table];
  return { text: `select body from ${name} where ${key} = any($1::text[])`, values: [encodeArray('text', ids)] };
}

/** The newest entry of each region named. */
export const selectHeads = (regions: string[]): Statement => ({
  text: `select r.region, l.sequence, l.hash from unnest($1::text[]) as r(region)
    cross join lateral (select sequence, hash from ledger where region = r.region order by sequence desc limit 1) l`,
  values: [regions],
});

/** A column's type, and the type its values travel as. */
const travels = (type: string): ArrayType => (type === 'int8' || type === 'jsonb' || type === 'bytea' ? type : 'text');

/** `insert … select unnest`: one array a column, however many rows. */
function insert(
  table: string,
  columns: readonly (readonly [name: string, type: string])[],
  rows: Cell[][],
  tail: string,
): Statement {
  const names = columns.map(([name]) => name).join(', ');
  // In the select list the arrays go side by side, all of one length; in `from` PostgreSQL would write each into a store first.
  const cells = columns.map(([name, type], index) => `unnest($${index + 1}::${travels(type)}[]) as ${name}`).join(', ');
  const picked = columns.map(([name, type]) => (travels(type) === type ? name : `${name}::${type}`)).join(', ');
  return {
    text: `insert into ${table} (${names}) select ${picked} from (select ${cells}) t ${tail}`,
    values: columns.map(([, type], index) =>
      encodeArray(
        travels(type),
        rows.map((row) => row[index]),
      ),
    ),
  };
}

const upsert = (columns: readonly (readonly [string, string])[], key: string): string =>
  `on conflict (${key}) do update set ${columns
    .filter(([name]) => name !== key)
    .map(([name]) => `${name} = excluded.${name}`)
    .join(', ')}`;

const eventColumns = [
  ['position', 'int8'],
  ['received_at', 'int8'],
  ['id', 'text'],
  ['region', 'text'],
  ['kind', 'text'],
  ['occurred_at', 'int8'],
  ['casefile', 'text'],
  ['hall', 'text'],
  ['hall_window', 'text'],
  ['source', 'text'],
  ['refused', 'text'],
  ['refused_field', 'text'],
  ['body', 'jsonb'],
] as const;

export function insertEvents(events: readonly Archived[]): Statement[] {
  return [
    insert(
      'event_id',
      [
        ['id', 'text'],
        ['position', 'int8'],
        ['digest', 'bytea'],
      ],
      events.map(({ event, digest }) => [event.id, event.position, digest]),
      '',
    ),
    insert(
      'event',
      eventColumns,
      events.map(({ event, hall, refused, body }) => [
        event.position,
        event.receivedAt,
        event.id,
        event.region,
        event.kind,
        event.occurredAt,
        'casefile' in event ? `${event.region}:${event.casefile}` : null,
        hall,
        'window' in event ? event.window : null,
        event.source,
        refused?.reason,
        refused?.field,
        body,
      ]),
      '',
    ),
  ];
}

export const putTables = Object.keys(shapes) as Put['table'][];

/** Upserts the rows of one table; each key at most once in a statement. */
export function upsertRows<T extends Put['table']>(table: T, rows: readonly RowOf<T>[]): Statement {
  const shape = shapes[table] as Shape<T>;
  return insert(
    shape.name,
    shape.columns,
    rows.map((row) => [...shape.cells(row), row.position, JSON.stringify(row)]),
    upsert(shape.columns, shape.key),
  );
}

/** An activated pack becomes reference data in the transaction that archives its event. A version is written once. */
export const insertPacks = (events: readonly Archived[]): Statement[] =>
  events.flatMap(({ event, refused }) =>
    event.kind === 'pack.activated' && !refused
      ? [
          {
            text: `insert into rule_pack (id, version, region, effective_from, body) values ($1, $2, $3, $4, $5::jsonb) on conflict (id, version) do nothing`,
            values: [event.pack, event.version, event.region, event.effectiveFrom, event.body],
          },
        ]
      : [],
  );

/** A camera that a person switched off or on: its record follows in the transaction that archives the event. */
export const switchCameras = (events: readonly Archived[]): Statement[] =>
  events.flatMap(({ event, refused }) =>
    event.kind === 'camera.changed' && event.account !== undefined && !refused
      ? [
          {
            text: 'update camera set enabled = $2 where id = $1',
            values: [event.camera, event.state !== 'disabled'],
          },
        ]
      : [],
  );

export function insertLedger(entries: readonly LedgerEntry[]): Statement {
  return insert(
    'ledger',
    [
      ['region', 'text'],
      ['sequence', 'int8'],
      ['at', 'int8'],
      ['act', 'text'],
      ['subject', 'text'],
      ['event', 'text'],
      ['previous', 'text'],
      ['hash', 'text'],
      ['body', 'jsonb'],
    ],
    entries.map((each) => [
      each.region,
      each.sequence,
      each.at,
      each.act,
      each.subject,
      each.event,
      each.previous,
      each.hash,
      JSON.stringify(each),
    ]),
    '',
  );
}

/** `id`: of a casefile its number. */
export interface TurnRow extends Record<string, unknown> {
  id: string;
  region: string;
  next_turn: number;
  position: number;
}

/** Casefiles whose colour changes by now, the longest waiting first. */
export const selectTurns = (now: number, limit: number): Statement => ({
  text: "select region, body->>'number' as id, next_turn, position from casefile where next_turn <= $1 order by next_turn limit $2",
  values: [now, limit],
});

/** Findings whose time to respond or to rectify is over. */
export const selectFindingTurns = (now: number, limit: number): Statement => ({
  text: 'select region, id, next_turn, position from finding where next_turn <= $1 order by next_turn limit $2',
  values: [now, limit],
});

/** Casefiles whose deadlines pass a year without a calendar: those that are open, and those that some clock still runs for. */
export function selectProvisional(after: string, limit: number): Statement {
  const columns = `id, region, body->>'number' as number, opened_at as from_at,
    greatest(statutory_due_at, promised_due_at, next_turn) as until_at`;
  const which = `body->>'provisional' = 'true' and id > $1`;
  return {
    text: `select ${columns} from casefile where ended_at is null and ${which}
      union select ${columns} from casefile where next_turn is not null and ${which} order by id limit $2`,
    values: [after, limit],
  };
}

/** Casefiles of a region and those below it that some clock may still run for, opened by a moment. */
export function selectPlanned(prefix: string, until: number, after: string, limit: number): Statement {
  const columns = `id, region, body->>'number' as number, opened_at as from_at, next_turn as until_at`;
  const which = `region like $1 and (opened_at is null or opened_at <= $2) and id > $3`;
  return {
    text: `select ${columns} from casefile where ended_at is null and ${which}
      union select ${columns} from casefile where next_turn is not null and ${which} order by id limit $4`,
    values: [`${prefix}%`, until, after, limit],
  };
}

export const selectSeen = (): Statement => ({ text: 'select at, body from calendar_seen', values: [] });

export const upsertSeen = (at: number, body: string): Statement => ({
  text: 'insert into calendar_seen (at, body) values ($1, $2) on conflict (one) do update set at = excluded.at, body = excluded.body',
  values: [at, body],
});

/** Signals whose time to correct is over by now (SZ-27). */
export const selectSignalTurns = (now: number, limit: number): Statement => ({
  text: 'select region, id, next_turn, position from signal where next_turn <= $1 order by next_turn limit $2',
  values: [now, limit],
});
