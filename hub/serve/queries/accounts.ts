import type { Statement } from '../../platform/postgres.ts';

export interface AccountRow extends Record<string, unknown> {
  name: string;
  password: string;
}

export const selectAccount = (name: string): Statement => ({
  text: 'select name, password from account where name = $1',
  values: [name],
});
