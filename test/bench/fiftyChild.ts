/** The processes of the bench of fifty cameras beside its own: what sends, and what is measured. */
import { setTimeout as sleep } from 'node:timers/promises';
import { worldChanged } from '../../hub/platform/world.ts';
import { startCameraServer } from '../support/camera/index.ts';
import { startTestHub } from '../support/hub.ts';

/** What a child is to be, and what it answers once it is. */
export type FiftyOrder =
  | { role: 'cameras'; file: string; fps: number; count: number }
  /** `urls`, one a camera; `all`: what the cameras show is judged and recorded as well. */
  | { role: 'hub'; urls: string[]; all: boolean };
export type FiftyAnswer =
  | { role: 'cameras'; urls: string[] }
  /** `rss` in bytes, of this process before it pulled any camera. */
  | { role: 'hub'; address: string; cookies: string[]; cameras: string[]; rss: number };

async function cameras({ file, fps, count }: FiftyOrder & { role: 'cameras' }): Promise<FiftyAnswer> {
  const streams = Array.from({ length: count }, (_, index) => ({ path: `camera-${index}`, file, fps }));
  const server = await startCameraServer({ streams, user: 'admin', password: 'camera' });
  process.once('disconnect', () => process.exit(0));
  return { role: 'cameras', urls: streams.map(({ path }) => server.url(path)) };
}

async function hub({ urls, all }: FiftyOrder & { role: 'hub' }): Promise<FiftyAnswer> {
  const started = await startTestHub({
    settings: { roles: ['record', 'stream'], ...(all ? {} : { pictureSeconds: 0 }) },
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
  return {
    role: 'hub',
    address: started.address,
    cookies,
    cameras: known,
    rss: process.memoryUsage.rss(),
  };
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
