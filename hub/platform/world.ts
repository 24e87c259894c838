import type { Logger } from 'pino';
import type { CalendarDay } from '../model/calendar.ts';
import type { Contact } from '../model/contact.ts';
import type { RulePack } from '../model/pack.ts';
import {
  matterKey,
  type Camera,
  type Department,
  type Hall,
  type Matter,
  type Organ,
  type Region,
  type Window,
  type World,
} from '../model/world.ts';
import type { Bus } from './nats.ts';
import type { Row, Runner, Store } from './postgres.ts';

/** Core NATS, no body: whoever changed the reference tables says so after the commit. */
export const worldChanged = 'world.changed';

/** The reference tables as they stand, read in one transaction so that they fit each other. */
export async function loadWorld(store: Store): Promise<World> {
  return store.transaction(async (runner) => {
    await runner.query('set transaction isolation level repeatable read, read only');
    const regions = await read<Region>(
      runner,
      'select code, parent, level, name, name_en as "nameEn", demo from region order by code',
    );
    const organs = await read<Organ>(
      runner,
      'select id, region, name, name_en as "nameEn", departments, closed_from as "closedFrom" from organ order by id',
    );
    const departments = await read<Department>(
      runner,
      'select id, region, name, name_en as "nameEn", closed_from as "closedFrom" from department order by id',
    );
    const halls = await read<Hall>(
      runner,
      `select id, region, name, name_en as "nameEn", opens, closes, complaint_phone as "complaintPhone", board_note as "boardNote",
         board_note_en as "boardNoteEn", closed_from as "closedFrom" from hall order by id`,
    );
    const windows = await read<Window>(
      runner,
      'select id, hall, number, name, name_en as "nameEn", department, staff, closed_from as "closedFrom" from hall_window order by hall, number',
    );
    const cameras = await read<Camera>(
      runner,
      `select id, hall, hall_window as "window", name, name_en as "nameEn", enabled, case when sub_url is not null then true end as sub,
         case when audio then true end as audio, changed_at as "changedAt", recording from camera order by id`,
    );
    const contacts = await read<Contact>(
      runner,
      'select id, region, department, organ, hall, role, name, post, staff, phone, mobile, email, webhook, account from contact order by id',
    );
    const matters = await runner.query<{ body: Matter }>('select body from matter order by region, code');
    const packs = await runner.query<{ body: RulePack }>('select body from rule_pack order by id, version desc');
    const days = await runner.query<{ day: string; working: boolean; name: string }>(
      'select day, working, name from calendar_day order by day',
    );
    const closures = await runner.query<{ region: string; day: string; working: boolean; name: string }>(
      'select region, day, working, name from calendar_closure order by region, day',
    );
    const years = await runner.query<{ year: number }>('select year from calendar_year where published order by year');
    return {
      regions: keyed(regions, ({ code }) => code),
      organs: keyed(organs, ({ id }) => id),
      departments: keyed(departments, ({ id }) => id),
      halls: keyed(halls, ({ id }) => id),
      windows: keyed(windows, ({ id }) => id),
      cameras: keyed(cameras, ({ id }) => id),
      contacts: keyed(contacts, ({ id }) => id),
      matters: new Map(matters.map(({ body }) => [matterKey(body.region, body.code), body])),
      packs: versionsOf(packs.map(({ body }) => body)),
      calendar: {
        days: new Map(days.map(({ day, working, name }): [string, CalendarDay] => [day, { working, name }])),
        years: new Set(years.map(({ year }) => year)),
        closures: closuresOf(closures),
      },
    };
  });
}

/** Newest first. A version that a later one overtakes from its very first day is in force never. */
function versionsOf(packs: readonly RulePack[]): Map<string, RulePack> {
  const found = new Map<string, RulePack>();
  const begins = new Map<string, string>();
  for (const pack of packs) {
    const later = begins.get(pack.id);
    if (later === undefined) found.set(pack.id, pack);
    else if (pack.effectiveFrom < later) found.set(`${pack.id}@${pack.version}`, pack);
    else continue;
    begins.set(pack.id, pack.effectiveFrom);
  }
  return found;
}

function closuresOf(
  rows: readonly { region: string; day: string; working: boolean; name: string }[],
): Map<string, Map<string, CalendarDay>> {
  const found = new Map<string, Map<string, CalendarDay>>();
  for (const { region, day, working, name } of rows) {
    const days = found.get(region) ?? new Map<string, CalendarDay>();
    found.set(region, days.set(day, { working, name }));
  }
  return found;
}

/** Rows whose empty columns are left out, as the model's optional fields ask. */
async function read<T extends object>(runner: Runner, text: string): Promise<T[]> {
  const rows = await runner.query<Row>(text);
  return rows.map((row) => Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null)) as T);
}

const keyed = <T>(list: T[], key: (each: T) => string): Map<string, T> =>
  new Map(list.map((each) => [key(each), each]));

export interface WorldWatch {
  world: () => World;
  /** Reads the tables again now. */
  reload: () => Promise<void>;
  stop: () => Promise<void>;
}

/** Holds the world and reads it again when somebody says `world.changed`; what fails is tried again, and the old world stands meanwhile. */
export async function watchWorld(store: Store, bus: Bus, log: Logger): Promise<WorldWatch> {
  let world = await loadWorld(store);
  let stale = false;
  let loading: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  async function load(): Promise<void> {
    while (stale && !stopped) {
      stale = false;
      try {
        world = await loadWorld(store);
      } catch (error) {
        log.warn({ err: error }, 'reference data could not be read again');
        if (!stopped) timer = setTimeout(changed, 1_000);
        return;
      }
    }
  }
  /** A burst of changes becomes one more reading. */
  function changed(): void {
    stale = true;
    loading ??= load().finally(() => {
      loading = undefined;
      if (stale && !stopped) changed();
    });
  }
  const subscription = bus.connection.subscribe(worldChanged, { callback: (error) => void (error || changed()) });
  await bus.connection.flush();
  // Between the first reading and the subscription a change could have gone by.
  changed();
  await loading;
  return {
    world: () => world,
    async reload() {
      changed();
      await loading;
    },
    async stop() {
      stopped = true;
      clearTimeout(timer);
      subscription.unsubscribe();
      await loading;
    },
  };
}
