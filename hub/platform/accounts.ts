/** Accounts in the store: what the pages and the command line write alike. No password stands anywhere but as its hash. */
import { randomInt } from 'node:crypto';
import type { Awaiting } from '../model/confirmation.ts';
import type { Role } from '../model/rights.ts';
import { hashPassword } from './password.ts';
import type { Store } from './postgres.ts';

interface NewAccount {
  account: string;
  name: string;
  role: Role;
  region: string;
  hall: string | null;
  organ: string | null;
  department: string | null;
  password: string;
  /** The password is somebody else's: its owner chooses another at the first sign-in. */
  mustChange: boolean;
  /** It opens nothing until this is confirmed; null when nothing has to be. */
  awaiting: Awaiting | null;
}

/** False when an account of this name is there already. */
export async function insertAccount(store: Store, form: NewAccount, now: number): Promise<boolean> {
  const added = await store.query(
    `insert into account (name, display, password, role, region, hall, organ, department, demo, created_at, must_change, awaiting)
     values ($1, $2, $3, $4, $5, $6, $7, $8, false, $9, $10, $11) on conflict (name) do nothing returning name`,
    [
      ...[form.account, form.name, await hashPassword(form.password), form.role, form.region],
      ...[form.hall, form.organ, form.department, now, form.mustChange, form.awaiting],
    ],
  );
  return added.length > 0;
}

/**
 * `awaiting`: what has to be confirmed before it opens anything; absent leaves that as it is. False when the account has another
 * role than `role` by now.
 */
export async function setPassword(
  store: Store,
  account: string,
  password: string,
  mustChange: boolean,
  { role, awaiting }: { role?: Role; awaiting?: Awaiting | null } = {},
): Promise<boolean> {
  const set = await store.query(
    `update account set password = $2, must_change = $3, awaiting = coalesce($4::jsonb, awaiting)
     where name = $1 and ($5::text is null or role = $5) returning name`,
    [account, await hashPassword(password), mustChange, awaiting ?? null, role ?? null],
  );
  return set.length > 0;
}

/** No letter or digit that is taken for another when it is read aloud or copied by hand. */
const letters = 'abcdefghjkmnpqrstuvwxyz23456789';

/** Four groups of four, for example `k7wm-q2hd-x9fe-3bun`: 79 bits. */
export const oneTimePassword = (): string =>
  [4, 4, 4, 4].map((length) => Array.from({ length }, () => letters[randomInt(letters.length)]).join('')).join('-');
