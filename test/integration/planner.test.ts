import '../support/today.ts';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dayOf, endOf, startOf } from '../../hub/model/calendar.ts';
import type { Draw } from '../../hub/model/draw.ts';
import type { DrawBoard, DrawDay, DrawDayLine } from '../../hub/model/drawApi.ts';
import type { Duty } from '../../hub/model/duty.ts';
import type { Visit } from '../../hub/model/state.ts';
import { migrate, projectFolder } from '../../hub/platform/migrate.ts';
import { connectStore } from '../../hub/platform/postgres.ts';
import { Planner } from '../../hub/record/planner.ts';
import { rebuild } from '../../hub/record/rebuild.ts';
import { startTestHub, type TestHub } from '../support/hub.ts';
import { untilWithin } from '../support/until.ts';

const until = untilWithin(30_000);
/** A Thursday after the holiday, a Friday; and a Tuesday to come, whose commitment is made before it. */
const [thursday, friday, tuesday] = ['2026-10-08', '2026-10-09', '2099-12-01'];
const morning = (day: string): number => startOf(day) + 8 * 3_600_000;

let hub: TestHub;
let planner: Planner;
const cookies: Record<string, string> = {};

beforeAll(async () => {
  hub = await startTestHub({ settings: { roles: ['record', 'serve'] } });
  // The hub's own planner has seen the seed files: it will not look at the days of this test as over and done with.
  await until('the plan of today', async () => {
    const { store } = hub.context;
    return (await store.query('select from draw where day > $1', [dayOf(Date.now())])).length > 0;
  });
  planner = new Planner({ ...hub.context, demo: false });
  const people = [
    { name: 'province', role: 'inspector', region: '510000', organ: 'organ-510000' },
    { name: 'city', role: 'inspector', region: '510100', organ: 'organ-510100' },
    { name: 'county', role: 'inspector', region: '510422', organ: 'organ-510422' },
    { name: 'hall', role: 'hallManager', region: '510422', hall: 'hall-510422-1' },
  ] as const;
  for (const person of people) cookies[person.name] = await hub.signIn(person);
  // A visit need not last: what is watched of it is the business of other tests.
  for (const pack of hub.context.world().packs.values()) pack.patrol.secondsPerWindow = 1;
}, 180_000);
afterAll(() => hub.stop(), 180_000);

