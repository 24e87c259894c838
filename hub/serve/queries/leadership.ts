import type { Row, Statement } from '../../platform/postgres.ts';

/** The regions whose organs are asked about, as SQL values; `regions` where one level is asked for. */
export interface Whose {
  prefix: string;
  regions?: string[] | undefined;
}

export interface DutyFiguresRow extends Row {
  organ: string;
  /** Counted from one. */
  month: number;
  required: number;
  done: number;
  duties: number;
  could_not: number;
  missed: number;
  offline: number;
  frozen: number;
  black: number;
  covered: number;
}

/** By organ and month, from the index alone; `months`: the first day of each. */
export const dutyFigures = ({ prefix, regions }: Whose, from: string, to: string, months: string[]): Statement => ({
  text: `select organ, width_bucket(day, $3::date[]) as month, sum(required)::int as required, sum(least(done, required))::int as done,
      count(*)::int as duties, count(*) filter (where state = 'couldNotInspect')::int as could_not, count(*) filter (where state = 'missed')::int as missed,
      count(*) filter (where state = 'couldNotInspect' and cause = 'offline')::int as offline,
      count(*) filter (where state = 'couldNotInspect' and cause = 'frozen')::int as frozen,
      count(*) filter (where state = 'couldNotInspect' and cause = 'black')::int as black,
      count(*) filter (where state = 'couldNotInspect' and cause = 'covered')::int as covered
    from duty where day between $1 and $2 and not as_needed and region like $4 and ($5::text[] is null or region = any($5)) group by 1, 2`,
  values: [from, to, months, `${prefix}%`, regions ?? null],
});

export interface FindingFiguresRow extends Row {
  /** Absent: of all. */
  group: string | null;
  found: number;
  rectified: number;
  late: number;
  median: number | null;
  ninth: number | null;
}

const findings = `from finding where at between $1 and $2 and region like $3 and ($4::text[] is null or region = any($4)) and state <> 'withdrawn'`;
const findingValues = ({ prefix, regions }: Whose, from: number, to: number): unknown[] => [
  from,
  to,
  `${prefix}%`,
  regions ?? null,
];

/** By kind, and of all; how long it took to put right what was put right. Withdrawn findings are none. */
export const findingFigures = (whose: Whose, from: number, to: number): Statement => ({
  text: `select left(code, 1) as group, count(*)::int as found, count(*) filter (where late)::int as late,
      count(*) filter (where rectified_at is not null and state in ('rectified', 'verified'))::int as rectified,
      percentile_cont(0.5) within group (order by rectified_at - at) filter (where state in ('rectified', 'verified')) as median,
      percentile_cont(0.9) within group (order by rectified_at - at) filter (where state in ('rectified', 'verified')) as ninth
    ${findings} group by grouping sets ((), (left(code, 1)))`,
  values: findingValues(whose, from, to),
});

export interface HallFindingsRow extends Row {
  hall: string;
  group: string;
  month: number;
  found: number;
}

/** `months`: the first moment of each. */
export const findingsByHall = (whose: Whose, from: number, to: number, months: number[]): Statement => ({
  text: `select hall, left(code, 1) as group, width_bucket(at, $5::int8[]) as month, count(*)::int as found ${findings} group by 1, 2, 3`,
  values: [...findingValues(whose, from, to), months],
});
