import { execFile, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCamera, type CameraServer } from '../support/camera/index.ts';

const run = promisify(execFile);
const quiet = ['-nostdin', '-hide_banner', '-loglevel', 'error'];
let server: CameraServer;
let folder: string;

beforeAll(async () => {
  server = await startCamera({ paths: ['a', 'b'], user: 'admin', password: 'secret' });
  folder = await mkdtemp(join(tmpdir(), 'hallwatch-camera-'));
}, 60_000);
afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

/** What ffmpeg says of each of two seconds of pictures: MD5 and mean brightness. */
async function look(
  url: string,
  transport: 'tcp' | 'udp' = 'tcp',
): Promise<{ hashes: string[]; brightness: number[] }> {
  const input = [...quiet, '-rtsp_transport', transport, '-i', url, '-t', '2'];
  const [hashes, raw] = await Promise.all([
    run('ffmpeg', [...input, '-f', 'framemd5', '-']),
    run('ffmpeg', [...input, '-vf', 'scale=1:1', '-pix_fmt', 'gray', '-f', 'rawvideo', '-'], { encoding: 'buffer' }),
  ]);
  const lines = hashes.stdout.split('\n').filter((line) => line && !line.startsWith('#'));
  return { hashes: lines.map((line) => line.split(',').at(-1)!.trim()), brightness: [...raw.stdout] };
}

describe('the test camera', () => {
  it.each(['tcp', 'udp'] as const)('sends moving pictures over %s to whoever has the password', async (transport) => {
    const { hashes, brightness } = await look(server.url('a'), transport);
    expect(new Set(hashes).size).toBeGreaterThan(15);
    expect(Math.min(...brightness)).toBeGreaterThan(60);
  });

  it('refuses a wrong password, and answers basic where it is told to', async () => {
    await expect(look(server.url('a').replace('secret', 'wrong'))).rejects.toThrow('401');
    const basic = await startCamera({ user: 'admin', password: 'secret', auth: 'basic' });
    expect((await look(basic.url('cam'))).hashes.length).toBeGreaterThan(15);
    await expect(look(basic.url('cam').replace('secret', 'wrong'))).rejects.toThrow('401');
    await basic.stop();
  });

  it('freezes to one picture, and goes on', async () => {
    server.misbehave('freeze', 'a');
    await sleep(1200);
    const frozen = await look(server.url('a'));
    server.misbehave('none', 'a');
    expect(frozen.hashes.length).toBeGreaterThan(15);
    expect(new Set(frozen.hashes).size).toBe(1);
    await sleep(1200);
    expect(new Set((await look(server.url('a'))).hashes).size).toBeGreaterThan(15);
  });

  it('goes black', async () => {
    server.misbehave('black', 'b');
    await sleep(1200);
    const { brightness } = await look(server.url('b'));
    server.misbehave('none', 'b');
    expect(brightness.length).toBeGreaterThan(15);
    expect(Math.max(...brightness)).toBeLessThan(20);
  });

  it('stamps pictures twice as fast as it sends them', async () => {
    server.misbehave('wrongRate', 'b');
    const began = Date.now();
    const { stdout } = await run('ffmpeg', [
      ...quiet,
      '-rtsp_transport',
      'tcp',
      '-i',
      server.url('b'),
      '-t',
      '2',
      '-c',
      'copy',
      '-f',
      'framecrc',
      '-',
    ]);
    server.misbehave('none', 'b');
    expect(stdout.split('\n').filter((line) => line.startsWith('0,')).length).toBeGreaterThan(40);
    expect(Date.now() - began).toBeGreaterThan(3500);
  });
});

/** A hub that only pulls one camera. */
const puller = (address: string): string => `
  import { install, run } from ${JSON.stringify(resolve('stream/ffmpeg.ts'))};
  import { pull } from ${JSON.stringify(resolve('stream/args.ts'))};
  await install(${JSON.stringify(folder)}, 'ffmpeg');
  const running = run(pull(${JSON.stringify(address)}), undefined, () => console.log(running.pid));
`;

const isAlive = async (pid: number): Promise<boolean> => {
  const { stdout } = await run('ps', ['-o', 'stat=', '-p', String(pid)]).catch(() => ({ stdout: '' }));
  return stdout.trim() !== '' && !stdout.startsWith('Z');
};

describe('ffmpeg', () => {
  it('stands in a process group of its own, and dies with a hub that is killed with -9', async () => {
    const hub = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', puller(server.url('a'))], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const pid = await new Promise<number>((found) =>
      hub.stdout.once('data', (line: Buffer) => found(Number.parseInt(line.toString(), 10))),
    );
    const { stdout } = await run('ps', ['-o', 'pgid=,comm=', '-p', String(pid)]);
    expect(stdout.trim().split(/\s+/)).toEqual([String(pid), 'ffmpeg']);
    hub.kill('SIGKILL');
    for (let i = 0; i < 40 && (await isAlive(pid)); i++) await sleep(50);
    expect(await isAlive(pid)).toBe(false);
  });
});
