/** Keeps the push door (`server.ts`) running, tells it the keys, and knows who pushes. */
import { randomBytes } from 'node:crypto';
import type { ChildProcess } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { HubError } from '../../hub/model/error.ts';
import { keyDigest } from '../../hub/platform/camera.ts';
import { supervise, type Child } from '../../hub/platform/children.ts';
import type { Context } from '../../hub/platform/part.ts';
import { Waiters } from '../waiters.ts';
import type { Said, Told } from './server.ts';

const isSource = import.meta.url.endsWith('.ts');
/** A source needs somebody who reads TypeScript. */
const reader = isSource ? ['--import', pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href] : [];
const program = fileURLToPath(new URL(isSource ? './server.ts' : './push.js', import.meta.url));
/** How long an attempt to pull waits for the encoder: it may be on its way back. */
const patienceMs = 3_000;
const mostKeys = 5_000;
const longestLine = 1_000_000;

export class Push {
  /** Play is for this run of the hub alone. */
  readonly #secret = randomBytes(24).toString('base64url');
  readonly #context: Context;
  readonly #port: number;
  #running: Child | undefined;
  #process: ChildProcess | undefined;
  #flvPort: number | undefined;
  #publishing = new Set<string>();
  readonly #waiting = new Waiters(mostKeys);
  #keys: Record<string, string> = {};

  private constructor(context: Context, port: number) {
    this.#context = context;
    this.#port = port;
  }

  /** Takes RTMP at this port of the hub's own HOST. Throws `child.start`, for example when the port is taken. */
  static async start(context: Context, port: number): Promise<Push> {
    const push = new Push(context, port);
    await push.refresh();
    push.#running = await supervise({
      name: 'push door',
      log: context.log,
      stdio: ['pipe', 'pipe', 'pipe'],
      // Nothing of the environment is handed on.
      env: { PATH: '/usr/bin:/bin' },
      command: () => ({ command: process.execPath, args: ['--max-old-space-size=128', ...reader, program] }),
      isReady: async (child) => push.#hear(child),
      stopWithinMs: 500,
    });
    context.log.info({ port, pid: push.#running.pid }, 'encoders may push');
    return push;
  }

  /** Process id of the push door while it serves. */
  get pid(): number | undefined {
    return this.#running?.pid;
  }

  /** Reads the keys again: a camera was added, switched off, or its key renewed. */
  async refresh(): Promise<void> {
    const { store, seal } = this.#context;
    const rows = await store.query<{ id: string; push_key: Buffer }>(
      `select id, push_key from camera where push_key is not null and enabled order by id limit ${mostKeys}`,
    );
    this.#keys = Object.fromEntries(rows.map(({ id, push_key }) => [id, keyDigest(seal.open(push_key))]));
    this.#tell({ kind: 'keys', keys: this.#keys });
  }

  /** Where the hub reads what is pushed to this camera; throws `camera.push` when nobody pushes within three seconds. */
  async address(camera: string): Promise<string> {
    const isThere = (): boolean => this.#publishing.has(camera) && this.#flvPort !== undefined;
    if (!(await this.#waiting.until(isThere, patienceMs)))
      throw new HubError('camera.push', 'no encoder pushes to this camera');
    return `http://127.0.0.1:${this.#flvPort}/push/${camera}.flv?secret=${this.#secret}`;
  }

  async stop(): Promise<void> {
    await this.#running?.stop();
  }

  #tell(told: Told): void {
    const { stdin } = this.#process ?? {};
    if (stdin?.writable) stdin.write(`${JSON.stringify(told)}\n`);
  }

  /** Asked again and again until it answers true; a child that is new is told what it needs. */
  #hear(child: ChildProcess): boolean {
    if (this.#process !== child) {
      this.#process = child;
      this.#flvPort = undefined;
      this.#say([]);
      child.stdin!.on('error', () => undefined);
      let text = '';
      child.stdout!.on('data', (chunk: string) => {
        text = (text + chunk).slice(-longestLine);
        const lines = text.split('\n');
        text = lines.pop()!;
        for (const line of lines) this.#heard(JSON.parse(line) as Said);
      });
      child.once('exit', () => {
        if (this.#process === child) this.#say([]);
      });
      this.#tell({ kind: 'begin', host: this.#context.settings.host, port: this.#port, secret: this.#secret });
      this.#tell({ kind: 'keys', keys: this.#keys });
    }
    return this.#flvPort !== undefined;
  }

  #heard(said: Said): void {
    if (said.kind === 'ready') this.#flvPort = said.port;
    else this.#say(said.cameras);
  }

  #say(cameras: string[]): void {
    this.#publishing = new Set(cameras);
    this.#waiting.wake();
  }
}
