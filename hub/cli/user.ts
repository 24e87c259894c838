/** Who sits at this machine: the ledger names its user where nobody has signed in. */
import { userInfo } from 'node:os';
import { identifier } from '../model/fields.ts';

export const machineUser = (): string => `cli:${user()}`;

/** The user of this machine; one without a name by number. */
function user(): string {
  try {
    const { username } = userInfo();
    if (identifier.max(70).safeParse(username).success) return username;
  } catch {
    // Containers run as users that no file knows.
  }
  return `user-${process.getuid?.() ?? 'unknown'}`;
}
