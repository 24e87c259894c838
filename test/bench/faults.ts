import { setTimeout as sleep } from 'node:timers/promises';
import { io, type Socket } from 'socket.io-client';
import type { Downward, Upward } from '../../hub/model/live.ts';
import type { CameraStatus } from '../../hub/model/state.ts';
import { addCamera, changeCamera } from '../../hub/platform/camera.ts';
import { makeFilm, startCameraServer, type CameraServer, type Misbehaviour } from '../support/camera/index.ts';
import { startTestHub, type TestHub } from '../support/hub.ts';
import { untilWithin } from '../support/until.ts';
import { quantile, type Report } from './report.ts';

const fps = 15;
/** Devices, of one camera each: a fault comes to all of them, at moments that differ. */
const times = 5;
/** Seconds between the key pictures of a camera that sends few. */
const fewKeys = 10;
/** Of their film: a camera that shows the picture of some key pictures ago once more would be called frozen. */
const fewKeysLoop = 40;
const user = 'admin';
const password = 'camera';
const by = { account: 'bench', name: 'bench' };
const until = untilWithin(90_000);
const goal = '≤ 5';
/** How long the age of the newest picture is watched after something that must not be seen at all. */
const ageMs = 12_000;

/** What a page was told of a camera, and when it heard it. */
type Told = CameraStatus & { heardAt: number };

interface Watched {
  id: string;
  path: string;
  device: CameraServer;
  told: Told[];
}

interface Fault {
  name: string;
  begin: (one: Watched) => unknown;
  /** What must be told then; absent where nothing is wrong with the picture, and it must go on. */
  truth?: (told: Told) => boolean;
  /** Absent where the fault is over as soon as it was there. */
  end?: (one: Watched) => unknown;
  /** Default: that it is live. */
  back?: (told: Told) => boolean;
}

const misbehave =
  (kind: Misbehaviour | 'refuse' | 'reset', whole = false) =>
  ({ device, path }: Watched): void =>
    device.misbehave(kind, whole ? undefined : path);
const behave = misbehave('none', true);
const isLive = ({ state }: Told): boolean => state === 'live';
const is =
  (state: CameraStatus['state']) =>
  (told: Told): boolean =>
    told.state === state;

/** Another codec is another session: the camera begins anew. */
const codec =
  (kind: 'h265' | 'none') =>
  ({ device, path }: Watched): void => {
    device.misbehave(kind, path);
    device.misbehave('reset', path);
  };
const sends =
  (name: string) =>
  (told: Told): boolean =>
    isLive(told) && told.codec === name;

/** As an administrator enters another password. */
const enter =
  (hub: TestHub, entered: string) =>
  async ({ id, device, path }: Watched): Promise<void> => {
    const address = device.url(path).replace(`:${password}@`, `:${entered}@`);
    const answer = await changeCamera(hub.context, id, { address }, by);
    if (!answer.ok) throw new Error(`${answer.field}: ${answer.reason}`);
  };

const faultsOf = (hub: TestHub): Fault[] => [
  { name: 'refuse', begin: misbehave('refuse', true), truth: is('offline'), end: behave },
  { name: 'password', begin: enter(hub, 'wrong'), truth: is('offline'), end: enter(hub, password) },
  { name: 'stall', begin: misbehave('stall'), truth: is('stalled'), end: behave },
  { name: 'freeze', begin: misbehave('freeze'), truth: is('frozen'), end: behave },
  { name: 'black', begin: misbehave('black'), truth: is('black'), end: behave },
  { name: 'covered', begin: misbehave('covered'), truth: is('covered'), end: behave },
  { name: 'reset', begin: misbehave('reset'), truth: is('stalled') },
  { name: 'h265', begin: codec('h265'), truth: sends('H.265'), end: codec('none'), back: sends('H.264') },
  { name: 'wrongRate', begin: misbehave('wrongRate'), end: behave },
  { name: 'clockJump', begin: misbehave('clockJump') },
  { name: 'parameters', begin: misbehave('smaller'), end: behave },
];

