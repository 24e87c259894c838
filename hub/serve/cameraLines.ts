import { z } from 'zod';
import type { CameraHall, CameraLine, CameraPage } from '../model/cameraApi.ts';
import { identifier, shortText } from '../model/fields.ts';
import { may } from '../model/rights.ts';
import type { CameraStatus } from '../model/state.ts';
import { listCameras, type CameraRecord } from '../platform/camera.ts';
import type { Context } from '../platform/part.ts';
import { all, type Asking, type Route } from './gate.ts';
import { read, Refusal, unknown } from './problem.ts';
import { statusOfCameras } from './queries/halls.ts';
import { namesOf } from './queries/ledger.ts';

const pageSize = 100;

const listQuery = z.object({
  hall: identifier.optional(),
  state: z
    .enum(['starting', 'live', 'stalled', 'frozen', 'black', 'covered', 'offline', 'disabled', 'idle'])
    .optional(),
  text: shortText.optional(),
  after: shortText.optional(),
});
interface StatusRow extends Record<string, unknown> {
  body: CameraStatus;
}

/** Reads the records of cameras for those who administer them. */
export function cameraLines(context: Context): {
  find: (asking: Pick<Asking, 'who' | 'params'>) => Promise<CameraRecord | Refusal>;
  lineNow: (id: string) => Promise<CameraLine | Refusal>;
  routes: Route[];
} {
  const { store, world } = context;

  async function statusesOf(ids: string[]): Promise<Map<string, CameraStatus>> {
    const rows = await all<StatusRow>(store, statusOfCameras(ids));
    return new Map(rows.map(({ body }) => [body.camera, body]));
  }

  function lineOf(record: CameraRecord, status: CameraStatus | undefined): CameraLine {
    const { windows } = world();
    const window = record.window === undefined ? undefined : windows.get(record.window);
    const state = record.enabled ? (status?.state ?? 'idle') : 'disabled';
    // Of a camera that was switched on a moment ago, its last state may still be that it is off.
    const known = status && (status.state === 'disabled') === (state === 'disabled') ? status : undefined;
    return {
      ...record,
      state: state === 'disabled' || known ? state : 'idle',
      ...(window ? { windowNumber: window.number } : {}),
      ...(known ? { since: known.since } : {}),
      ...(known?.detail === undefined ? {} : { detail: known.detail }),
      ...(state === 'disabled' && known?.name !== undefined ? { disabledBy: known.name } : {}),
      ...(status?.codec === undefined ? {} : { codec: status.codec }),
    };
  }

  async function linesOf(records: CameraRecord[]): Promise<CameraLine[]> {
    const statuses = await statusesOf(records.map(({ id }) => id));
    return records.map((record) => lineOf(record, statuses.get(record.id)));
  }

  async function named(lines: CameraLine[]): Promise<CameraLine[]> {
    const accounts = [...new Set(lines.flatMap(({ changedBy }) => changedBy ?? []))];
    if (accounts.length === 0) return lines;
    const rows = await all<{ name: string; display: string }>(store, namesOf(accounts));
    const names = new Map(rows.map(({ name, display }) => [name, display]));
    return lines.map((line) =>
      line.changedBy === undefined ? line : { ...line, changedBy: names.get(line.changedBy) ?? line.changedBy },
    );
  }

  /** The record, if it is in the person's region; one of another does not exist for them to find out about. */
  async function find({ who, params }: Pick<Asking, 'who' | 'params'>): Promise<CameraRecord | Refusal> {
    const id = read(identifier, params['id']);
    if (id instanceof Refusal) return unknown('camera');
    const [record] = await listCameras(context, { id });
    return record && may(who, 'camera.manage', record) ? record : unknown('camera');
  }

  async function lineNow(id: string): Promise<CameraLine | Refusal> {
    const [line] = await named(await linesOf(await listCameras(context, { id })));
    return line ?? unknown('camera');
  }

  const routes: Route[] = [
    {
      method: 'GET',
      url: '/cameras',
      needs: 'camera.manage',
      handle: async ({ who, query }): Promise<CameraPage | Refusal> => {
        const input = read(listQuery, query);
        if (input instanceof Refusal) return input;
        const { hall, state, text, after } = input;
        const records = await listCameras(context, { region: who.region, ...(hall === undefined ? {} : { hall }) });
        const wanted = text?.toLocaleLowerCase();
        const lines = (await linesOf(records))
          .filter(
            (line) => wanted === undefined || textsOf(line).some((each) => each.toLocaleLowerCase().includes(wanted)),
          )
          .sort((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1));
        const states: CameraPage['states'] = {};
        for (const line of lines) states[line.state] = (states[line.state] ?? 0) + 1;
        const shown = lines.filter((line) => state === undefined || line.state === state);
        const from = after === undefined ? 0 : shown.findIndex((line) => keyOf(line) > after);
        const items = from < 0 ? [] : shown.slice(from, from + pageSize);
        const last = items.at(-1);
        const hasMore = last !== undefined && from + pageSize < shown.length;
        return { items: await named(items), states, ...(hasMore ? { next: keyOf(last) } : {}) };
      },
    },
    {
      method: 'GET',
      url: '/camera-halls',
      needs: 'camera.manage',
      handle: async ({ who }): Promise<CameraHall[]> => {
        const { halls, windows, regions } = world();
        const list = [...windows.values()].sort((a, b) => a.number.localeCompare(b.number, 'en', { numeric: true }));
        return [...halls.values()]
          .filter((hall) => may(who, 'camera.manage', { region: hall.region, hall: hall.id }))
          .map(({ id, region, name, nameEn }) => ({
            ...{ id, region, name, regionName: regions.get(region)?.name ?? '' },
            ...(nameEn === undefined ? {} : { nameEn }),
            windows: list
              .filter((window) => window.hall === id)
              .map((window) => ({
                ...{ id: window.id, number: window.number, name: window.name },
                ...(window.nameEn === undefined ? {} : { nameEn: window.nameEn }),
              })),
          }));
      },
    },
  ];
  return { find, lineNow, routes };
}

/** The order of the list: by hall and window, those at no window last. */
const keyOf = ({ hall, windowNumber, id }: CameraLine): string =>
  `${hall}/${windowNumber === undefined ? '~' : windowNumber.padStart(6, '0')}/${id}`;
const textsOf = ({ name, nameEn, windowNumber, address, detail, id }: CameraLine): string[] =>
  [name, nameEn, windowNumber, address, detail, id].filter((each) => each !== undefined);
