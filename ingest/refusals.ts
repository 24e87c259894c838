/** The rows of a replay that could not be read: to `refused.>` and into a file, with line, field and reason. */
import { createWriteStream, type WriteStream } from 'node:fs';
import { once } from 'node:events';
import { finished } from 'node:stream/promises';
import type { Bus } from '../hub/platform/nats.ts';

export interface Refused {
  line: number;
  field: string;
  reason: string;
  text: string;
  /** JY-02: the text is dropped. */
  withhold?: true;
}

/** The file takes so many; the count goes on, and `refused.>` has them all within its own bound. */
const mostLines = 100_000;

export class Refusals {
  readonly path: string;
  readonly #bus: Pick<Bus, 'refuse'>;
  readonly #source: string;
  #file: WriteStream | undefined;
  #failure: Error | undefined;
  count = 0;

  /** The file is made when the first row is refused. */
  constructor(path: string, source: string, bus: Pick<Bus, 'refuse'>) {
    this.path = path;
    this.#source = source;
    this.#bus = bus;
  }

  async add(rows: readonly Refused[]): Promise<void> {
    if (rows.length === 0) return;
    const refused = rows.map((row) => (row.withhold ? { ...row, text: '' } : row));
    if (!this.#file) {
      this.#file = createWriteStream(this.path, { flags: 'w', mode: 0o600 });
      this.#file.on('error', (error) => (this.#failure = error));
    }
    for (const each of refused) {
      this.count += 1;
      if (this.count > mostLines) continue;
      const { line, field, reason, text } = each;
      if (!this.#file.write(`${JSON.stringify({ line, field, reason, text: text.slice(0, 4_000) })}\n`))
        await once(this.#file, 'drain');
      if (this.#failure) throw this.#failure;
    }
    for (let from = 0; from < refused.length; from += 64) {
      await Promise.all(
        refused
          .slice(from, from + 64)
          .map(({ line, field, reason, text }) =>
            this.#bus.refuse({ source: this.#source, place: `line ${line}`, field, reason, bytes: Buffer.from(text) }),
          ),
      );
    }
  }

  async close(): Promise<void> {
    if (!this.#file) return;
    this.#file.end();
    await finished(this.#file);
  }
}