/**
 * faults: a device does something wrong, and later no longer. Seconds until a page is told the truth of its camera, and from the camera's
 * recovery until the page is told that it is live; of what nobody may notice, how old the newest picture was at its oldest.
 */
export async function faults(report: Report): Promise<void> {
  const [file, slow, black, covered, smaller, h265] = await Promise.all([
    makeFilm({ fps }),
    makeFilm({ fps, seconds: fewKeysLoop, keyEvery: fewKeys }),
    makeFilm({ fps, seconds: 2, scene: 'black' }),
    makeFilm({ fps, seconds: 2, scene: 'covered' }),
    makeFilm({ fps, seconds: 4, width: 320, height: 180 }),
    makeFilm({ fps, seconds: 4, width: 320, height: 180, codec: 'h265' }),
  ]);
  const films = { black, covered, smaller, h265 };
  const serve = (path: string, each: string): Promise<CameraServer[]> =>
    Promise.all(
      Array.from({ length: times }, () =>
        startCameraServer({ user, password, streams: [{ path, file: each, fps, films }] }),
      ),
    );
  const [usual, few] = await Promise.all([serve('usual', file), serve('few', slow)]);
  const hub = await startTestHub({ settings: { roles: ['record', 'serve', 'stream'] } });
  const bench = new Bench(hub, report);
  try {
    const cameras = await bench.add(usual, 'usual');
    const rare = await bench.add(few, 'few');
    await bench.open();
    await bench.live(cameras);
    for (const fault of faultsOf(hub)) {
      process.stderr.write(`… faults ${fault.name}\n`);
      if (fault.truth) await bench.tellable(cameras, fault, fault.truth);
      else await bench.unnoticed(cameras, fault);
    }
    process.stderr.write('… faults keyInterval\n');
    await bench.fewKeys(rare);
  } finally {
    await bench.close();
    await hub.stop();
    await Promise.all([...usual, ...few].map((device) => device.stop()));
  }
}

class Bench {
  readonly #hub: TestHub;
  readonly #report: Report;
  readonly #cameras = new Map<string, Watched>();
  #cookie = '';
  #socket: Socket<Downward, Upward> | undefined;
  #closed = false;
  #asking: Promise<unknown> = Promise.resolve();

  constructor(hub: TestHub, report: Report) {
    this.#hub = hub;
    this.#report = report;
  }

