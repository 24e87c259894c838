import type { Statement } from '../../platform/postgres.ts';

export interface AddressRow extends Record<string, unknown> {
  url: Buffer;
  sub_url: Buffer | null;
}

/** Sealed; opened for a test, and to write another password into them. */
export const selectAddresses = (id: string): Statement => ({
  text: 'select url, sub_url from camera where id = $1',
  values: [id],
});
