/** Writes the seed files into the reference tables: one transaction, repeatable, one statement a table. */
import type { WorkCalendar } from '../hub/model/calendar.ts';
import { matterKey } from '../hub/model/world.ts';
import { saveContacts } from '../hub/platform/contacts.ts';
import type { Runner, Store } from '../hub/platform/postgres.ts';
import { readSeeds, type CalendarSeed } from './files.ts';

/** Rows of each kind that the files hold. */
export interface Counts {
  regions: number;
  organs: number;
  departments: number;
  halls: number;
  windows: number;
  cameras: number;
  matters: number;
  packs: number;
  calendarDays: number;
  contacts: number;
}

/** Encrypts a camera's address for the table (hub/platform/seal.ts). */
export type Seal = (text: string) => Uint8Array;

export interface SeedOptions {
  /** Where a drawn scene is served, for example `rtsp://demo:…@127.0.0.1:8554`; the scene's name is appended. */
  cameraBase?: string;
}

/** Nobody listens here unless the demonstration runs; the addresses of real cameras are entered by an administrator. */
const nobody = 'rtsp://127.0.0.1:8554';

/** `insert … on conflict do update` of many rows at once; `columns` is `name type` as in the table. */
async function upsert(
  runner: Runner,
  table: string,
  keys: string[],
  columns: Record<string, string>,
  rows: Record<string, unknown>[],
  /** What is left to people in rows that are there already: these columns, and whole rows that are not as `only` says. */
  { kept = [], only = 'true' }: { kept?: string[]; only?: string } = {},
): Promise<void> {
  const names = Object.keys(columns);
  const typed = names.map((name) => `${name} ${columns[name]}`).join(', ');
  const changed = names
    .filter((name) => !keys.includes(name) && !kept.includes(name))
    .map((name) => `${name} = excluded.${name}`);
  await runner.query(
    `insert into ${table} (${names.join(', ')}) select ${names.join(', ')} from jsonb_to_recordset($1::jsonb) as row(${typed})
     on conflict (${keys.join(', ')}) do update set ${changed.join(', ')} where ${only}`,
    [JSON.stringify(rows)],
  );
}

/** What an administrator wrote by hand stays as they wrote it. */
const untouched = (table: string): { only: string } => ({ only: `${table}.changed_at is null` });

/** Reads `dir`, checks it and writes it. Throws before the first write when a file is wrong. Rows that other people added stay. */
export async function seedFrom(dir: string, store: Store, seal: Seal, options: SeedOptions = {}): Promise<Counts> {
  const seeds = await readSeeds(dir);
  const base = options.cameraBase ?? nobody;
  const sealed = (stream: string): string => `\\x${Buffer.from(seal(`${base}/${stream}`)).toString('hex')}`;
  const days = seeds.calendar.flatMap((year) => year.days);
  await store.transaction(async (runner) => {
    const named = { name: 'text', name_en: 'text' };
    const rename = <T extends { nameEn?: string }>({ nameEn, ...rest }: T) => ({ ...rest, name_en: nameEn });
    await upsert(
      runner,
      'region',
      ['code'],
      { code: 'text', parent: 'text', level: 'text', demo: 'boolean', ...named },
      seeds.regions.map(rename),
      untouched('region'),
    );
    const placed = { id: 'text', region: 'text', ...named };
    const lined = { ...placed, departments: 'text[]' };
    await upsert(runner, 'organ', ['id'], lined, seeds.organs.map(rename), untouched('organ'));
    await upsert(runner, 'department', ['id'], placed, seeds.departments.map(rename), untouched('department'));
    await upsert(
      runner,
      'hall',
      ['id'],
      { id: 'text', region: 'text', opens: 'int', closes: 'int', ...named },
      seeds.halls.map(rename),
      untouched('hall'),
    );
    await upsert(
      runner,
      'hall_window',
      ['id'],
      { id: 'text', hall: 'text', number: 'text', department: 'text', staff: 'text', ...named },
      seeds.windows.map(rename),
      untouched('hall_window'),
    );
    await upsert(
      runner,
      'camera',
      ['id'],
      {
        id: 'text',
        hall: 'text',
        hall_window: 'text',
        enabled: 'boolean',
        url: 'bytea',
        sub_url: 'bytea',
        recording: 'text',
        ...named,
      },
      seeds.cameras.map((each) => ({
        ...rename(each),
        hall_window: each.window,
        url: sealed(each.view),
        ...(each.subView === undefined ? {} : { sub_url: sealed(each.subView) }),
      })),
      // What an administrator switched off stays off, what is recorded stays so, and a record that they changed stays as they wrote it.
      { kept: ['enabled', 'recording'], ...untouched('camera') },
    );
    // XY-14: what was reviewed and frozen is not taken back by an example.
    const versions = await runner.query<{ region: string; code: string }>(
      `select distinct region, code from matter_version where state = 'frozen'`,
    );
    const frozen = new Set(versions.map(({ region, code }) => matterKey(region, code)));
    await upsert(
      runner,
      'matter',
      ['region', 'code'],
      { region: 'text', code: 'text', body: 'jsonb' },
      seeds.matters
        .filter(({ region, code }) => !frozen.has(matterKey(region, code)))
        .map((each) => ({ region: each.region, code: each.code, body: each })),
    );
    await upsert(
      runner,
      'rule_pack',
      ['id', 'version'],
      { id: 'text', version: 'int', region: 'text', effective_from: 'date', body: 'jsonb' },
      seeds.packs.map((each) => ({ ...each, effective_from: each.effectiveFrom, body: each })),
    );
    await upsert(runner, 'calendar_day', ['day'], { day: 'date', working: 'boolean', name: 'text' }, days);
    await upsert(
      runner,
      'calendar_closure',
      ['region', 'day'],
      { region: 'text', day: 'date', working: 'boolean', name: 'text' },
      seeds.closures,
    );
    await upsert(runner, 'calendar_year', ['year'], { year: 'int', published: 'boolean' }, seeds.calendar);
    const written = await runner.query<{ id: string }>('select id from contact where changed_at is not null');
    const changed = new Set(written.map(({ id }) => id));
    await saveContacts(
      runner,
      seeds.contacts.filter(({ id }) => !changed.has(id)),
    );
  });
  return {
    regions: seeds.regions.length,
    organs: seeds.organs.length,
    departments: seeds.departments.length,
    halls: seeds.halls.length,
    windows: seeds.windows.length,
    cameras: seeds.cameras.length,
    matters: seeds.matters.length,
    packs: seeds.packs.length,
    calendarDays: days.length,
    contacts: seeds.contacts.length,
  };
}

/** The calendar as the files give it, for whoever has no store at hand. */
export function calendarOf(years: readonly CalendarSeed[]): WorkCalendar {
  return {
    days: new Map(
      years.flatMap((year) => year.days.map(({ day, working, name }) => [day, { working, name }] as const)),
    ),
    years: new Set(years.filter((each) => each.published).map((each) => each.year)),
  };
}
