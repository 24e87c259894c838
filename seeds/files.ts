/** Reads the seed files and turns them into the world's own shapes. Every error names the file and the place in it. */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { z } from 'zod';
import type { Contact } from '../hub/model/contact.ts';
import { HubError } from '../hub/model/error.ts';
import { identifier, longText, regionCode, shortText, yuan } from '../hub/model/fields.ts';
import type { RulePack } from '../hub/model/pack.ts';
import { recordingModes, type RecordingMode } from '../hub/model/recording.ts';
import {
  prefixOf,
  type Camera,
  type Department,
  type Hall,
  type Matter,
  type Organ,
  type Region,
  type Window,
} from '../hub/model/world.ts';
import { readContacts } from '../hub/platform/contacts.ts';
import { readPacks } from './packs.ts';

const noContacts = Buffer.from('编号,区划,角色,姓名\n');
const named = { name: shortText, nameEn: shortText };
const key = z.string().regex(/^[a-z]+$/);

const regionFile = z.strictObject({
  regions: z.array(
    z.strictObject({
      code: regionCode,
      parent: regionCode.optional(),
      level: z.enum(['province', 'city', 'county']),
      demo: z.boolean(),
      ...named,
      organ: z.strictObject(named),
      /** Supervision bodies of departments (SC-15), and the kinds of departments of the region and below that are their line. */
      lines: z.array(z.strictObject({ key, ...named, departments: z.array(key).min(1).max(20) })).optional(),
    }),
  ),
});

const departmentFile = z.strictObject({
  departments: z.array(z.strictObject({ key, ...named, windowEn: shortText.optional() })),
});

/** `09:00` → minutes after midnight. */
const clockTime = z
  .string()
  .regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'expected a time such as 09:00')
  .transform((text) => Number(text.slice(0, 2)) * 60 + Number(text.slice(3)));

const windowSeed = z.strictObject({
  department: key,
  name: shortText.optional(),
  nameEn: shortText.optional(),
  clerk: shortText.optional(),
  view: z.string().regex(/^window-\d\d$/),
  sub: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,39}$/, 'expected small letters, digits and -')
    .optional(),
  recording: z.enum(recordingModes).default('watched'),
  enabled: z.boolean().default(true),
});

const hallFile = z.strictObject({
  halls: z.array(
    z.strictObject({
      id: identifier,
      region: regionCode,
      ...named,
      opens: clockTime,
      closes: clockTime,
      windows: z.array(windowSeed).min(1).max(99),
    }),
  ),
});

const days = z.int().min(0).max(1000).optional();
const matterFile = z.strictObject({
  matters: z.array(
    z.strictObject({
      code: identifier,
      region: regionCode,
      department: key.optional(),
      businessType: z.enum(['approval', 'levy', 'penalty', 'service']),
      itemClass: z.enum(['instant', 'promised']),
      statutoryDays: days,
      promisedDays: days,
      ...named,
      legalBasis: longText.optional(),
      steps: z.array(shortText).max(20),
      stepDetails: z
        .array(z.strictObject({ name: shortText, days, responsible: shortText.optional() }))
        .max(20)
        .optional(),
      fees: z
        .array(z.strictObject({ name: shortText, amount: yuan.optional() }))
        .max(20)
        .optional(),
      outputs: z.array(shortText).max(20).optional(),
    }),
  ),
});

const calendarFile = z.strictObject({
  year: z.int().min(1990).max(2100),
  published: z.boolean(),
  source: shortText,
  days: z.array(z.strictObject({ day: z.iso.date(), working: z.boolean(), name: shortText })),
});

const closureFile = z.strictObject({
  region: regionCode,
  days: z.array(z.strictObject({ day: z.iso.date(), working: z.boolean(), name: shortText })).max(1_000),
});

export type CalendarSeed = z.infer<typeof calendarFile>;

/** A camera of the demonstration shows one of the drawn scenes, by its name `window-01`…`window-12`. */
export type CameraSeed = Camera & {
  view: string;
  /** The smaller stream of the same lens, served beside it. */
  subView?: string;
  recording: RecordingMode;
};

export interface Seeds {
  regions: Region[];
  organs: Organ[];
  departments: Department[];
  halls: Hall[];
  windows: Window[];
  cameras: CameraSeed[];
  matters: Matter[];
  packs: RulePack[];
  calendar: CalendarSeed[];
  /** Days on which a region differs from the country. */
  closures: { region: string; day: string; working: boolean; name: string }[];
  contacts: Contact[];
}

/** The folder of the seed files, from the sources or from a bundle that stands one or two folders away. */
export function seedsDir(): string {
  const here = dirname(fileURLToPath(import.meta.url));
  const tried = [
    here,
    join(here, 'seeds'),
    join(here, '..', 'seeds'),
    join(here, '..', '..', 'seeds'),
    join(process.cwd(), 'seeds'),
  ];
  const found = tried.find((each) => existsSync(join(each, 'regions.yaml')));
  if (!found) throw new HubError('seeds.missing', `no seed files; looked in ${tried.join(', ')}`);
  return found;
}