  async add(devices: CameraServer[], path: string): Promise<Watched[]> {
    const added: Watched[] = [];
    for (const [index, device] of devices.entries()) {
      const id = `${path}-${index}`;
      const input = { id, hall: 'hall-510104-1', name: id, address: device.url(path), recording: 'off' as const };
      const answer = await addCamera(this.#hub.context, input, by);
      if (!answer.ok) throw new Error(`${answer.field}: ${answer.reason}`);
      await until(`the world knows ${id}`, () => this.#hub.context.world().cameras.has(id));
      added.push({ id, path, device, told: [] });
      this.#cameras.set(id, added.at(-1)!);
    }
    return added;
  }

  /** Listens as a page does, and asks for the pictures of all cameras but those that send few key pictures. */
  async open(): Promise<void> {
    this.#cookie = await this.#hub.signIn({ name: 'li', role: 'inspector', region: '510104' });
    const { address } = this.#hub;
    const socket: Socket<Downward, Upward> = io(address, {
      ...{ transports: ['websocket'], forceNew: true },
      extraHeaders: { cookie: this.#cookie, origin: address },
    });
    this.#socket = socket;
    socket.on('live', ({ items }) => {
      const heardAt = Date.now();
      for (const each of items)
        if (each.topic === 'camera') this.#cameras.get(each.body.camera)?.told.push({ ...each.body, heardAt });
    });
    const hello = await socket.timeout(10_000).emitWithAck('hello', { cursor: null });
    if (!hello.ok) throw new Error(hello.reason);
    this.#asking = this.#ask();
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#asking;
    this.#socket?.disconnect();
  }

  async live(cameras: readonly Watched[]): Promise<void> {
    for (const { id, told } of cameras) await until(`${id} live`, () => told.at(-1)?.state === 'live');
    // Until what is usual of each is known.
    await sleep(5_000);
  }

  /** When a page first heard something of a camera after a moment, in seconds after it. */
  async #heard({ id, told }: Watched, what: (told: Told) => boolean, after: number): Promise<number> {
    const found = await until(`${id} told after ${new Date(after).toISOString()}`, () =>
      told.find((each) => each.heardAt >= after && each.since >= after - 10_000 && what(each)),
    );
    return (found.heardAt - after) / 1000;
  }

  async tellable(cameras: readonly Watched[], fault: Fault, truth: (told: Told) => boolean): Promise<void> {
    const { name, begin, end, back = isLive } = fault;
    const after = await Promise.all(
      cameras.map(async (one) => {
        await sleep(Math.random() * 3000);
        let at = Date.now();
        await begin(one);
        const seconds = { truth: await this.#heard(one, truth, at), back: 0 };
        if (end) {
          // As long as it takes until one is asked as seldom as ever.
          await sleep(5_000 + Math.random() * 20_000);
          at = Date.now();
          await end(one);
        }
        seconds.back = await this.#heard(one, back, at);
        return seconds;
      }),
    );
    const truths = after.map((each) => each.truth);
    const backs = after.map((each) => each.back);
    this.#tell(`${name}.told`, truths, 'the fault → told to a page');
    this.#tell(`${name}.back`, backs, end ? 'the camera is well → told to be live' : 'the fault → live again');
    await sleep(6_000);
  }

  /** The picture goes on, and nobody is told anything else. */
  async unnoticed(cameras: readonly Watched[], { name, begin, end }: Fault): Promise<void> {
    const said = cameras.map(({ told }) => told.length);
    const ages = await Promise.all(
      cameras.map(async (one) => {
        const usual = await this.#oldest(one);
        await begin(one);
        const during = await this.#oldest(one);
        if (!end) return { usual, during, after: during };
        await end(one);
        return { usual, during, after: await this.#oldest(one) };
      }),
    );
    const floor = ages.map(({ usual }) => usual);
    this.#tell(
      `${name}.age`,
      ages.map(({ during }) => during),
      'the oldest that the newest picture ever was; floor: before',
      floor,
    );
    if (end)
      this.#tell(
        `${name}.age.back`,
        ages.map(({ after }) => after),
        'the same once it is over',
        floor,
      );
    const untrue = cameras.flatMap(({ told }, index) => told.slice(said[index]).filter((each) => !isLive(each)));
    this.#report.add({
      ...{ name: `faults.${name}.untrue`, value: untrue.length, unit: 'changes', goal: '0', n: cameras.length },
      against: `told of cameras that were well: ${untrue.map(({ state }) => state).join(', ') || 'none'}`,
    });
  }

