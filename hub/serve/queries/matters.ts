/** The catalogue of matters as it is listed: what is in force beside the newest version of its record. */
import { prefixOf } from '../../model/world.ts';
import type { MatterRecord } from '../../model/matter.ts';
import type { MatterVersion } from '../../model/matterVersion.ts';
import type { Statement } from '../../platform/postgres.ts';
import type { Scope } from './scope.ts';

export interface MatterFilter {
  /** Of one region and those below; without it also what the regions above publish for it. */
  region?: string | undefined;
  above: string[];
  department?: string | undefined;
  businessType?: MatterRecord['businessType'] | undefined;
  /** Of the newest version; `none`: it never had a record. */
  state?: MatterVersion['state'] | 'none' | undefined;
  coverage?: 'covered' | 'uncovered' | undefined;
  text?: string | undefined;
  /** Cases since then count for the coverage (XY-18). */
  since: number;
  after?: { region: string; code: string } | undefined;
  limit: number;
}

export interface MatterRow extends Record<string, unknown> {
  region: string;
  code: string;
  name: string;
  name_en: string | null;
  department: string | null;
  business_type: MatterRecord['businessType'];
  item_class: MatterRecord['itemClass'];
  statutory_days: number | null;
  promised_days: number | null;
  live: MatterRecord['state'];
  version: number | null;
  state: MatterVersion['state'] | null;
  frozen: number | null;
  covered: boolean;
}

const beginning = (text: string): string => `%${text.replace(/[\\%_]/g, (each) => `\\${each}`)}%`;

/** JY-02: a matter that is secret in force, in its newest or its newest frozen version stands nowhere. */
export const selectMatters = (scope: Scope, filter: MatterFilter): Statement => ({
  text: `with v as (
      select distinct on (region, code) region, code, version, state, record from matter_version
        where region like $1 or region = any($2) order by region, code, version desc),
    f as (
      select distinct on (region, code) region, code, version, record->>'secrecy' as secrecy from matter_version
        where state = 'frozen' and (region like $1 or region = any($2)) order by region, code, version desc),
    m as (select region, code, body from matter where region like $1 or region = any($2)),
    line as (
      select region, code, coalesce(v.record->>'name' || coalesce('（' || (v.record->>'subItem') || '）', ''), m.body->>'name') as name,
        coalesce(v.record->>'nameEn', m.body->>'nameEn') as name_en, coalesce(v.record->>'department', m.body->>'department') as department,
        coalesce(v.record->>'businessType', m.body->>'businessType') as business_type, coalesce(v.record->>'itemClass', m.body->>'itemClass') as item_class,
        (coalesce(v.record->>'statutoryDays', m.body->>'statutoryDays'))::int as statutory_days,
        (coalesce(v.record->>'promisedDays', m.body->>'promisedDays'))::int as promised_days,
        coalesce(v.record->>'state', m.body->>'state', 'live') as live, v.version, v.state, f.version as frozen
      from m full join v using (region, code) left join f using (region, code)
      where m.body->>'secret' is null and coalesce(v.record->>'secrecy', 'public') = 'public' and coalesce(f.secrecy, 'public') = 'public')
    select l.*, c.seen is not null as covered
      from (select * from line
        where ($5::text is null or department = $5) and ($6::text is null or business_type = $6)
          and ($7::text is null or coalesce(state, 'none') = $7)
          and ($8::text is null or code ilike $8 or name ilike $8 or name_en ilike $8)
          and ($9::text is null or (region, code) > ($9, $10))
        order by region, code ${filter.coverage === undefined ? 'limit $11' : ''}) l
      left join lateral (select true as seen from casefile c
        where c.matter = l.code and c.opened_at >= $4
          and case when c.region like $3 and c.region like regexp_replace(l.region, '(00){1,2}$', '') || '%' then true else false end
        order by c.opened_at desc limit 1) c on true
      ${filter.coverage === undefined ? '' : `where c.seen is ${filter.coverage === 'covered' ? 'not null' : 'null'}`}
      order by l.region, l.code limit $11`,
  values: [
    `${filter.region === undefined ? scope.prefix : prefixOf(filter.region)}%`,
    filter.region === undefined ? filter.above : [],
    `${scope.prefix}%`,
    filter.since,
    filter.department ?? null,
    filter.businessType ?? null,
    filter.state ?? null,
    filter.text === undefined ? null : beginning(filter.text),
    filter.after?.region ?? null,
    filter.after?.code ?? null,
    filter.limit,
  ],
});
