/** What differs between two records of a matter, and between our catalogue and a list published elsewhere. */
import { matterRecord, type MatterRecord } from './matter.ts';

type Field = keyof MatterRecord;
export type Value = MatterRecord[Field];

export interface Change {
  field: Field;
  from: Value;
  to: Value;
  /** Of a list: what came and what went; both empty when only the order changed. */
  added?: unknown[];
  removed?: unknown[];
}

/** The fields that differ, in the order of the record. */
export function diffRecords(from: MatterRecord, to: MatterRecord): Change[] {
  return matterRecord.keyof().options.flatMap((field) => {
    const [old, now] = [from[field], to[field]];
    if (isSame(old, now)) return [];
    const change: Change = { field, from: old, to: now };
    if (!Array.isArray(old) || !Array.isArray(now)) return [change];
    return [{ ...change, added: without(now, old), removed: without(old, now) }];
  });
}

const without = (list: readonly unknown[], other: readonly unknown[]): unknown[] =>
  list.filter((each) => !other.some((one) => isSame(one, each)));

function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => isSame((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]))
  );
}

/** A matter of ours: its record, or what the reference table says of it where it never had one. */
export type OurMatter = Partial<MatterRecord> & Pick<MatterRecord, 'code' | 'name'>;
/** A row of the published list, with the fields that the list has. */
export type TheirMatter = Partial<MatterRecord> & Pick<MatterRecord, 'code'>;

/** Cases of a matter accepted since it was cancelled. */
export interface Use {
  code: string;
  cases: number;
}

export type Discrepancy =
  | { kind: 'notPublished'; code: string; name: string }
  | { kind: 'notInSystem'; code: string; name: string }
  /** FS-17: `cases` were accepted after the day on which it was cancelled. */
  | { kind: 'cancelledUsed'; code: string; name: string; since: string; cases: number }
  /** FS-18: a limit, a fee, a material … that the public reads otherwise than the system has it. */
  | { kind: 'differs'; code: string; name: string; field: Field; ours: Value; theirs: Value };

/**
 * FS-17, FS-18. A cancelled matter need not be published, and may not be used. Leave secret matters out of `ours` and put
 * their codes into `secret`: they are no gap, whether the list has them or not (JY-02).
 */
export function reconcile(
  ours: readonly OurMatter[],
  theirs: readonly TheirMatter[],
  used: readonly Use[],
  secret: ReadonlySet<string>,
): Discrepancy[] {
  const found: Discrepancy[] = [];
  const known = new Set(ours.map(({ code }) => code));
  const listed = new Map(theirs.map((each) => [each.code, each]));
  const cases = new Map(used.map((each) => [each.code, each.cases]));
  for (const our of ours) {
    const { code, name } = our;
    const count = cases.get(code) ?? 0;
    if (our.state === 'cancelled' && our.since !== undefined && count > 0)
      found.push({ kind: 'cancelledUsed', code, name, since: our.since, cases: count });
    const their = listed.get(code);
    if (!their) {
      if (our.state !== 'cancelled') found.push({ kind: 'notPublished', code, name });
      continue;
    }
    for (const field of Object.keys(their) as Field[]) {
      const [mine, published] = [our[field], their[field]];
      if (mine === undefined || published === undefined || isSameSet(mine, published)) continue;
      found.push({ kind: 'differs', code, name, field, ours: mine, theirs: published });
    }
    // A list without a column for the state publishes everything it names as live.
    if (their.state === undefined && our.state !== undefined && our.state !== 'live')
      found.push({ kind: 'differs', code, name, field: 'state', ours: our.state, theirs: 'live' });
  }
  for (const { code, name } of theirs)
    if (!known.has(code) && !secret.has(code)) found.push({ kind: 'notInSystem', code, name: name ?? '' });
  return found;
}

/** Two lists that are to be compared as published: the order of materials or fees says nothing, that of steps does. */
function isSameSet(mine: Value, published: Value): boolean {
  if (!Array.isArray(mine) || !Array.isArray(published) || mine.some((each) => isObject(each) && 'type' in each))
    return isSame(mine, published);
  return (
    mine.length === published.length && without(mine, published).length === 0 && without(published, mine).length === 0
  );
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;
