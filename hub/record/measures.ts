/**
 * The SQL of the sweep: figures of one day for each measure, grouped in the store and read through an index on the time. What a
 * day brings in is bounded by `received_at`, so that each event is measured once however late it comes.
 */
import type { Statement } from '../platform/postgres.ts';

/** No table of figures is longer: what is cut is said in the log. */
const mostRows = 20_000;

/** The newest opening of each matter up to a moment, within the region that publishes it; each asked of its own index. */
export const selectLastOpened = (codes: string[], prefixes: string[], until: number): Statement => ({
  text: `select m.place::int as place, c.opened_at from unnest($1::text[], $2::text[]) with ordinality as m(code, prefix, place)
    cross join lateral (select opened_at from (
        select region, opened_at from casefile where matter = m.code and opened_at <= $3 order by opened_at desc, id desc offset 0) newest
      where region like m.prefix || '%' limit 1) c`,
  values: [codes, prefixes, until],
});

/** When each region's data begins. */
export const selectFirstOpened = (prefixes: string[], regions: string[]): Statement => ({
  // Each region's first case is one look into its index.
  text: `select p.prefix, min(c.opened_at) as opened_at from unnest($1::text[]) as p(prefix) join unnest($2::text[]) as r(code) on r.code like p.prefix || '%'
    cross join lateral (select opened_at from casefile where region = r.code and opened_at is not null order by opened_at, id limit 1) c
    group by p.prefix`,
  values: [prefixes, regions],
});

/** Cases that came in, by region, matter and week. */
export const selectWeeks = (from: number, until: number, week: number): Statement => ({
  text: `select region, matter, ((opened_at - $1) / $3)::int as week, count(*) as cases from casefile
    where opened_at >= $1 and opened_at <= $2 and matter <> '' group by 1, 2, 3 order by 1, 2, 3 limit $4`,
  values: [from, until, week, mostRows],
});

export const selectNumbers = (from: number, until: number): Statement => ({
  text: `select region, department, number from casefile where opened_at >= $1 and opened_at <= $2
    and number ~ '[0-9]{3}$' order by region, department, number limit $3`,
  values: [from, until, mostRows],
});

/** The nearest number below each of these that begins like it. */
export const selectBelow = (regions: string[], prefixes: string[], numbers: string[]): Statement => ({
  text: `select n.place::int as place, c.number from unnest($1::text[], $2::text[], $3::text[]) with ordinality as n(region, prefix, number, place)
    cross join lateral (select number from casefile where region = n.region and number ~>=~ n.prefix and number ~<~ n.number
      order by number using ~>~ limit 1) c`,
  values: [regions, prefixes, numbers],
});

export const selectPresent = (ids: string[]): Statement => ({
  text: 'select id from casefile where id = any($1)',
  values: [ids],
});

const finished = `e.received_at >= $1 and e.received_at <= $2 and e.kind = 'case.completed' and e.refused is null`;
/** Sources without a time of day send midnight, which is no hour of anybody's work. */
const hasTime = '(e.occurred_at + 28800000) % 86400000 <> 0';

/** The fullest hour of each person. */
export const selectThroughput = (from: number, until: number, least: number): Statement => ({
  text: `select distinct on (region, handler) * from (
      select e.region, e.body->>'handler' as handler, e.occurred_at / 3600000 as hour, count(distinct e.casefile) as cases,
        min(e.hall_window) as hall_window, min(c.department) as department
      from event e left join casefile c on c.id = e.casefile
      where ${finished} and e.body->>'handler' is not null and ${hasTime}
      group by 1, 2, 3 having count(distinct e.casefile) > $3) hours
    order by region, handler, cases desc, hour limit $4`,
  values: [from, until, least, mostRows],
});

/** The most cases that one account entered within a span of time after they were over for longer than that. */
export const selectBatches = (from: number, until: number, span: number, least: number): Statement => ({
  text: `select distinct on (region, source, handler) * from (
      select region, source, handler, entered, hall_window, department,
        count(*) over (partition by region, source, handler order by entered range between $3::int8 preceding and current row) as cases
      from (select e.region, e.source, coalesce(e.body->>'handler', '') as handler, e.hall_window, c.department, e.occurred_at,
          coalesce((e.body->>'enteredAt')::int8, e.received_at) as entered
        from event e left join casefile c on c.id = e.casefile where ${finished}) done
      where entered - occurred_at > $3) spans
    where cases >= $4 order by region, source, handler, cases desc, entered limit $5`,
  values: [from, until, span, least, mostRows],
});

/** Minutes from a step to its entry, by source. */
export const selectLags = (from: number, until: number, least: number): Statement => ({
  text: `select region, source, count(*) as steps, percentile_disc(0.5) within group (order by lag) as p50,
      percentile_disc(0.9) within group (order by lag) as p90
    from (select region, source, (coalesce((body->>'enteredAt')::int8, received_at) - occurred_at) / 60000 as lag from event
      where received_at >= $1 and received_at <= $2 and kind like 'case.%' and refused is null) lags
    group by 1, 2 having count(*) >= $3 order by 1, 2 limit $4`,
  values: [from, until, least, mostRows],
});

export const selectSourceNames = (ids: string[]): Statement => ({
  text: 'select id, name from source where id = any($1)',
  values: [ids],
});

export const selectKnownIds = (ids: string[]): Statement => ({
  text: 'select id from event_id where id = any($1)',
  values: [ids],
});

/** The latest day that was measured. */
export const selectSwept: Statement = {
  text: "select to_char(max(day), 'YYYY-MM-DD') as day from sweep_day",
};

export const insertSwept = (day: string, at: number, published: number): Statement => ({
  text: 'insert into sweep_day (day, measured_at, published) values ($1, $2, $3) on conflict (day) do nothing',
  values: [day, at, published],
});
