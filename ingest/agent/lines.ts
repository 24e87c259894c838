/** A bounded file of JSON lines beside the spool: what the hub refused, and what was damaged. */
import { appendFile, readFile, rename, stat } from 'node:fs/promises';
import type { Logger } from 'pino';

/** Two files of this length at most: `x.ndjson` and, older, `x.1.ndjson`. */
const fileBytes = 16 * 2 ** 20;
const lineBytes = 64 * 2 ** 10;

export class LineFile {
  readonly path: string;
  readonly #log: Logger;
  #bytes = 0;
  #turn: Promise<void> = Promise.resolve();
  /** Lines in both files when it was opened, and every one since. */
  count = 0;

  private constructor(path: string, log: Logger) {
    this.path = path;
    this.#log = log;
  }

  static async open(path: string, log: Logger): Promise<LineFile> {
    const file = new LineFile(path, log);
    for (const each of [path, file.#older]) {
      const bytes = await readFile(each).catch(() => Buffer.alloc(0));
      for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) file.count += 1;
    }
    file.#bytes = (await stat(path).catch(() => undefined))?.size ?? 0;
    return file;
  }

  get #older(): string {
    return this.path.replace(/\.ndjson$/, '.1.ndjson');
  }

  /**
   * Never throws: on a full disk the queue must go on, or the space would never come back. What the hub refused it keeps itself.
   */
  add(entries: readonly Record<string, unknown>[]): Promise<void> {
    if (entries.length === 0) return Promise.resolve();
    this.count += entries.length;
    // Sender and folders write to the same file, and only one of them may turn it over.
    return (this.#turn = this.#turn.then(() => this.#append(entries)));
  }

  async #append(entries: readonly Record<string, unknown>[]): Promise<void> {
    try {
      const text = entries.map((entry) => `${lineOf(entry)}\n`).join('');
      const length = Buffer.byteLength(text);
      if (this.#bytes > 0 && this.#bytes + length > fileBytes) {
        await rename(this.path, this.#older);
        this.#bytes = 0;
      }
      await appendFile(this.path, text, { mode: 0o600 });
      this.#bytes += length;
    } catch (error) {
      this.#log.error({ err: error, file: this.path, lines: entries.length }, 'lines could not be written');
    }
  }
}

function lineOf(entry: Record<string, unknown>): string {
  const text = JSON.stringify(entry);
  if (text.length <= lineBytes) return text;
  const short = Object.entries(entry).map(([name, value]) => [
    name,
    typeof value === 'string' ? value.slice(0, 8_000) : typeof value === 'object' ? undefined : value,
  ]);
  return JSON.stringify({ ...Object.fromEntries(short), shortened: true });
}