export async function readYaml<T>(dir: string, file: string, schema: z.ZodType<T>): Promise<T> {
  let value: unknown;
  try {
    const text = await readFile(join(dir, file), 'utf8');
    value = file.endsWith('.json') ? JSON.parse(text) : parse(text);
  } catch (cause) {
    throw new HubError('seeds.unreadable', `${file}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const places = result.error.issues
    .slice(0, 20)
    .map((issue) => `${file}: ${issue.path.join('.') || '(top)'}: ${issue.message}`);
  throw new HubError('seeds.invalid', places.join('\n'));
}

async function readEach<T>(dir: string, folder: string, ending: string, schema: z.ZodType<T>): Promise<T[]> {
  const files = (await readdir(join(dir, folder))).filter((each) => each.endsWith(ending)).sort();
  return Promise.all(files.map((file) => readYaml(dir, `${folder}/${file}`, schema)));
}

/** Reads and checks everything; nothing is written. Throws `HubError` `seeds.unreadable` or `seeds.invalid`. */
export async function readSeeds(dir: string = seedsDir()): Promise<Seeds> {
  const [{ regions }, { departments: kinds }, { halls }, { matters }, packs, calendar, closures] = await Promise.all([
    readYaml(dir, 'regions.yaml', regionFile),
    readYaml(dir, 'departments.yaml', departmentFile),
    readYaml(dir, 'halls.yaml', hallFile),
    readYaml(dir, 'matters.yaml', matterFile),
    readPacks(dir),
    readEach(dir, 'calendar', '.json', calendarFile),
    existsSync(join(dir, 'closures')) ? readEach(dir, 'closures', '.yaml', closureFile) : [],
  ]);
  const invalid = (file: string, place: string, text: string): never => {
    throw new HubError('seeds.invalid', `${file}: ${place}: ${text}`);
  };

  const known = new Set(regions.map((each) => each.code));
  const kindOf = new Map(kinds.map((each) => [each.key, each]));
  regions.forEach((each, index) => {
    if (each.parent && !known.has(each.parent))
      invalid('regions.yaml', `regions.${index}.parent`, `no region ${each.parent}`);
  });

  const departments = new Map<string, Department>();
  const departmentOf = (file: string, place: string, region: string, kind: string): Department => {
    const { name, nameEn } = kindOf.get(kind) ?? invalid(file, place, `no department ${kind} in departments.yaml`);
    const id = `${region}-${kind}`;
    if (!departments.has(id)) departments.set(id, { id, region, name, nameEn });
    return departments.get(id)!;
  };

  const windows: Window[] = [];
  const cameras: CameraSeed[] = [];
  halls.forEach((hall, index) => {
    if (!known.has(hall.region)) invalid('halls.yaml', `halls.${index}.region`, `no region ${hall.region}`);
    hall.windows.forEach((seed, at) => {
      const number = String(at + 1).padStart(2, '0');
      const department = departmentOf(
        'halls.yaml',
        `halls.${index}.windows.${at}.department`,
        hall.region,
        seed.department,
      );
      const stem = `${hall.id.replace(/^hall-/, '')}-${number}`;
      const name = seed.name ?? `${department.name}窗口`;
      const nameEn = seed.nameEn ?? kindOf.get(seed.department)?.windowEn ?? department.nameEn;
      const window = `win-${stem}`;
      windows.push({
        id: window,
        hall: hall.id,
        number,
        name,
        nameEn,
        department: department.id,
        staff: seed.clerk ?? `${number}01`,
      });
      const label = { name: `${number} 窗口点位`, nameEn: `Camera of window ${number}` };
      const { enabled, view, sub, recording } = seed;
      const streams = { view, ...(sub === undefined ? {} : { subView: sub }) };
      cameras.push({ id: `cam-${stem}`, hall: hall.id, window, ...label, enabled, recording, ...streams });
    });
  });

  const organs: Organ[] = regions.flatMap(({ code, organ, lines = [] }, index) => [
    { id: `organ-${code}`, region: code, ...organ },
    ...lines.map((line, at): Organ => {
      const ids = line.departments.map((kind) => `-${kind}`);
      const own = [...departments.values()].filter(
        ({ id, region }) => region.startsWith(prefixOf(code)) && ids.some((end) => id === `${region}${end}`),
      );
      if (own.length === 0)
        invalid(
          'regions.yaml',
          `regions.${index}.lines.${at}.departments`,
          'no hall has a window of these departments',
        );
      const { name, nameEn } = line;
      return { id: `organ-${code}-${line.key}`, region: code, name, nameEn, departments: own.map(({ id }) => id) };
    }),
  ]);
  const keyed = <T extends { id: string }>(list: T[]): Map<string, T> => new Map(list.map((each) => [each.id, each]));
  // A folder of one's own may have none: they are imported (hallwatch contacts import).
  const file = join(dir, 'contacts.csv');
  const { contacts, faults } = readContacts(existsSync(file) ? await readFile(file) : noContacts, {
    regions: known,
    departments,
    organs: keyed(organs),
    halls: keyed(halls),
  });
  const fault = faults[0];
  if (fault) invalid('contacts.csv', `row ${fault.row}, ${fault.column}`, fault.reason);

  return {
    regions: regions.map(({ organ: _, lines: __, ...region }) => region),
    organs,
    contacts,
    halls: halls.map(({ windows: _, ...hall }) => hall),
    windows,
    cameras,
    matters: matters.map((each, index) => {
      if (!known.has(each.region)) invalid('matters.yaml', `matters.${index}.region`, `no region ${each.region}`);
      const place = `matters.${index}.department`;
      const department = each.department && departmentOf('matters.yaml', place, each.region, each.department).id;
      return { ...each, department };
    }),
    departments: [...departments.values()],
    packs,
    calendar,
    closures: closures.flatMap(({ region, days: closed }) => {
      if (!known.has(region)) invalid('closures', 'region', `no region ${region}`);
      return closed.map((each) => ({ region, ...each }));
    }),
  };
}
