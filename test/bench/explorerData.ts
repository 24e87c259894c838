/** Three years of a city's cases, written straight into the tables: the recorder would need hours for them. */
import type { Store } from '../../hub/platform/postgres.ts';

export const span = 3 * 365 * 86_400_000;
/** Events of a case, and after how many days of its life each happens. */
const lives = [
  ['case.received', 0],
  ['case.accepted', 0],
  ['case.stepped', 0],
  ['case.stepped', 1],
  ['case.stepped', 2],
  ['case.stepped', 3],
  ['case.stepped', 5],
  ['case.stepped', 6],
  ['case.decided', 7],
  ['case.completed', 7],
] as const;
const steps = lives.length;
const chunk = 50_000;
const perDepartment = 12;
export const regions = ['510104', '510107', '510106', '510105', '510108'];
export const matterOf = (number: number): string => `B-${String(number).padStart(3, '0')}`;

/** Five counties with twelve departments and one hall of ten windows each, and 400 matters of the city. */
export async function writePlaces(store: Store): Promise<void> {
  await store.query(
    `insert into region (code, parent, level, name, demo) select code, '510100', 'county', '区县' || code, true from unnest($1::text[]) code on conflict do nothing`,
    [regions],
  );
  await store.query(
    `insert into department (id, region, name) select r || '-b' || d, r, '部门 ' || d from unnest($1::text[]) r, generate_series(0, ${perDepartment - 1}) d`,
    [regions],
  );
  await store.query(
    `insert into hall (id, region, name, opens, closes) select 'bench-' || r, r, '大厅 ' || r, 540, 1020 from unnest($1::text[]) r`,
    [regions],
  );
  await store.query(
    `insert into hall_window (id, hall, number, name) select 'bench-' || r || '-' || w, 'bench-' || r, w::text, w || '号' from unnest($1::text[]) r, generate_series(1, 10) w`,
    [regions],
  );
  await store.query(
    `insert into matter (region, code, body) select '510100', code, jsonb_build_object('code', code, 'region', '510100', 'name', '事项 ' || code,
        'businessType', 'approval', 'itemClass', 'promised', 'statutoryDays', 20, 'promisedDays', 10, 'steps', '[]'::jsonb)
      from (select 'B-' || lpad(n::text, 3, '0') as code from generate_series(0, 399) n) m`,
  );
}

/**
 * Case n of `cases` comes in after n/cases of the three years. A few matters have most of the cases, 5 % are late, 0.5 % were
 * never finished (together with those of the last days 1 %), 1 % withdrawn. `now` in epoch milliseconds.
 */
