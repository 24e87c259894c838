import { hash, verify } from '@node-rs/argon2';
import { longestPassword } from '../model/administrationPassword.ts';
import { HubError } from '../model/error.ts';

/** argon2id (the package's default algorithm), 64 MiB and 3 passes. */
const cost = { memoryCost: 65_536, timeCost: 3, parallelism: 1 };

/** Each check holds 64 MiB: so many at a time, so many waiting; more is refused with `password.busy`. */
const atOnce = 3;
const waitingAtMost = 64;

let running = 0;
const waiting: (() => void)[] = [];

/** The PHC text (`$argon2id$…`) to be stored. */
export function hashPassword(password: string): Promise<string> {
  return inTurn(() => hash(password.normalize('NFC'), cost));
}

let decoy: Promise<string> | undefined;

/**
 * Whether the password belongs to the stored text. An unknown account (`stored` undefined) costs the same work and is
 * always false, so that the time of the answer does not tell which accounts exist. Throws `HubError('password.busy')`.
 */
export async function checkPassword(password: string, stored: string | undefined): Promise<boolean> {
  if (password.length > longestPassword) return false;
  decoy ??= hashPassword('nobody has this password');
  const against = stored ?? (await decoy);
  const same = await inTurn(() => verify(against, password.normalize('NFC')).catch(() => false));
  return same && stored !== undefined;
}

async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  if (running >= atOnce) {
    if (waiting.length >= waitingAtMost) throw new HubError('password.busy', 'too many sign-ins at once');
    // Whoever ends hands its place on, so `running` stays as it is.
    await new Promise<void>((resolve) => waiting.push(resolve));
  } else running += 1;
  try {
    return await work();
  } finally {
    const next = waiting.shift();
    if (next) next();
    else running -= 1;
  }
}
