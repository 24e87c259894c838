/** The catalogue of matters in the store: versions of records, and the `matter` rows that follow the frozen ones. */
import { dayOf, startOf } from '../model/calendar.ts';
import { isSecret, matterOfRecord, type MatterRecord } from '../model/matter.ts';
import { diffRecords, type OurMatter, type Use } from '../model/matterDiff.ts';
import { turn, type Act, type MatterVersion, type Turned } from '../model/matterVersion.ts';
import { packOf, prefixOf, type Matter, type World } from '../model/world.ts';
import type { Bus } from './nats.ts';
import type { Runner, Store } from './postgres.ts';
import { worldChanged } from './world.ts';

export interface Imported {
  /** Codes that got a first version, a new one or a changed draft, and those whose newest version says the same already. */
  added: string[];
  changed: string[];
  unchanged: string[];
  /** Codes whose newest version is on its way through the review. */
  refused: { code: string; reason: string }[];
}

const mostVersions = 1_000;

/** All versions of one matter, oldest first. */
export async function versionsOf(runner: Runner, region: string, code: string): Promise<MatterVersion[]> {
  return runner.query<MatterVersion & Record<string, unknown>>(
    'select version, state, record, acts from matter_version where region = $1 and code = $2 order by version limit $3',
    [region, code, mostVersions],
  );
}

/** The newest version of every matter of a region; of the frozen ones only where asked. */
export async function newestOf(
  runner: Runner,
  region: string,
  { frozen = false }: { frozen?: boolean } = {},
): Promise<MatterVersion[]> {
  return runner.query<MatterVersion & Record<string, unknown>>(
    `select distinct on (code) version, state, record, acts from matter_version
     where region = $1 and (not $2 or state = 'frozen') order by code, version desc`,
    [region, frozen],
  );
}

/**
 * Makes each record a draft: the open draft is replaced, a frozen version gets a successor. All of them or, when one is
 * refused or `dryRun` is set, none.
 */
export async function importDrafts(
  store: Store,
  region: string,
  records: readonly MatterRecord[],
  { now, dryRun }: { now: number; dryRun: boolean },
): Promise<Imported> {
  return store.transaction(async (runner) => {
    await takeTurn(runner, region);
    const present = new Map((await newestOf(runner, region)).map((each) => [each.record.code, each]));
    const imported: Imported = { added: [], changed: [], unchanged: [], refused: [] };
    const drafts: { code: string; version: number; record: MatterRecord }[] = [];
    for (const record of records) {
      const { code } = record;
      const newest = present.get(code);
      if (newest && diffRecords(newest.record, record).length === 0) imported.unchanged.push(code);
      else if (newest && (newest.state === 'submitted' || newest.state === 'reviewed'))
        imported.refused.push({
          code,
          reason: `version ${newest.version} is ${newest.state}: freeze or return it first`,
        });
      else {
        (newest ? imported.changed : imported.added).push(code);
        drafts.push({ code, record, version: newest ? newest.version + (newest.state === 'frozen' ? 1 : 0) : 1 });
      }
    }
    if (dryRun || imported.refused.length > 0) return imported;
    await runner.query(
      `insert into matter_version (region, code, version, state, record, acts, changed_at)
       select $1, code, version, 'draft', record, '[]', $2 from jsonb_to_recordset($3::jsonb) as row(code text, version int, record jsonb)
       on conflict (region, code, version) do update set record = excluded.record, changed_at = excluded.changed_at`,
      [region, now, JSON.stringify(drafts)],
    );
    return imported;
  });
}

/** Does `act` to the version under way, and writes what follows. Freezing changes the `matter` row and tells every hub. */
export async function turnMatter(
  { store, bus, world }: { store: Store; bus: Bus; world: () => World },
  region: string,
  code: string,
  act: Act,
): Promise<Turned> {
  const turned = await store.transaction(async (runner): Promise<Turned> => {
    await takeTurn(runner, region);
    const versions = await versionsOf(runner, region, code);
    const newest = versions.at(-1);
    if (!newest) return { ok: false, reason: `region ${region} has no version of a matter ${code}` };
    const day = dayOf(act.at);
    const pack = packOf(world(), region, day);
    const done = turn(newest, act, {
      day,
      unit: pack?.clock.unit,
      promised: pack?.matters?.promised ?? 'earlier',
      frozen: versions.findLast(({ state }) => state === 'frozen')?.version,
    });
    if (!done.ok) return done;
    const { version, state, record, acts } = done.version;
    await runner.query(
      'update matter_version set state = $4, acts = $5, changed_at = $6 where region = $1 and code = $2 and version = $3',
      [region, code, version, state, JSON.stringify(acts), act.at],
    );
    if (state === 'frozen')
      await runner.query(
        'insert into matter (region, code, body) values ($1, $2, $3) on conflict (region, code) do update set body = excluded.body',
        [region, code, JSON.stringify(matterOfRecord(record))],
      );
    return done;
  });
  if (turned.ok && turned.version.state === 'frozen') bus.connection.publish(worldChanged);
  return turned;
}

/** One change of a region's catalogue at a time. */
async function takeTurn(runner: Runner, region: string): Promise<void> {
  await runner.query('select from region where code = $1 for update', [region]);
}

export interface Holdings {
  ours: OurMatter[];
  secret: Set<string>;
  used: Use[];
}

/** What the reconciliation needs of a region: its matters in force, the codes of secret ones, and the use of cancelled ones. */
export async function holdingsOf(store: Store, region: string): Promise<Holdings> {
  const frozen = await newestOf(store, region, { frozen: true });
  const versioned = new Set(frozen.map(({ record }) => record.code));
  const secret = new Set(frozen.filter(({ record }) => isSecret(record)).map(({ record }) => record.code));
  // Drafts are not in force, but what one of them declares secret is no gap of the published list.
  for (const { record } of await newestOf(store, region)) if (isSecret(record)) secret.add(record.code);
  const rows = await store.query<{ body: Matter }>('select body from matter where region = $1 order by code', [region]);
  const ours: OurMatter[] = [
    ...frozen.map(({ record }) => record),
    ...rows
      .map(({ body }) => body)
      .filter(({ code }) => !versioned.has(code))
      .map(bare),
  ].filter(({ code }) => !secret.has(code));
  return { ours, secret, used: await usesOf(store, region, ours) };
}

/** A matter that came without a record, from the seed files: what is known of it. */
const bare = ({ code, name, statutoryDays, promisedDays }: Matter): OurMatter => ({
  code,
  name,
  statutoryDays: statutoryDays ?? null,
  promisedDays: promisedDays ?? null,
});

/** Cases of each cancelled matter that were accepted on its last day or later; not where a region below has one of its own. */
async function usesOf(store: Store, region: string, ours: readonly OurMatter[]): Promise<Use[]> {
  const cancelled = ours.flatMap(({ code, state, since }) =>
    state === 'cancelled' && since ? [{ code, at: startOf(since) }] : [],
  );
  return store.query<Use & Record<string, unknown>>(
    `select cancelled.code, count(*) as cases
     from jsonb_to_recordset($1::jsonb) as cancelled(code text, at bigint)
     join casefile on casefile.matter = cancelled.code and casefile.accepted_at >= cancelled.at and casefile.region like $2
     where not exists (
       select from matter where matter.code = casefile.matter and matter.region <> $3 and matter.region like $2
         and matter.region in (casefile.region, left(casefile.region, 4) || '00'))
     group by cancelled.code`,
    [JSON.stringify(cancelled), `${prefixOf(region)}%`, region],
  );
}