async function ask<T>(who: string, path: string, body?: unknown): Promise<{ status: number; body: T }> {
  const answer = await fetch(`${hub.address}/api${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { cookie: cookies[who]!, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: answer.status, body: (await answer.json()) as T };
}
const dutiesOf = async (day: string): Promise<Duty[]> =>
  (await hub.context.store.query<{ body: Duty }>('select body from duty where day = $1 order by id', [day])).map(
    ({ body }) => body,
  );
const drawOf = async (id: string): Promise<Draw | undefined> =>
  (await hub.context.store.query<{ body: Draw }>('select body from draw where id = $1', [id]))[0]?.body;
const planned = (day: string, count: number) =>
  until(`the duties of ${day}`, async () => (await dutiesOf(day)).length === count);
/** Own halls 10; counties by their cities 6; two of three cities and all six counties by the province. */
const all = 10 + 6 + 2 + 6;

describe('the plan of a working day', () => {
  it('holds the duties of every organ, and fixes the seed of the next draw', async () => {
    await planner.run(morning(thursday));
    await planned(thursday, all);
    const duties = await dutiesOf(thursday);
    const count = (organ: string) => duties.filter((each) => each.organ === organ).map(({ of }) => of);
    expect(count('organ-510000').sort()).toEqual(['drawn', 'drawn', ...Array<string>(6).fill('drawn'), 'own']);
    expect(count('organ-510100').sort()).toEqual(['each', 'each', 'own']);
    expect(count('organ-510422')).toEqual(['own']);
    expect(duties.every(({ suggestedAt, required }) => suggestedAt?.length === required)).toBe(true);
    const next = await until('the next commitment', () => drawOf(`${friday}:organ-510000`));
    expect(next).toMatchObject({ state: 'committed', lots: [] });
    expect(next.seed).toBeUndefined();
    // The seed is kept sealed: its hex is nowhere to be read.
    const [kept] = await hub.context.store.query<{ seed: Uint8Array }>('select seed from draw_seed where draw = $1', [
      next.id,
    ]);
    expect(Buffer.from(kept!.seed).toString('latin1')).not.toMatch(/[0-9a-f]{64}/);
    expect(hub.context.seal.open(kept!.seed)).toMatch(/^[0-9a-f]{64}$/);
  }, 180_000);

  it('is the same however often it is made, also by a hub that starts again', async () => {
    const before = await drawOf(`${thursday}:organ-510000`);
    await new Planner({ ...hub.context, demo: false }).run(morning(thursday));
    const [{ refused } = { refused: -1 }] = await hub.context.store.query<{ refused: number }>(
      `select count(*)::int as refused from event where refused is not null`,
    );
    expect(refused).toBe(0);
    expect((await dutiesOf(thursday)).length).toBe(all);
    expect(await drawOf(`${thursday}:organ-510000`)).toEqual(before);
  });

  it('is empty on a day off; the day after a draw its seed is published, and everybody may recompute it', async () => {
    await planner.run(morning(friday));
    await planned(friday, all);
    await planner.run(morning('2026-10-11'));
    const last = await until('the seed', async () => {
      const found = await drawOf(`${friday}:organ-510000`);
      return found?.state === 'published' && found;
    });
    expect(last.seed).toMatch(/^[0-9a-f]{64}$/);
    expect(await dutiesOf('2026-10-11')).toEqual([]);
    // Saturday the 10th is worked and was not planned here; Monday's seed is fixed.
    expect((await until('the commitment', () => drawOf('2026-10-12:organ-510000'))).state).toBe('committed');
    for (const who of ['province', 'county', 'hall']) {
      const { body } = await ask<DrawDay>(who, `/draws?day=${friday}`);
      expect(body.draws.map(({ lots, seed }) => [lots!.length, seed])).toEqual([[2, last.seed]]);
      // All is right but that these days are long over: their seeds were fixed today.
      expect(body.draws[0]!.faults!.map(({ what }) => what)).toEqual(['committedLate']);
    }
    const { body: days } = await ask<DrawDayLine[]>('county', '/draws/days?before=2026-10-13');
    expect(days.map(({ day, state, chosen }) => [day, state, chosen])).toEqual([
      ['2026-10-12', 'committed', undefined],
      // Nobody drew on that Saturday; its seed is published all the same.
      ['2026-10-10', 'published', 0],
      [friday, 'published', 8],
      [thursday, 'published', 8],
    ]);
  }, 180_000);

  it('is recomputed by the command line beside the hub, by what the ledger says was fixed', async () => {
    const { natsUrl, databaseUrl } = hub.backend;
    const { code, stdout } = await promisify(execFile)(
      process.execPath,
      ['hub/hallwatch.mjs', 'draw', 'verify', friday, '--json'],
      {
        cwd: projectFolder(),
        env: { ...process.env, DATA_DIR: hub.dataDir, NATS_URL: natsUrl, DATABASE_URL: databaseUrl },
      },
    ).then(
      ({ stdout }) => ({ code: 0, stdout }),
      (error: { code: number; stdout: string }) => error,
    );
    const [draw] = JSON.parse(stdout) as { draw: string; faults: { what: string }[] }[];
    expect([code, draw!.draw, draw!.faults.map(({ what }) => what)]).toEqual([
      1,
      `${friday}:organ-510000`,
      ['committedLate'],
    ]);
  }, 180_000);

  it('says what was missed, to the organ and not to the hall', async () => {
    for (const day of [thursday, friday])
      await until(`all of ${day} missed`, async () => (await dutiesOf(day)).every(({ state }) => state === 'missed'));
    const signals = async (who: string) =>
      (await ask<{ items: { duty?: string }[] }>(who, '/signals?limit=200')).body.items.filter(({ duty }) => duty);
    expect((await signals('county')).length).toBe(2);
    expect(await signals('hall')).toEqual([]);
  }, 180_000);

  it('is on the board of those above: how far each is, and who owes what', async () => {
    const { body } = await ask<DrawBoard>('province', `/draws/board?day=${thursday}`);
    expect(body.regions.map(({ level }) => level).sort()).toEqual([
      ...Array<string>(3).fill('city'),
      ...Array<string>(6).fill('county'),
    ]);
    const chengdu = body.regions.find(({ code }) => code === '510100')!;
    // Its own hall twice, and each of its two counties.
    expect(chengdu).toMatchObject({ required: 4, done: 0, missed: 3, running: 0, couldNot: 0 });
    expect(chengdu.places).toMatchObject([{ id: 'hall-510100-1', cameras: 6 }]);
    const county = body.behind.find(({ organ }) => organ === 'organ-510422')!;
    expect(county).toMatchObject({ required: 2, done: 0, owed: 2, region: '510422' });
    expect(county.duties).toMatchObject([{ day: thursday, state: 'missed', hall: 'hall-510422-1', required: 2 }]);
    expect(body.halls['hall-510422-1']).toMatchObject({ name: '盐边县政务服务中心' });
    expect(body.behind.length).toBe(10);

    const below = (await ask<DrawBoard>('city', `/draws/board?day=${thursday}`)).body;
    expect(below.regions.map(({ code }) => code)).toEqual(['510100', '510104', '510107']);
    expect(below.behind.every(({ region }) => region.startsWith('5101'))).toBe(true);
    expect((await ask('hall', `/draws/board?day=${thursday}`)).status).toBe(403);
    expect((await ask('province', '/draws/board?day=yesterday')).status).toBe(400);
  });

  it('has the halls whose cameras show nothing, those that are cut first', async () => {
    const { store } = hub.context;
    const status = (camera: string, hall: string, state: string) =>
      store.query(
        `insert into camera_status (camera, region, hall, state, position, body) values ($1, $2, $3, $4, 0, $5)`,
        [
          camera,
          hall.slice(5, 11),
          hall,
          state,
          { camera, region: hall.slice(5, 11), hall, state, since: 1, position: 0 },
        ],
      );
    try {
      await status('cam-510100-1-02', 'hall-510100-1', 'black');
      await status('cam-510422-1-01', 'hall-510422-1', 'offline');
      await status('cam-510422-1-02', 'hall-510422-1', 'offline');
      // Switched off by its record: nobody misses its picture.
      await status('cam-510422-1-03', 'hall-510422-1', 'offline');
      const { out } = (await ask<DrawBoard>('province', '/draws/board')).body;
      expect(
        out.map(({ hall, cameras, out }) => [hall, cameras, out.map(({ window, state }) => [window, state])]),
      ).toEqual([
        [
          'hall-510422-1',
          2,
          [
            ['01', 'offline'],
            ['02', 'offline'],
          ],
        ],
        ['hall-510100-1', 6, [['02', 'black']]],
      ]);
      expect((await ask<DrawBoard>('county', '/draws/board')).body.out.length).toBe(1);
    } finally {
      await store.query(`delete from camera_status where position = 0`, []);
    }
  });
});

describe('a draw of a day to come', () => {
  it('is known to its organ alone; the others see that its seed is fixed', async () => {
    await planner.run(morning(tuesday));
    await planned(tuesday, all);
    const own = (await ask<DrawDay>('province', `/draws?day=${tuesday}`)).body;
    expect(own.draws[0]).toMatchObject({ state: 'made' });
    expect(own.draws[0]!.lots!.map(({ level, chosen }) => [level, chosen.length])).toEqual([
      ['city', 2],
      ['county', 6],
    ]);
    expect(own.duties.every(({ maySwap }) => maySwap)).toBe(true);
    for (const who of ['city', 'county', 'hall']) {
      const { body } = await ask<DrawDay>(who, `/draws?day=${tuesday}`);
      expect(body.draws.map(({ commitment, lots, swaps, seed }) => [commitment, lots, swaps, seed])).toEqual([
        [own.draws[0]!.commitment, undefined, undefined, undefined],
      ]);
      expect([body.duties, body.halls]).toEqual([[], {}]);
    }
    const duties = async (who: string) =>
      (await ask<{ duties: Duty[] }>(who, `/duties?day=${tuesday}`)).body.duties.map(({ organ }) => organ);
    expect(await duties('hall')).toEqual([]);
    expect(await duties('county')).toEqual(['organ-510422']);
    expect((await duties('province')).length).toBe(9);
  }, 180_000);

  it('names its halls on nobody else’s board, although they are behind', async () => {
    const { store } = hub.context;
    const drawn = `day = '${tuesday}' and body ? 'draw'`;
    const before = await store.query<{ id: string; body: Duty }>(`select id, body from duty where ${drawn}`);
    await store.query(`update duty set body = body || '{"riskAt":1}' where ${drawn}`, []);
    const organs = async (who: string) =>
      (await ask<DrawBoard>(who, `/draws/board?day=${tuesday}`)).body.behind.map(({ organ, duties }) => [
        organ,
        duties.filter(({ hall }) => hall !== undefined).length,
        duties.length,
      ]);
    expect(await organs('province')).toEqual([['organ-510000', 8, 8]]);
    // An inspector of the province who belongs to no organ.
    cookies['guest'] = await hub.signIn({ name: 'guest', role: 'inspector', region: '510000' });
    expect(await organs('guest')).toEqual([['organ-510000', 0, 8]]);
    expect(JSON.stringify((await ask('guest', `/draws/board?day=${tuesday}`)).body)).not.toMatch(/"[^"]*:hall-/);
    expect(await organs('city')).toEqual([]);
    for (const { id, body } of before) await store.query('update duty set body = $2 where id = $1', [id, body]);
  }, 180_000);

  it('is changed by its organ with a reason, and by nobody else', async () => {
    const { body } = await ask<DrawDay>('province', `/draws?day=${tuesday}`);
    const { chosen, candidates } = body.draws[0]!.lots![0]!;
    const hall = candidates.map((each) => each.hall).find((each) => !chosen.includes(each))!;
    const duty = body.duties.find((each) => each.hall === chosen[0])!;
    const path = `/duties/${encodeURIComponent(duty.id)}/swap`;
    expect((await ask('province', path, { hall })).status).toBe(400);
    expect((await ask('province', path, { hall, reason: '  ' })).status).toBe(400);
    expect((await ask('county', path, { hall, reason: '理由' })).status).toBe(404);
    expect((await ask('hall', path, { hall, reason: '理由' })).status).toBe(403);
    expect((await ask('province', path, { hall: 'hall-510422-1', reason: '理由' })).status).toBe(409);
    const swapped = await ask<Duty>('province', path, { hall, reason: '当日停电检修' });
    expect(swapped).toMatchObject({ status: 200, body: { hall, drawnHall: chosen[0] } });
    const after = (await ask<DrawDay>('province', `/draws?day=${tuesday}`)).body.draws[0]!;
    expect(after.swaps).toMatchObject([{ from: chosen[0], to: hall, reason: '当日停电检修', account: 'province' }]);
    // What was drawn stays as it was drawn.
    expect(after.lots![0]!.chosen).toEqual(chosen);
  });
});

describe('a visit to a hall of another region', () => {
  it('is the hall’s once it began; where no camera works it is proven that nothing could be inspected', async () => {
    const { bus, store, world } = hub.context;
    const day = dayOf(Date.now());
    const hall = 'hall-510422-1';
    for (const camera of world().cameras.values()) if (camera.hall === hall) camera.enabled = false;
    await bus.publish({
      ...{
        kind: 'patrol.planned',
        id: 'today',
        region: '510000',
        source: 'test',
        occurredAt: Date.now(),
        duty: 'today',
      },
      ...{ organ: 'organ-510000', hall, day, required: 1, dueAt: endOf(day), article: '第六条', of: 'each' },
    });
    const find = async () => (await store.query<{ body: Duty }>(`select body from duty where id = 'today'`))[0]?.body;
    await until('the duty', find);
    const seen = async () =>
      (await ask<{ duties: Duty[] }>('hall', `/duties?day=${day}`)).body.duties.map(({ id }) => id);
    expect(await seen()).not.toContain('today');

    const { body: visit } = await ask<Visit>('province', '/visits', { duty: 'today' });
    expect(visit).toMatchObject({ state: 'open', region: '510422', hall });
    expect(visit.windows.length).toBeGreaterThan(1);
    expect((await ask('hall', `/visits/${visit.id}`)).status).toBe(200);
    expect((await ask('city', `/visits/${visit.id}`)).status).toBe(404);
    await until('as long as a window asks for', () => Date.now() > visit.startedAt + 1_100);
    const { body: finished } = await ask<Visit>('province', `/visits/${visit.id}/finish`, {});
    expect(finished).toMatchObject({ state: 'finished', counts: false, blind: 'offline' });
    expect(await find()).toMatchObject({ state: 'couldNotInspect', cause: 'offline', done: 0 });
  }, 180_000);
});

it('all of it is rebuilt from the log, row by row', async () => {
  const { store, world, log } = hub.context;
  await store.query(`create database again template template0 encoding 'UTF8'`);
  const target = await connectStore({ url: hub.backend.databaseUrl.replace(/\/[^/]*$/, '/again'), log });
  try {
    await migrate(target, { log });
    const { tables } = await rebuild(store, target, world());
    expect(tables.filter(({ equal }) => !equal)).toEqual([]);
    expect(tables.find(({ table }) => table === 'draw')!.rows).toBeGreaterThanOrEqual(5);
  } finally {
    await target.close();
  }
}, 180_000);