  /** A camera with a key picture every ten seconds: there is nothing to see before the first one, and nothing is wrong between two. */
  async fewKeys(cameras: readonly Watched[]): Promise<void> {
    const keys = Array.from({ length: fewKeysLoop / fewKeys }, (_, index) => index * fewKeys * fps);
    /** When it first sent a key picture after a moment. */
    const keyAfter = ({ id, device, path }: Watched, at: number): Promise<number> =>
      until(`a key picture of ${id}`, () => keys.map((key) => device.sentAt(path, key)).find((sent) => sent > at));
    const measured = await Promise.all(
      cameras.map(async (one) => {
        await sleep(Math.random() * fewKeys * 1000);
        void this.#playlist(one.id);
        await until('somebody watches', () => one.device.watching(one.path) > 0);
        const first = await this.#heard(one, isLive, await keyAfter(one, Date.now()));
        const said = one.told.length;
        // Four key pictures and what lies between.
        await this.#watch(one, (3 + Math.random()) * fewKeys * 1000);
        const untrue = one.told.length - said;
        const at = Date.now();
        one.device.misbehave('stall');
        const stalled = await this.#heard(one, is('stalled'), at);
        await this.#watch(one, 5_000);
        const well = Date.now();
        one.device.misbehave('none');
        await this.#watch(one, (await keyAfter(one, well)) - Date.now());
        const key = await keyAfter(one, well);
        return { first, untrue, stalled, back: await this.#heard(one, isLive, key) };
      }),
    );
    const of = (name: 'first' | 'stalled' | 'back'): number[] => measured.map((each) => each[name]);
    this.#tell('keyInterval.first', of('first'), 'its first key picture → told to be live');
    this.#tell('keyInterval.stalled', of('stalled'), 'it sends nothing → told to a page');
    this.#tell('keyInterval.back', of('back'), 'its first key picture after that → told to be live');
    this.#report.add({
      ...{ name: 'faults.keyInterval.untrue', value: measured.reduce((sum, { untrue }) => sum + untrue, 0) },
      ...{ unit: 'changes', goal: '0', n: cameras.length, against: `told within ${3 * fewKeys} s of it being well` },
    });
  }

  #tell(name: string, seconds: readonly number[], against: string, floor?: readonly number[]): void {
    const common = { unit: 's', goal, n: seconds.length };
    const of = (share: number): { value: number; floor?: number } => ({
      value: quantile(seconds, share),
      ...(floor ? { floor: quantile(floor, share) } : {}),
    });
    this.#report.add({ name: `faults.${name}.median`, ...of(0.5), ...common, against });
    this.#report.add({ name: `faults.${name}.max`, ...of(1), ...common, against });
  }

  /** The greatest age of the newest picture that was offered, seconds. */
  async #oldest({ id }: Watched): Promise<number> {
    let oldest = 0;
    for (const end = Date.now() + ageMs; Date.now() < end; await sleep(200)) {
      const text = await this.#playlist(id, 'index.m3u8');
      const newest = text?.split('#EXT-X-PROGRAM-DATE-TIME:').at(-1);
      if (newest === undefined) continue;
      const durations = [...newest.matchAll(/#EXT-X-PART:DURATION=([\d.]+)/g)].map(([, each]) => Number(each));
      const whole = Number(/#EXTINF:([\d.]+)/.exec(newest)?.[1] ?? durations.reduce((sum, each) => sum + each, 0));
      oldest = Math.max(oldest, (Date.now() - Date.parse(newest.split('\n')[0]!)) / 1000 - whole);
    }
    return oldest;
  }

  /** Keeps watching a camera for so long. */
  async #watch({ id }: Watched, forMs: number): Promise<void> {
    for (const end = Date.now() + forMs; Date.now() < end; await sleep(Math.min(1000, Math.max(0, end - Date.now()))))
      await this.#playlist(id);
  }

  async #ask(): Promise<void> {
    const usual = [...this.#cameras.values()].filter(({ path }) => path === 'usual');
    for (; !this.#closed; await sleep(1000)) void Promise.all(usual.map(({ id }) => this.#playlist(id)));
  }

  /** A playlist, which asks for the camera. */
  async #playlist(id: string, file = 'plain.m3u8'): Promise<string | undefined> {
    const signal = AbortSignal.timeout(10_000);
    const headers = { cookie: this.#cookie };
    const answer = await fetch(`${this.#hub.address}/live/${id}/${file}`, { headers, signal }).catch(() => undefined);
    const text = await answer?.text().catch(() => undefined);
    return answer?.status === 200 ? text : undefined;
  }
}
