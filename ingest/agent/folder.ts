/** A drop folder: whole files become spooled events and then move to `done/`, or to `failed/` when they cannot be read. */
import { mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { HubError } from '../../hub/model/error.ts';
import { rowReader } from '../derive.ts';
import { rowsOf } from '../formats.ts';
import { columnsOf, readAnyMapping, withIsoTimes, type DialectMapping, type Mapping } from '../mapping.ts';
import { openBytes } from '../rows.ts';
import { Slice } from '../slice.ts';
import type { AgentConfig } from './config.ts';
import { payloadOf } from './door.ts';
import type { LineFile } from './lines.ts';
import { longestPayload } from './record.ts';
import type { Spool } from './spool.ts';

export interface FolderOptions {
  config: AgentConfig['folders'][number];
  spool: Spool;
  refused: LineFile;
  onSpooled: () => void;
  log: Logger;
}

const pieceLength = 500;
/** So many events are put into the order of time together. */
const sliceLength = 50_000;
const againMs = 2_000;

type Config = AgentConfig['folders'][number];
const names: Record<Config['format'], RegExp> = {
  csv: /^[^.].*\.csv(\.gz)?$/i,
  xlsx: /^[^.~].*\.xlsx$/i,
  xes: /^[^.].*\.xes(\.gz)?$/i,
  messages: /^[^.].*\.(ndjson|jsonl)(\.gz)?$/i,
  ndjson: /^[^.].*\.(ndjson|jsonl)(\.gz)?$/i,
};

interface Faulty {
  line: number;
  field: string;
  reason: string;
  text: string;
}

export class Folder {
  readonly #options: FolderOptions;
  readonly #stop = new AbortController();
  readonly #seen = new Map<string, { size: number; changed: number; since: number }>();
  /** Files that were read and not moved yet: why they failed, or undefined. */
  readonly #read = new Map<string, string | undefined>();
  #running: Promise<void> | undefined;
  /** Files that wait, and the last one that was finished. */
  state: { path: string; waiting: number; last?: string } = { path: '', waiting: 0 };

  constructor(options: FolderOptions) {
    this.#options = options;
    this.state.path = options.config.path;
  }

  async start(): Promise<void> {
    for (const name of ['', 'done', 'failed'])
      await mkdir(join(this.#options.config.path, name), { recursive: true, mode: 0o700 });
    this.#running ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { config, log } = this.#options;
    const lookMs = Math.min(2_000, config.settleSeconds * 1_000);
    while (!this.#stop.signal.aborted) {
      try {
        for (const name of await this.#ready()) {
          await this.#take(name);
          if (this.#stop.signal.aborted) return;
          this.state.waiting -= 1;
        }
      } catch (error) {
        log.error({ err: error, folder: config.path }, 'the folder cannot be read');
      }
      await sleep(lookMs, undefined, { signal: this.#stop.signal }).catch(() => {});
    }
  }

  /** Files that no longer grow, by name: departments name them by day or number. */
  async #ready(): Promise<string[]> {
    const { path, settleSeconds, format } = this.#options.config;
    const found = (await readdir(path)).filter((name) => names[format].test(name)).sort();
    const ready: string[] = [];
    for (const name of this.#seen.keys()) if (!found.includes(name)) this.#seen.delete(name);
    for (const name of found) {
      const about = await stat(join(path, name)).catch(() => undefined);
      if (!about?.isFile()) continue;
      const before = this.#seen.get(name);
      const isSame = before?.size === about.size && before.changed === about.mtimeMs;
      const since = isSame ? before.since : performance.now();
      this.#seen.set(name, { size: about.size, changed: about.mtimeMs, since });
      if (isSame && performance.now() - since >= settleSeconds * 1_000) ready.push(name);
    }
    this.state.waiting = this.#seen.size;
    return ready;
  }

  /** A crash in the middle reads the file again from its beginning: the ids are the same. */
  async #take(name: string): Promise<void> {
    const { config } = this.#options;
    const path = join(config.path, name);
    // Where it could only not be moved, on a full disk, it is moved later and not read again.
    const key = `${name} ${this.#seen.get(name)?.changed}`;
    const why = this.#read.has(key) ? this.#read.get(key) : await this.#whole(path);
    if (this.#stop.signal.aborted) return;
    this.#read.set(key, why);
    const target = why === undefined ? 'done' : 'failed';
    const stamp = new Date().toISOString().replace(/[-:.]/g, '');
    await rename(path, join(config.path, target, `${stamp}-${name}`));
    this.#read.delete(key);
    this.#seen.delete(name);
    this.state.last = why === undefined ? name : `${name}: ${why}`;
    const kept = (await readdir(join(config.path, target))).sort();
    for (const old of kept.slice(0, Math.max(0, kept.length - config.keepDone)))
      await rm(join(config.path, target, old), { force: true });
  }

  /** Why the file could not be read to its end, or undefined. */
  async #whole(path: string): Promise<string | undefined> {
    const { config, log } = this.#options;
    try {
      const count = config.format === 'ndjson' ? await this.#lines(path) : await this.#mapped(path, config);
      if (!this.#stop.signal.aborted) log.info({ file: path, events: count }, 'file spooled');
      return undefined;
    } catch (error) {
      if (!(error instanceof HubError)) throw error;
      log.error({ file: path, reason: error.message }, 'the file cannot be read');
      await this.#refuse(path, [{ line: 0, field: '', reason: error.message, text: '' }]);
      return error.message;
    }
  }

  async #mapped(path: string, config: Exclude<Config, { format: 'ndjson' }>): Promise<number> {
    const mapping = await mappingOf(config.mapping);
    const region = config.region ?? mapping.region;
    if (region === undefined) throw new HubError('agent.region', `${config.mapping}: region: missing`);
    const slice = new Slice();
    let checked = false;
    let count = 0;
    const flush = async (last: boolean): Promise<void> => {
      const { timed, impossible } = slice.take(last);
      await this.#refuse(
        path,
        impossible.map(({ line, fault, event }) => ({ line, ...fault, text: JSON.stringify(event) })),
      );
      count += await this.#spool(
        path,
        timed.map(({ event, line }) => ({ input: event, line, text: '' })),
      );
    };
    const { chunks } = await openBytes(path);
    const { rows: batches, isSheet } = await rowsOf(chunks, mapping);
    const deriver = rowReader(isSheet && 'reader' in mapping ? withIsoTimes(mapping) : mapping, region);
    for await (const rows of batches) {
      const faulty: Faulty[] = [];
      for (const row of rows) {
        if (!row.ok) {
          faulty.push(row);
          if (row.fatal) throw new HubError('agent.file', `line ${row.line}: ${row.reason}`);
          continue;
        }
        // An attribute that an event of XES does not have is simply absent.
        if (!checked && !row.sparse) checkColumns(mapping, row.values);
        checked = true;
        const { events, faults } = deriver.take(row);
        for (const fault of faults) faulty.push({ line: row.line, ...fault, text: row.text });
        for (const event of events) slice.add({ event, line: row.line });
      }
      await this.#refuse(path, faulty);
      if (slice.length >= sliceLength) await flush(false);
      if (this.#stop.signal.aborted) return count;
    }
    await flush(true);
    return count;
  }

  async #lines(path: string): Promise<number> {
    let count = 0;
    const { chunks } = await openBytes(path);
    for await (const lines of linesOf(chunks)) {
      const faulty: Faulty[] = [];
      const good: { input: unknown; line: number; text: string }[] = [];
      for (const { line, text } of lines) {
        try {
          if (text.trim() !== '') good.push({ input: JSON.parse(text) as unknown, line, text });
        } catch {
          faulty.push({ line, field: '', reason: 'not JSON; expected one event a line', text });
        }
      }
      await this.#refuse(path, faulty);
      count += await this.#spool(path, good);
      if (this.#stop.signal.aborted) return count;
    }
    return count;
  }

  /** Waits as long as the spool has no room: the file is the better place then. */
  async #spool(path: string, inputs: readonly { input: unknown; line: number; text: string }[]): Promise<number> {
    let count = 0;
    for (let from = 0; from < inputs.length; from += pieceLength) {
      const payloads: Buffer[] = [];
      const faulty: Faulty[] = [];
      for (const { input, line, text } of inputs.slice(from, from + pieceLength)) {
        const read = payloadOf(input);
        if (read.ok) payloads.push(read.payload);
        else faulty.push({ line, field: read.field, reason: read.reason, text });
      }
      await this.#refuse(path, faulty);
      while (!this.#stop.signal.aborted && !(await this.#options.spool.append(payloads)).ok)
        await sleep(againMs, undefined, { signal: this.#stop.signal }).catch(() => {});
      if (this.#stop.signal.aborted) return count;
      count += payloads.length;
      this.#options.onSpooled();
    }
    return count;
  }

  async #refuse(path: string, faulty: readonly Faulty[]): Promise<void> {
    await this.#options.refused.add(
      faulty.map(({ line, field, reason, text }) => ({
        from: basename(path),
        line,
        field,
        reason,
        text: text.slice(0, 4_000),
      })),
    );
  }
}

async function mappingOf(file: string): Promise<Mapping | DialectMapping> {
  const read = readAnyMapping(await readFile(file, 'utf8'), file);
  if (!read.ok) throw new HubError('agent.mapping', read.errors.join('\n'));
  return read.mapping;
}

function checkColumns(mapping: Mapping | DialectMapping, values: ReadonlyMap<string, string>): void {
  const missing = [...columnsOf(mapping)].filter((column) => !values.has(column));
  if (missing.length > 0)
    throw new HubError('agent.columns', `no column ${missing.join(', ')}, which the mapping names`.slice(0, 400));
}

interface Line {
  line: number;
  text: string;
}

/** Lines of UTF-8, a chunk of them at a time; one that is too long ends the file. */
async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Line[]> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let rest = '';
  let line = 0;
  const decode = (chunk?: Uint8Array): string => {
    try {
      return chunk ? decoder.decode(chunk, { stream: true }) : decoder.decode();
    } catch {
      throw new HubError('agent.file', `after line ${line}: not UTF-8`);
    }
  };
  for await (const chunk of chunks) {
    const texts = (rest + decode(chunk)).split('\n');
    rest = texts.pop() ?? '';
    yield texts.map((text) => ({ line: ++line, text }));
    if (rest.length > longestPayload)
      throw new HubError('agent.file', `line ${line + 1}: longer than ${longestPayload} characters`);
  }
  yield [{ line: line + 1, text: rest + decode() }];
}
