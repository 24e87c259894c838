/** 监察台账 (SC-19): lines out of visits, findings, signals and entries, in one order. */
import type { Evidence } from '../../model/evidence.ts';
import type { RegisterEntry, RegisterKind, RegisterReview, Signable } from '../../model/register.ts';
import type { Finding, Signal, Visit } from '../../model/state.ts';
import { prefixOf } from '../../model/world.ts';
import type { Statement } from '../../platform/postgres.ts';
import type { Scope } from './scope.ts';
import type { Cursor } from './where.ts';

export interface RegisterFilter {
  kind?: RegisterKind | undefined;
  region?: string | undefined;
  /** An organ, and its region: what the hub issued there is its own. */
  organ?: { id: string; region: string } | undefined;
  hall?: string | undefined;
  found?: boolean | undefined;
  account?: string | undefined;
  from?: number | undefined;
  to?: number | undefined;
  before?: Cursor | undefined;
  limit: number;
}

/** `body` is the row that the line is of; `visit` stands beside a finding, `organ` beside what a duty led to. */
export interface RegisterRow extends Record<string, unknown> {
  of: 'visit' | 'finding' | 'signal' | 'entry';
  id: string;
  at: number;
  body: Visit | Finding | Signal | RegisterEntry;
  visit: Visit | null;
  organ: string | null;
  sequence: number | null;
  hash: string | null;
  patrol: number | null;
  review: RegisterReview | null;
  evidence: Pick<Evidence, 'id' | 'pictureSha256'> | null;
  corrects: number | null;
  corrected: number | null;
}

interface Source {
  of: RegisterRow['of'];
  kinds: readonly RegisterKind[];
  from: string;
  at: string;
  /** What is a line at all. */
  is: string;
  visit: string;
  organ: string;
  /** `$` stands for the value. */
  organIs: string;
  accountIs: string;
  found: string | undefined;
  notFound: string;
}

const none = 'null::jsonb';
/** What an unfinished visit, a draft and a trial come to is not known yet, or is no act. */
const sources: readonly Source[] = [
  {
    of: 'visit',
    kinds: ['video'],
    from: 'visit l left join duty d on d.id = l.duty',
    at: 'l.started_at',
    // A visit with findings is told by them, one line each.
    is: "l.state = 'finished' and (l.body->>'findings') = '0'",
    visit: none,
    organ: 'd.organ',
    organIs: 'd.organ = $',
    accountIs: 'l.account = $',
    found: undefined,
    notFound: 'true',
  },
  {
    of: 'finding',
    kinds: ['video'],
    from: 'finding l join visit v on v.id = l.visit left join duty d on d.id = v.duty',
    at: 'l.at',
    is: 'true',
    visit: 'v.body',
    organ: 'd.organ',
    organIs: 'd.organ = $',
    accountIs: "l.body->>'account' = $",
    found: "l.state <> 'withdrawn'",
    notFound: "l.state = 'withdrawn'",
  },
  {
    of: 'signal',
    kinds: ['data'],
    from: 'signal l',
    at: 'l.issued_at',
    // Those of patrols belong to their visits.
    is: "l.state not in ('draft', 'dropped') and not l.trial and not l.body ? 'duty' and not l.body ? 'finding'",
    visit: none,
    organ: 'null::text',
    organIs: 'l.region = $',
    accountIs: 'l.handled_by = $',
    found: "l.state <> 'revoked'",
    notFound: "l.state = 'revoked'",
  },
  {
    of: 'entry',
    kinds: ['callback', 'sample', 'onsite'],
    from: 'register_entry l',
    at: 'l.from_at',
    is: 'true',
    visit: none,
    organ: 'l.organ',
    organIs: 'l.organ = $',
    accountIs: 'l.account = $',
    found: 'l.found',
    notFound: 'not l.found',
  },
];

