/** Organs, halls, windows … in the store: one row is written as an administrator gave it. */
import type { Place, PlaceKind } from '../model/administration.ts';
import { chainOf, type World } from '../model/world.ts';
import type { Runner } from './postgres.ts';

const tables: Record<PlaceKind, { table: string; key: string; columns: Partial<Record<keyof Place, string>> }> = {
  region: { table: 'region', key: 'code', columns: {} },
  organ: {
    table: 'organ',
    key: 'id',
    columns: { region: 'region', departments: 'departments', closedFrom: 'closed_from' },
  },
  department: { table: 'department', key: 'id', columns: { region: 'region', closedFrom: 'closed_from' } },
  hall: {
    table: 'hall',
    key: 'id',
    columns: {
      region: 'region',
      opens: 'opens',
      closes: 'closes',
      complaintPhone: 'complaint_phone',
      boardNote: 'board_note',
      boardNoteEn: 'board_note_en',
      closedFrom: 'closed_from',
    },
  },
  window: {
    table: 'hall_window',
    key: 'id',
    columns: { hall: 'hall', number: 'number', department: 'department', staff: 'staff', closedFrom: 'closed_from' },
  },
};

/** The place as it stands; undefined when there is none. */
export function placeOf(world: World, kind: PlaceKind, id: string): Place | undefined {
  if (kind === 'region') {
    const region = world.regions.get(id);
    return region && { id, region: id, name: region.name, nameEn: region.nameEn ?? null };
  }
  if (kind === 'window') {
    const window = world.windows.get(id);
    const hall = window && world.halls.get(window.hall);
    return window && hall && { ...window, region: hall.region };
  }
  return { organ: world.organs, department: world.departments, hall: world.halls }[kind].get(id);
}

/**
 * Writes the fields that changed, and of a line (SC-15) only what was judged: false when it is another one by now. Whatever was
 * asked for a line is gone with it.
 */
export async function changePlace(
  runner: Runner,
  kind: PlaceKind,
  { place, before, fields }: { place: Place; before: Place; fields: readonly string[] },
  now: number,
): Promise<boolean> {
  const { table, key, columns } = tables[kind];
  const names: Record<string, string> = { name: 'name', nameEn: 'name_en', ...columns };
  const values: unknown[] = [place.id, now];
  const sets = fields.flatMap((field) =>
    names[field] === undefined ? [] : [`${names[field]} = $${values.push(place[field as keyof Place] ?? null)}`],
  );
  const isLine = fields.includes('departments');
  const judged = isLine ? `and departments is not distinct from $${values.push(before.departments ?? null)}` : '';
  const set = ['changed_at = $2', ...sets, ...(isLine ? ['asked = null'] : [])].join(', ');
  const changed = await runner.query(`update ${table} set ${set} where ${key} = $1 ${judged} returning ${key}`, values);
  return changed.length > 0;
}

/** Writes a new row; one whose id is taken changes nothing and gives false. */
export async function addPlace(
  runner: Runner,
  world: World,
  kind: PlaceKind,
  place: Place,
  now: number,
): Promise<boolean> {
  const { table, key, columns } = tables[kind];
  const row: Record<string, unknown> = {
    [key]: place.id,
    name: place.name,
    name_en: place.nameEn ?? null,
    changed_at: now,
  };
  for (const [field, column] of Object.entries(columns)) row[column] = place[field as keyof Place] ?? null;
  if (kind === 'region') {
    const parent = chainOf(place.id).find((code) => code !== place.id && world.regions.has(code));
    // Under invented regions stand invented ones.
    const demo = parent !== undefined && (world.regions.get(parent)?.demo ?? false);
    Object.assign(row, { parent: parent ?? null, level: levelOf(place.id), demo });
  }
  const names = Object.keys(row);
  const values = Object.values(row);
  const added = await runner.query(
    `insert into ${table} (${names.join(', ')}) values (${names.map((_, index) => `$${index + 1}`).join(', ')})
     on conflict (${key}) do nothing returning ${key}`,
    values,
  );
  return added.length > 0;
}

/** By the digits of GB/T 2260. */
const levelOf = (code: string): 'province' | 'city' | 'county' =>
  code.endsWith('0000') ? 'province' : code.endsWith('00') ? 'city' : 'county';
