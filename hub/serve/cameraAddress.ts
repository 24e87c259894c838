import { isIP } from 'node:net';
import { z } from 'zod';
import { sourceOf } from '../model/camera.ts';
import { HubError } from '../model/error.ts';
import type { Context } from '../platform/part.ts';
import { all } from './gate.ts';
import { Refusal } from './problem.ts';
import { selectAddresses, type AddressRow } from './queries/cameras.ts';

/** An account as forms say it, beside the addresses. */
export const account = {
  // Devices get it inside XML and URLs.
  user: z
    .string()
    .max(100)
    .regex(/^[^\p{Cc}<>&"]*$/u, 'expected a user name without < > & "')
    .optional(),
  password: z
    .string()
    .max(200)
    .regex(/^\P{Cc}*$/u, 'expected text without control characters')
    .optional(),
};

/** The addresses that are given, with the account in them; who runs the machine alone may name files of it. */
export function addressesOf(
  { address, subAddress }: { address?: string | undefined; subAddress?: string | null | undefined },
  user: string | undefined,
  password: string | undefined,
  mayReach: (address: string) => boolean,
): { address?: string; subAddress?: string | null } | Refusal {
  const made: { address?: string; subAddress?: string | null } = {};
  for (const [field, text] of [
    ['address', address],
    ['subAddress', subAddress],
  ] as const) {
    if (text === undefined) continue;
    if (text === null) {
      made.subAddress = null;
      continue;
    }
    const kind = sourceOf(text.trim());
    if (typeof kind !== 'string') return faulty({ field, reason: kind.reason });
    if (kind === 'file') return faulty({ field, reason: 'files are named on the command line only' });
    // A name is looked up where the camera is: the stream part asks nobody outside either.
    const host =
      kind === 'push' || !URL.canParse(text.trim()) ? '' : new URL(text.trim()).hostname.replaceAll(/[[\]]/g, '');
    if (isIP(host) !== 0 && !mayReach(host))
      return faulty({ field, reason: 'the address is not in a private network (CAMERA_NETWORKS names others)' });
    made[field] = kind === 'push' ? 'push:' : withAccount(text.trim(), user, password);
  }
  return made;
}

export const faulty = ({ field, reason }: { field: string; reason: string }): Refusal =>
  new Refusal(400, { field, reason });

/** An address with this account in it; one that is given in neither stays as it is. Written by hand: `URL` would change the path. */
export function withAccount(address: string, user: string | undefined, password: string | undefined): string {
  if (!user && !password) return address;
  const parts = /^([a-z]+:\/\/)(?:([^/?#]*)@)?(.*)$/is.exec(address);
  if (!parts) return address;
  const [, scheme, before = '', rest] = parts;
  const known = before.split(':')[0]!;
  const name = user ? encodeURIComponent(user) : known;
  return `${scheme}${name}${password ? `:${encodeURIComponent(password)}` : ''}@${rest}`;
}

/** The user name in an address; undefined when there is none. */
export function userIn(address: string): string | undefined {
  const name = /^[a-z]+:\/\/([^/?#:@]*)(?::[^/?#]*)?@/i.exec(address)?.[1];
  return name && decodeURIComponent(name);
}

/** The saved addresses, to be used and never to be answered. */
export async function addressesThere(
  { store, seal }: Pick<Context, 'store' | 'seal'>,
  id: string,
): Promise<{ address: string; subAddress?: string }> {
  const [row] = await all<AddressRow>(store, selectAddresses(id));
  if (!row) throw new HubError('camera.gone', 'the camera was removed meanwhile');
  return { address: seal.open(row.url), ...(row.sub_url ? { subAddress: seal.open(row.sub_url) } : {}) };
}
