import { createHash } from 'node:crypto';
import type { LedgerEntry } from '../model/state.ts';
import { canonical } from './digest.ts';

/** `previous` of a region's first entry. */
export const genesis = '0'.repeat(64);

/**
 * Hash of a ledger entry (存证链): SHA-256, in hex, over the canonical JSON of everything in the entry but its own hash,
 * the previous hash and the sequence among it.
 */
export function entryHash(entry: Omit<LedgerEntry, 'hash'>): string {
  const { region, sequence, previous, at, act, subject, hall, account, facts, event } = entry;
  return createHash('sha256')
    .update(canonical({ region, sequence, previous, at, act, subject, hall, account, facts, event }))
    .digest('hex');
}