/** A page of the register, newest first: each source gives its newest, and the newest of those are the page. */
export function selectLines(scope: Scope, filter: RegisterFilter): Statement {
  const values: unknown[] = [];
  const value = (each: unknown): string => `$${values.push(each)}`;
  const { kind, organ, hall, found, account, from, to, before } = filter;
  const limit = value(filter.limit);
  const parts = sources.flatMap((source) => {
    const answer = found === undefined ? 'true' : found ? source.found : source.notFound;
    if (answer === undefined || (kind !== undefined && !source.kinds.includes(kind))) return [];
    const { at } = source;
    const wanted = [source.is, answer];
    for (const prefix of [scope.prefix, ...(filter.region === undefined ? [] : [prefixOf(filter.region)])])
      wanted.push(prefix.length === 6 ? `l.region = ${value(prefix)}` : `l.region like ${value(`${prefix}%`)}`);
    if (source.of === 'entry' && kind !== undefined) wanted.push(`l.act = ${value(kind)}`);
    if (organ) wanted.push(source.organIs.replace('$', value(source.of === 'signal' ? organ.region : organ.id)));
    if (account !== undefined) wanted.push(source.accountIs.replace('$', value(account)));
    for (const one of [scope.hall, hall]) if (one !== undefined) wanted.push(`l.hall = ${value(one)}`);
    if (from !== undefined) wanted.push(`${at} >= ${value(from)}`);
    if (to !== undefined) wanted.push(`${at} <= ${value(to)}`);
    if (before) wanted.push(`(${at}, l.id) < (${value(before.at)}, ${value(before.id)})`);
    return [
      `(select '${source.of}' as of, l.id, ${at} as at, l.region, l.body, ${source.visit} as visit, ${source.organ} as organ
        from ${source.from} where ${wanted.join(' and ')} order by ${at} desc, l.id desc limit ${limit})`,
    ];
  });
  if (parts.length === 0) return { text: 'select 1 where false', values: [] };
  return {
    text: `select l.of, l.id, l.at, l.body, l.visit, l.organ, own.sequence, own.hash, patrol.sequence as patrol, r.body as review,
        case when e.id is null then null else jsonb_build_object('id', e.id, 'pictureSha256', e.body->'pictureSha256') end as evidence,
        earlier.sequence as corrects, later.sequence as corrected
      from (select * from (${parts.join(' union all ')}) every order by at desc, id desc limit ${limit}) l
      left join lateral (${firstEntry('l.region', 'l.id')}) own on true
      left join lateral (${firstEntry('l.region', "l.visit->>'id'")}) patrol on l.visit is not null
      left join lateral (${firstEntry('l.region', "l.body->'corrects'->>'entry'")}) earlier on l.of = 'entry'
      left join lateral (${firstEntry('l.region', "l.body->>'correctedBy'")}) later on l.of = 'entry'
      left join register_review r on r.id = case when l.of = 'finding' then 'visit:' || (l.visit->>'id') else l.of || ':' || l.id end
      left join evidence e on l.of = 'finding' and e.id = coalesce(l.body->>'evidence', left('evidence-' || l.id, 80))
      order by l.at desc, l.id desc`,
    values,
  };
}

/** Where in the chain a thing was entered first. */
const firstEntry = (region: string, subject: string): string =>
  `select sequence, hash from ledger where subject = ${subject} and region = ${region} order by sequence limit 1`;

/** Where an entry is that somebody wants to correct. */
export const selectEntry = (id: string): Statement => ({
  text: 'select region from register_entry where id = $1',
  values: [id],
});

/** What somebody wants to sign for: where it is. */
export const selectSigned = (of: Signable, line: string): Statement => ({
  text: `select region, hall from ${of === 'entry' ? 'register_entry' : of} where id = $1`,
  values: [line],
});

/** Everybody who may have made a line. */
export const selectInspectors = (prefix: string): Statement => ({
  text: `select name as account, display as name from account where role = 'inspector' and region like $1 order by display, name limit 500`,
  values: [`${prefix}%`],
});

/** The chain's newest entry. */
export const selectHead = (region: string): Statement => ({
  text: 'select sequence, hash from ledger where region = $1 order by sequence desc limit 1',
  values: [region],
});
