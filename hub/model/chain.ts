/**
 * 存证链: how an entry of the ledger is hashed, and the check of an export of it, the same in the hub, on the command line and in
 * a browser. SHA-256 is given to it, because each has its own.
 */
import { canonical } from './canonical.ts';
import type { LedgerEntry } from './state.ts';

/** `previous` of a region's first entry. */
export const genesis = '0'.repeat(64);

/** What is hashed of an entry: the canonical JSON of everything in it but its own hash, the previous hash among it. */
export function entryText(entry: Omit<LedgerEntry, 'hash'>): string {
  const { region, sequence, previous, at, act, subject, hall, account, facts, event } = entry;
  return canonical({ region, sequence, previous, at, act, subject, hall, account, facts, event });
}

/**
 * The first line of `GET /api/ledger/export`; each line after it is one entry, in order. `previous` is the hash of the entry before
 * `first`, `head` that of `last`; where no entry fell into the days, `last` is before `first` and `head` is `previous`.
 */
export interface LedgerExport {
  kind: 'hallwatch.ledger';
  version: 1;
  region: string;
  regionName: string;
  /** The days that were asked for, inclusive. */
  from: string;
  until: string;
  first: number;
  last: number;
  previous: string;
  head: string;
  madeAt: number;
}

/**
 * `header`: this is no export; `unreadable`: a line is no entry; `changed`: an entry does not fit its hash; `missing`: entries are not
 * there; `order`: they are, elsewhere; `replaced`: an entry does not follow the one before it; `region`: it is another region's;
 * `cut`: the end is missing; `head`: the last hash is not the one that was noted.
 */
export type ChainFaultKind =
  'header' | 'unreadable' | 'changed' | 'missing' | 'order' | 'replaced' | 'region' | 'cut' | 'head';

export interface ChainFault {
  kind: ChainFaultKind;
  /** The place in the chain that is not whole; 0 of `header`. */
  sequence: number;
}

export interface ChainVerdict {
  ok: boolean;
  fault?: ChainFault;
  export?: LedgerExport;
  /** Entries that follow each other from `first` on. */
  entries: number;
  /** Hash of the last of them. */
  head?: string;
  /** When the first and the last of them were made, epoch ms. */
  firstAt?: number;
  lastAt?: number;
}

const isHash = (value: unknown): value is string => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isText = (value: unknown): value is string => typeof value === 'string';
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Nothing that the hub writes is longer. */
const longestLine = 100_000;

function readLine(line: string): Record<string, unknown> | undefined {
  if (line.length > longestLine) return undefined;
  try {
    const value: unknown = JSON.parse(line);
    // A member that is there twice would show a reader what nobody hashed: written again, the line is the same.
    return isObject(value) && JSON.stringify(value) === line.trim() ? value : undefined;
  } catch {
    return undefined;
  }
}

function headerOf(line: string): LedgerExport | undefined {
  const found = readLine(line);
  if (!found || found['kind'] !== 'hallwatch.ledger' || found['version'] !== 1) return undefined;
  const { region, regionName, from, until, first, last, previous, head, madeAt } = found;
  const isWhole =
    [region, regionName, from, until].every(isText) &&
    isHash(previous) &&
    isHash(head) &&
    [first, last, madeAt].every(isCount);
  if (!isWhole || (first as number) < 1 || (last as number) < (first as number) - 1) return undefined;
  return found as unknown as LedgerExport;
}

const members = new Set('region sequence previous at act subject hall account facts event hash'.split(' '));

function entryOf(line: string): LedgerEntry | undefined {
  const found = readLine(line);
  const isWhole =
    found !== undefined &&
    [found['region'], found['act'], found['subject'], found['event']].every(isText) &&
    isCount(found['sequence']) &&
    isCount(found['at']) &&
    isHash(found['previous']) &&
    isHash(found['hash']) &&
    isObject(found['facts']) &&
    // What is not hashed could say anything.
    Object.keys(found).every((key) => members.has(key));
  return isWhole ? (found as unknown as LedgerEntry) : undefined;
}

/** Checks an export line by line, in the memory of one line. `noted` is a head that was written down elsewhere, such as on paper. */
export class ChainCheck {
  readonly #hash: (text: string) => string;
  readonly #noted: string | undefined;
  #export: LedgerExport | undefined;
  #fault: ChainFault | undefined;
  #entries = 0;
  #head: string | undefined;
  #firstAt: number | undefined;
  #lastAt: number | undefined;

  constructor(hash: (text: string) => string, noted?: string) {
    this.#hash = hash;
    this.#noted = noted?.trim().toLowerCase() || undefined;
  }

  take(line: string): void {
    if (line.trim() === '') return;
    if (!this.#export) {
      if (this.#fault) return;
      this.#export = headerOf(line);
      if (!this.#export || (this.#export.first === 1 && this.#export.previous !== genesis))
        this.#fault = { kind: 'header', sequence: 0 };
      else this.#head = this.#export.previous;
      return;
    }
    const entry = entryOf(line);
    if (this.#fault) {
      // What seemed to be gone stands further down.
      const { kind, sequence } = this.#fault;
      if (kind === 'missing' && entry?.sequence === sequence) this.#fault = { kind: 'order', sequence };
      return;
    }
    const sequence = this.#export.first + this.#entries;
    const kind = entry ? this.#faultOf(entry, sequence, this.#export) : 'unreadable';
    if (kind || !entry) {
      this.#fault = { kind: kind ?? 'unreadable', sequence };
      return;
    }
    this.#entries += 1;
    this.#head = entry.hash;
    this.#firstAt ??= entry.at;
    this.#lastAt = entry.at;
  }

  end(): ChainVerdict {
    const fault = this.#fault ?? this.#faultOfEnd();
    return {
      ok: fault === undefined,
      ...(fault ? { fault } : {}),
      ...(this.#export ? { export: this.#export } : {}),
      entries: this.#entries,
      ...(this.#head === undefined ? {} : { head: this.#head }),
      ...(this.#firstAt === undefined ? {} : { firstAt: this.#firstAt }),
      ...(this.#lastAt === undefined ? {} : { lastAt: this.#lastAt }),
    };
  }

  #faultOf(entry: LedgerEntry, sequence: number, { region }: LedgerExport): ChainFaultKind | undefined {
    if (this.#hash(entryText(entry)) !== entry.hash) return 'changed';
    if (entry.region !== region) return 'region';
    if (entry.sequence > sequence) return 'missing';
    if (entry.sequence < sequence) return 'order';
    return entry.previous === this.#head ? undefined : 'replaced';
  }

  #faultOfEnd(): ChainFault | undefined {
    if (!this.#export) return { kind: 'header', sequence: 0 };
    const { first, last, head } = this.#export;
    const sequence = first + this.#entries;
    if (sequence <= last || this.#head !== head) return { kind: 'cut', sequence };
    return this.#noted === undefined || this.#noted === this.#head
      ? undefined
      : { kind: 'head', sequence: Math.max(first, last) };
  }
}
