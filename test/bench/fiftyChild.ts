/** The processes of the bench of fifty cameras beside its own: what sends, and what is measured. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Store } from '../../hub/platform/postgres.ts';
import { worldChanged } from '../../hub/platform/world.ts';
import {
  startCameraServer,
  type CameraServer,
  type Misbehaviour,
  type StreamOptions,
} from '../support/camera/index.ts';
import { startTestHub } from '../support/hub.ts';

/** What a child is to be, and what it answers once it is. */
export type FiftyOrder =
  /** Of so many devices (default one), which share the cameras; `films` are what they can show instead. */
  | { role: 'cameras'; file: string; fps: number; count: number; servers?: number; films?: StreamOptions['films'] }
  /** `urls`, one a camera; `all`: what the cameras show is judged and recorded as well, in so many bytes at most. */
  | { role: 'hub'; urls: string[]; all: boolean; bytes?: number };
export type FiftyAnswer =
  | { role: 'cameras'; urls: string[] }
  /** `rss` in bytes, of this process before it pulled any camera. */
  | { role: 'hub'; address: string; dataDir: string; cookies: string[]; cameras: string[]; rss: number };

/** Told to the devices later: what the camera of this index does wrong; `refuse` and `accept` are of its whole device. */
export interface FiftyFault {
  misbehave: Misbehaviour | 'refuse' | 'accept' | 'reset';
  index: number;
}
/** What the hub's process holds after a collection, bytes, and the states of the cameras that are asked for; `{ sample: true }` asks for it. */
export interface FiftySample {
  rss: number;
  heap: number;
  buffers: number;
  states: Record<string, string>;
}

async function cameras(order: FiftyOrder & { role: 'cameras' }): Promise<FiftyAnswer> {
  const { file, fps, count, servers = 1, films = {} } = order;
  const paths = Array.from({ length: count }, (_, index) => `camera-${index}`);
  const devices = await Promise.all(
    Array.from({ length: servers }, (_, device) => {
      const own = paths.filter((_, index) => index % servers === device);
      const streams = own.map((path) => ({ path, file, fps, films }));
      return startCameraServer({ streams, user: 'admin', password: 'camera' });
    }),
  );
  const deviceOf = (index: number): CameraServer => devices[index % servers]!;
  process.on('message', ({ misbehave, index }: FiftyFault) => {
    const device = deviceOf(index);
    if (misbehave === 'refuse') device.misbehave('refuse');
    else
      device.misbehave(misbehave === 'accept' ? 'none' : misbehave, misbehave === 'accept' ? undefined : paths[index]!);
  });
  process.once('disconnect', () => process.exit(0));
  return { role: 'cameras', urls: paths.map((path, index) => deviceOf(index).url(path)) };
}

async function hub({ urls, all, bytes }: FiftyOrder & { role: 'hub' }): Promise<FiftyAnswer> {
  const started = await startTestHub({
    settings: {
      roles: ['record', 'stream'],
      ...(all ? {} : { pictureSeconds: 0 }),
      ...(bytes === undefined ? {} : { recording: { bytes } }),
    },
  });
  process.once('disconnect', () => void started.stop().finally(() => process.exit(0)));
  const { store, seal, world, bus } = started.context;
  // Cameras of their own, one after the other in one hall: those of the seed have places and numbers that nobody needs here.
  const known = urls.map((_, index) => `bench-${index}`);
  for (const [index, id] of known.entries())
    await store.query(`insert into camera (id, hall, name, url, recording) values ($1, 'hall-510104-1', $1, $2, $3)`, [
      id,
      seal.seal(urls[index]!),
      all ? 'watched' : 'off',
    ]);
  bus.connection.publish(worldChanged);
  while (!world().cameras.has(known.at(-1)!)) await sleep(50);
  // One session may watch forty.
  const cookies = await Promise.all(
    ['one', 'two'].map((name) => started.signIn({ name, role: 'inspector', region: '510000' })),
  );
  // What it needs by itself is not what a camera costs: when it has come to rest.
  await sleep(3000);
  globalThis.gc?.();
  process.on('message', () => void sample(store, known).then((said) => process.send!(said)));
  return {
    role: 'hub',
    address: started.address,
    dataDir: started.dataDir,
    cookies,
    cameras: known,
    rss: process.memoryUsage.rss(),
  };
}

async function sample(store: Store, cameras: string[]): Promise<FiftySample> {
  // The store may be away just now.
  const rows = await store
    .query<{ camera: string; state: string }>('select camera, state from camera_status where camera = any($1)', [
      cameras,
    ])
    .catch(() => []);
  globalThis.gc?.();
  const { rss, heapUsed, external, arrayBuffers } = process.memoryUsage();
  const states = Object.fromEntries(rows.map(({ camera, state }) => [camera, state]));
  return { rss, heap: heapUsed, buffers: Math.max(external, arrayBuffers), states };
}

process.once('message', (order: FiftyOrder) => {
  (order.role === 'hub' ? hub(order) : cameras(order)).then(
    (answer) => process.send!(answer),
    (error: unknown) => {
      process.stderr.write(`${String(error)}\n`);
      process.exit(1);
    },
  );
});
