import type { TestHub } from './hub.ts';

/** Windows of a hall until it has so many, each with a camera that is switched off and has no address that leads anywhere. */
export async function addWindows({ context, backend }: TestHub, hall: string, wanted: number): Promise<void> {
  const { store, world, seal } = context;
  const known = [...world().windows.values()].filter((window) => window.hall === hall).length;
  if (known >= wanted) return;
  for (let at = known + 1; at <= wanted; at += 1) {
    const number = String(at).padStart(2, '0');
    const id = `${hall}-more-${number}`;
    await store.query('insert into hall_window (id, hall, number, name) values ($1, $2, $3, $3)', [id, hall, number]);
    await store.query(
      'insert into camera (id, hall, hall_window, name, enabled, url) values ($1, $2, $1, $3, false, $4)',
      [id, hall, number, seal.seal('rtsp://127.0.0.1:9/')],
    );
  }
  await backend.reload();
}
