import '../support/today.ts';
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readSettings } from '../../hub/config.ts';
import { startHub, type Hub } from '../../hub/main.ts';
import { demoSource } from '../../seeds/accounts.ts';
import { drawFilms, serveFilms } from '../../seeds/cameras.ts';
import { fps, scenes, seconds } from '../../seeds/scenes.ts';
import { simulate } from '../../seeds/simulate.ts';
import { removeFolder } from '../support/folder.ts';
import { untilWithin } from '../support/until.ts';

const run = promisify(execFile);
const until = untilWithin(60_000);
let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'hallwatch-demo-'));
});
afterAll(() => removeFolder(dir));

describe('a demonstration camera', () => {
  it('is drawn once, kept, drawn again when the file is of an earlier drawing, and can be watched', async () => {
    const films = join(dir, 'films');
    const [scene] = scenes.slice(6);
    const steps: number[] = [];
    const [film] = await drawFilms(films, { only: [scene!], onProgress: (done) => steps.push(done) });
    expect(steps).toEqual([1]);
    expect(await readdir(films)).toHaveLength(1);
    const { mtimeMs, size } = await stat(film!.file);
    expect((size * 8) / seconds / 1000).toBeGreaterThan(150); // kbit/s
    expect((size * 8) / seconds / 1000).toBeLessThan(550);

    await writeFile(join(films, 'window-07-0123456789abcdef.h264'), 'an earlier drawing');
    await writeFile(join(films, 'notes.txt'), 'not ours');
    expect(await drawFilms(films, { only: [scene!], onProgress: (done) => steps.push(done) })).toEqual([film]);
    expect((await stat(film!.file)).mtimeMs).toBe(mtimeMs);
    expect(steps).toEqual([1]);
    expect((await readdir(films)).sort()).toEqual(['notes.txt', film!.file.slice(films.length + 1)]);

    // A key picture each second, and the clerk moves: pictures differ.
    const probe = ['-v', 'error', '-show_entries', 'frame=pict_type,width,height', '-of', 'csv=p=0', film!.file];
    const pictures = (await run('ffprobe', probe)).stdout.match(/^640,360,./gm)!;
    expect(pictures).toHaveLength(fps * seconds);
    expect(pictures.filter((_, index) => index % fps === 0).every((line) => line.endsWith('I'))).toBe(true);
    const hashes = (await run('ffmpeg', ['-v', 'error', '-i', film!.file, '-f', 'framemd5', '-'])).stdout.match(
      /[0-9a-f]{32}/g,
    )!;
    expect(new Set(hashes).size).toBeGreaterThan(fps * seconds * 0.95);

    const cameras = await serveFilms([film!]);
    try {
      const watch = [
        '-v',
        'error',
        '-rtsp_transport',
        'tcp',
        '-i',
        `${cameras.base}/window-07`,
        '-frames:v',
        '15',
        '-f',
        'framemd5',
        '-',
      ];
      expect((await run('ffmpeg', watch, { timeout: 20_000 })).stdout.match(/[0-9a-f]{32}/g)).toHaveLength(15);
      const stranger = cameras.base.replace(/demo:[^@]+@/, 'demo:guess@');
      await expect(
        run(
          'ffmpeg',
          ['-v', 'error', '-rtsp_transport', 'tcp', '-i', `${stranger}/window-07`, '-frames:v', '1', '-f', 'null', '-'],
          { timeout: 20_000 },
        ),
      ).rejects.toThrow(/401/);
    } finally {
      await cameras.stop();
    }
  });

  it('says why when ffmpeg cannot', async () => {
    await expect(drawFilms(join(dir, 'none'), { ffmpeg: '/bin/false', only: [scenes[0]!] })).rejects.toThrow(
      'ffmpeg could not make window-01',
    );
    expect(await readdir(join(dir, 'none'))).toEqual([]);
  });
});