export async function writeCases(store: Store, cases: number, now: number, say: (text: string) => void): Promise<void> {
  const indexes = await dropIndexes(store, ['event', 'casefile', 'signal', 'ledger']);
  await store.query(
    `create unlogged table bench_case as
    select n, at, r as region, r || ':' || number as id, number, matter, r || '-b' || (matter_no % ${perDepartment}) as department, 'bench-' || r as hall,
      'bench-' || r || '-' || (1 + n % 10) as hall_window, at + 7 * 86400000 as ended, (n * ${steps})::int8 as first, fate,
      case when fate < 50 then at + (2 + n % 5) * 86400000 else at + (7 + n % 9) * 86400000 + 3600000 end as due
    from (select n, at, fate, matter_no, ($3::text[])[1 + (hashint8(n * 7 + 1) & 1048575) % 5] as r, 'B-' || lpad(matter_no::text, 3, '0') as matter,
        to_char(to_timestamp(at / 1000), 'YYYYMMDD') || lpad(n::text, 8, '0') as number
      from (select n, $1::int8 - ${span} + (n * ${span}::numeric / $2)::int8 as at, (hashint8(n) & 1048575) % 1000 as fate,
          floor(400 * power((hashint8(n * 3 + 5) & 1048575) / 1048576.0, 2))::int as matter_no
        from generate_series(0, $2::int8 - 1) n) a) b`,
    [now, cases, regions],
  );
  await store.query('create index on bench_case (n)');
  await store.query('analyze bench_case');
  // 50–54 of a thousand are never finished, 60–69 withdrawn.
  await inChunks(cases, (from, to) =>
    store.query(
      `insert into casefile (id, region, matter, department, hall, hall_window, source, status, accepted_at, completed_at, promised_due_at, statutory_due_at, next_turn, position, body)
        select id, region, matter, department, hall, hall_window, 'bench', status, at, done, due, due + 864000000, case when status = 'accepted' then due end, first + ${steps - 1},
          format('{"id":"%s","region":"%s","number":"%s","matter":"%s","department":"%s","hall":"%s","window":"%s","source":"bench","status":"%s","receivedAt":%s,"acceptedAt":%s,%s"suspensions":[],"extensionDays":0,"corrections":0,"steps":[{"step":"初审","at":%s},{"step":"复审","at":%s},{"step":"发证","at":%s}],"applicant":{"name":"某某公司","class":"enterprise"},"statutoryDueAt":%s,"promisedDueAt":%s,"pack":"sichuan-2011@1","provisional":false,"fired":[],"lastEventAt":%s,"position":%s}',
            id, region, number, matter, department, hall, hall_window, status, at, at,
            case when done is null then '' else format('"decidedAt":%s,"completedAt":%s,"outcome":"approved",', done, done) end,
            at + 86400000, at + 172800000, at + 432000000, due + 864000000, due, least(ended, $3), first + ${steps - 1})::jsonb
        from (select *, case when status = 'completed' then ended end as done
          from (select *, case when fate between 60 and 69 then 'withdrawn' when fate between 50 and 54 or ended > $3 then 'accepted' else 'completed' end as status
            from bench_case where n >= $1 and n < $2) a) b`,
      [from, to, now],
    ),
  );
  say('cases');
  // Events stand in the archive in the order in which they happened: those of one case lie far apart, as in life.
  const offsets = lives.map(([, days]) => Math.floor((days * 86_400_000 * cases) / span));
  await inChunks(cases + Math.max(...offsets), async (from, to) => {
    for (const [index, [kind, days]] of lives.entries()) {
      await store.query(
        `insert into event (position, received_at, id, region, kind, occurred_at, casefile, hall, hall_window, source, body)
          select (n + $3) * ${steps} + $4, at + $5 + $4 * 60000, 'b' || n || '-' || $4, region, '${kind}', at + $5 + $4 * 60000, id, hall, hall_window, 'bench',
            format('{"id":"b%s-%s","kind":"${kind}","region":"%s","source":"bench","casefile":"%s","window":"%s","handler":"%s","occurredAt":%s${kind === 'case.stepped' ? ',"step":"审核"' : ''}${index < 2 ? ',"matter":"%s"' : ''}}',
              n, $4, region, number, hall_window, 1000 + n % 300, at + $5 + $4 * 60000${index < 2 ? ', matter' : ''})::jsonb
          from bench_case where n >= $1 and n < $2 and at + $5 <= $6 and not ($4 >= 8 and (fate between 50 and 54 or fate between 60 and 69))`,
        [from - offsets[index]!, to - offsets[index]!, offsets[index]!, index, days * 86_400_000, now],
      );
    }
  });
  say('events');
  // Two thirds of the late were warned of before; every late case has a correction that is closed when it is old.
  for (const [rule, level, condition, at] of [
    ['near-promised', 'notice', 'fate < 80 or fate > 980', 'due - 86400000'],
    ['over-promised', 'correction', 'fate < 55', 'due'],
  ] as const) {
    await store.query(
      `insert into signal (id, region, level, state, rule, casefile, hall, hall_window, at, issued_at, position, body)
        select sid, region, '${level}', state, '${rule}', id, hall, hall_window, moment, moment, first + 5,
          format('{"id":"%s","region":"%s","level":"${level}","state":"%s","rule":"${rule}","pack":"sichuan-2011","packVersion":1,"article":"第六条","titleZh":"超过承诺时限","titleEn":"Over the promised limit","messageZh":"办件 %s 已超过承诺时限","messageEn":"Case %s is over its promised limit","casefile":"%s","matter":"%s","department":"%s","hall":"%s","window":"%s","at":%s,"issuedAt":%s,"position":%s,"explanation":{"unit":"working","startedOn":"2026-01-05","limitDays":10,"dueOn":"2026-01-19","dueAt":%s,"excluded":[{"day":"2026-01-10","reason":"weekend"},{"day":"2026-01-11","reason":"weekend"},{"day":"2026-01-17","reason":"weekend"},{"day":"2026-01-18","reason":"weekend"}],"makeUp":[],"suspensions":[],"asOf":%s,"overDays":1,"provisional":false}}',
            sid, region, state, number, number, id, matter, department, hall, hall_window, moment, moment, first + 5, due, moment)::jsonb
        from (select *, 's' || n || '-${rule}' as sid, ${at} as moment, case when ${at} > $1 - 30 * 86400000::int8 then case when n % 2 = 0 then 'issued' else 'acknowledged' end else 'closed' end as state
          from bench_case where (${condition}) and ${at} <= $1 and ${at} >= at) a`,
      [now],
    );
  }
  await store.query(`insert into ledger (region, sequence, at, act, subject, event, previous, hash, body)
    select region, row_number() over (partition by region order by issued_at, id), issued_at, 'signal.issued', id, 'e' || id, md5(id), md5('h' || id),
      jsonb_build_object('region', region, 'at', issued_at, 'act', 'signal.issued', 'subject', id, 'facts', '{}'::jsonb, 'hash', md5('h' || id)) from signal`);
  await store.query('drop table bench_case');
  await store.query('update recorder set position = (select max(position) from event)');
  for (const each of indexes)
    await store.transaction(async (runner) => {
      await runner.query('set local statement_timeout = 0');
      await runner.query("set local maintenance_work_mem = '512MB'");
      await runner.query(each);
    });
  say('indexes');
  for (const table of ['event', 'casefile', 'signal', 'ledger']) await store.query(`vacuum (analyze) ${table}`);
}

async function inChunks(to: number, work: (from: number, to: number) => Promise<unknown>): Promise<void> {
  for (let from = 0; from < to; from += chunk) await work(from, Math.min(to, from + chunk));
}

/** Indexes are made after the rows: that takes minutes instead of an hour. Returns what makes them again. */
async function dropIndexes(store: Store, tables: string[]): Promise<string[]> {
  const found = await store.query<{ name: string; text: string }>(
    `select indexname as name, indexdef as text from pg_indexes where tablename = any($1) and not exists (select from pg_constraint where conname = indexname)`,
    [tables],
  );
  for (const { name } of found) await store.query(`drop index ${name}`);
  return found.map(({ text }) => text);
}
