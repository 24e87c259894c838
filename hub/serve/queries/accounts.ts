import type { Awaiting } from '../../model/confirmation.ts';
import type { Statement } from '../../platform/postgres.ts';

export interface AccountRow extends Record<string, unknown> {
  name: string;
  password: string;
  locked: boolean;
  awaiting: Awaiting | null;
}

export const selectAccount = (name: string): Statement => ({
  text: 'select name, password, locked_at is not null as locked, awaiting from account where name = $1',
  values: [name],
});