describe('the demonstration', () => {
  const start = (): Promise<Hub> =>
    startHub(
      readSettings({
        DATA_DIR: join(dir, 'data'),
        PORT: '0',
        DEMO: '1',
        ROLES: 'ingest,record,serve',
        LOG_LEVEL: 'silent',
      }),
    );
  interface Count extends Record<string, unknown> {
    events: number;
    refused: number;
    recent: number;
  }
  const counted = async (hub: Hub): Promise<Count> =>
    (
      await hub.context.store.query<Count>(
        'select count(*) as events, count(refused) as refused, count(*) filter (where occurred_at > $1) as recent from event where source = $2',
        [Date.now() - 60_000, demoSource.id],
      )
    )[0]!;
  /** The history is in order of time: when the last minute is there, all of it is. */
  async function settled(hub: Hub): Promise<Count> {
    for (let left = 240; left > 0; left--) {
      const now = await counted(hub);
      if (now.events > 10_000 && now.recent > 5) return now;
      await sleep(500);
    }
    throw new Error('the history did not arrive');
  }

  it('fills the board, goes on, and after a restart adds only what is missing', { timeout: 400_000 }, async () => {
    let hub = await start();
    try {
      const first = await settled(hub);
      expect(first.refused).toBe(0);
      expect(first.recent).toBeGreaterThan(5);
      await until('it goes on', async () => (await counted(hub)).events > first.events);
      const session = await fetch(`${hub.address}/api/session`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', origin: hub.address },
        body: JSON.stringify({ account: 'inspector', password: 'demo-inspector' }),
      });
      expect(session.status).toBe(200);
      const open = await hub.context.store.query<{ rule: string }>(
        `select distinct rule from signal where hall = 'hall-510104-1' and state = 'issued' order by rule`,
      );
      expect(open.map(({ rule }) => rule)).toEqual(expect.arrayContaining(['due-today-promised', 'overdue-promised']));

      const before = await counted(hub);
      await hub.stop();
      const begun = performance.now();
      hub = await start();
      expect(performance.now() - begun).toBeLessThan(60_000); // 3 s on a machine that does nothing else
      await sleep(6000);
      await until('it goes on', async () => (await counted(hub)).events > before.events);
      const after = await counted(hub);
      expect(after.refused).toBe(0);
      expect(after.events).toBeLessThan(before.events + 200);

      // The whole past once more, as `hallwatch simulate` would: nothing is stored twice. Only the edges differ by the seconds passed.
      const totals = await simulate(hub.address, demoSource.token, { until: Date.now() });
      expect(totals.sent).toBeGreaterThan(10_000);
      expect(totals.refused).toBe(0);
      await sleep(3000);
      expect((await counted(hub)).events).toBeLessThan(after.events + 200);
    } finally {
      await hub.stop();
    }
  });

  it('stands beside regions that somebody seeded before', async () => {
    const settings = { DATA_DIR: join(dir, 'own'), PORT: '0', ROLES: 'serve', LOG_LEVEL: 'silent' };
    let hub = await startHub(readSettings(settings));
    try {
      expect(hub.context.world().regions.size).toBe(0);
      await hub.context.store.query(`insert into region (code, level, name) values ('110000', 'province', '北京市')`);
      await hub.stop();
      hub = await startHub(readSettings({ ...settings, DEMO: '1' }));
      const { regions, halls, packs } = hub.context.world();
      expect(regions.get('110000')).toEqual({ code: '110000', level: 'province', name: '北京市', demo: false });
      expect([regions.size, halls.has('hall-510104-1'), packs.has('sichuan-2011')]).toEqual([12, true, true]);
    } finally {
      await hub.stop();
    }
  });

  it('plays faster, and ends with the door’s reason when the token is wrong', async () => {
    const hub = await start();
    try {
      const now = Date.now();
      const known = { from: now - 20 * 86_400_000, to: now };
      const totals = await simulate(hub.address, demoSource.token, { speed: 300, until: now + 5000, known, seed: 7 });
      expect(totals.refused).toBe(0);
      expect(totals.accepted).toBeGreaterThan(1000); // about 1.5 a second by the calendar
      await expect(simulate(hub.address, 'not-the-token-of-a-source', { until: Date.now() })).rejects.toThrow('401');
    } finally {
      await hub.stop();
    }
  });
});
