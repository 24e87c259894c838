/** Accounts and sources: who may sign in, and whose events the door takes. */
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { identifier, regionCode, shortText } from '../model/fields.ts';
import { HubError } from '../model/error.ts';
import { passwordFault, passwordReason } from '../model/administrationPassword.ts';
import { roles, type Role } from '../model/rights.ts';
import { supervisorOf } from '../model/world.ts';
import { sessionEnded, sessions } from '../platform/access.ts';
import { insertAccount } from '../platform/accounts.ts';
import { readSecret, say, withBackend, type Ground } from './backend.ts';
import { table } from './table.ts';
import { machineUser } from './user.ts';

export interface AccountFlags {
  role: string;
  region: string;
  hall?: string;
  organ?: string;
  department?: string;
  display?: string;
  passwordStdin?: boolean;
}

export async function addAccount(name: string, flags: AccountFlags): Promise<void> {
  check(identifier.safeParse(name), 'NAME');
  check(regionCode.safeParse(flags.region), '--region');
  check(shortText.safeParse(flags.display ?? name), '--display');
  if (!(roles as readonly string[]).includes(flags.role))
    throw new HubError('cli.input', `--role: expected one of ${roles.join(', ')}`);
  if (flags.role === 'hallManager' && flags.hall === undefined)
    throw new HubError('cli.input', '--hall: a hall manager needs a hall');
  if (flags.role === 'postUser' && flags.department === undefined)
    throw new HubError('cli.input', '--department: a post user enters the cases of one department');
  if (!flags.passwordStdin)
    throw new HubError(
      'cli.input',
      'give --password-stdin and the password on standard input: a command line can be read by every user of the machine',
    );
  const password = await readSecret('password');
  const fault = passwordFault(password, name);
  if (fault !== undefined) throw new HubError('cli.input', `the password: ${passwordReason(fault)}`);
  await withBackend(async (ground) => {
    checkRegion(ground, flags.region);
    const { halls, organs, departments } = ground.world();
    if (flags.hall !== undefined && !halls.has(flags.hall))
      throw new HubError('cli.input', `--hall: unknown hall ${flags.hall}`);
    if (flags.organ !== undefined && !organs.has(flags.organ))
      throw new HubError('cli.input', `--organ: unknown organ ${flags.organ}`);
    if (flags.department !== undefined && !departments.has(flags.department))
      throw new HubError('cli.input', `--department: unknown department ${flags.department}`);
    const isLine = organs.get(flags.organ ?? '')?.departments !== undefined;
    if (flags.role === 'lineInspector' && !isLine)
      throw new HubError('cli.input', '--organ: a line inspector needs the supervision body of a department');
    if (flags.role !== 'lineInspector' && isLine)
      throw new HubError('cli.input', '--organ: the supervision body of a department has line inspectors only');
    // An inspector without an organ has no duties: the region's own organ is meant.
    const organ = flags.organ ?? (flags.role === 'inspector' ? supervisorOf({ organs }, flags.region)?.id : undefined);
    const grant = {
      ...{ role: flags.role as Role, region: flags.region, hall: flags.hall ?? null },
      ...{ organ: organ ?? null, department: flags.department ?? null },
    };
    const there = await ground.store.query('select name from account where name = $1', [name]);
    const title = flags.display ?? name;
    if (there.length === 0) await note(ground, { ...grant, account: name, title, act: 'added' });
    const isAdded =
      there.length === 0 &&
      (await insertAccount(
        ground.store,
        { ...grant, account: name, name: title, password, mustChange: false, awaiting: null },
        Date.now(),
      ));
    if (!isAdded) throw new HubError('cli.input', `an account ${name} is there already; remove it first`);
    say(`account ${name} added: ${flags.role} of ${flags.region}`);
  }, recorded);
}

/** The first accounts of an installation have nobody to confirm them (三员分立, SC-29): the ledger names the command line instead. */
const recorded = { record: true };
interface Noted {
  account: string;
  title: string;
  act: 'added' | 'removed';
  role: Role;
  region: string;
  hall: string | null;
  organ: string | null;
  department: string | null;
}
async function note(ground: Ground, { account, title, act, ...grant }: Noted): Promise<void> {
  const values = Object.fromEntries(Object.entries(grant).filter(([, value]) => value !== null)) as Record<
    string,
    string
  >;
  const by = machineUser();
  const verdict = await ground.bus.command({
    ...{ kind: 'account.changed', id: randomUUID(), region: grant.region, source: 'cli', occurredAt: Date.now() },
    ...{ account: by, name: by, subject: account, title, act },
    ...(act === 'added' ? { before: {}, after: values } : { before: values, after: {} }),
  });
  if (!verdict.ok) throw new HubError('cli.input', `${verdict.field}: ${verdict.reason}`);
}

export async function removeAccount(name: string): Promise<void> {
  await withBackend(async (ground) => {
    const [there] = await ground.store.query<Omit<Noted, 'act'>>(
      'select name as account, display as title, role, region, hall, organ, department from account where name = $1',
      [name],
    );
    if (!there) throw new HubError('cli.input', `no account ${name}`);
    await note(ground, { ...there, act: 'removed' });
    const ended = await sessions(ground.store).endAll(name);
    await ground.store.query('delete from account where name = $1', [name]);
    // What it has open in the running hub is closed at once.
    for (const session of ended) ground.bus.connection.publish(sessionEnded, session);
    say(`account ${name} and its sessions removed`);
  }, recorded);
}

export async function listAccounts(json: boolean): Promise<void> {
  await withBackend(async ({ store }) => {
    const rows = await store.query(
      'select name, display, role, region, hall, organ, department, demo from account order by name limit 10000',
    );
    print(rows, json);
  });
}

export async function addSource(id: string, flags: { region: string; name?: string }): Promise<void> {
  check(identifier.safeParse(id), 'ID');
  check(regionCode.safeParse(flags.region), '--region');
  check(shortText.safeParse(flags.name ?? id), '--name');
  await withBackend(async (ground) => {
    checkRegion(ground, flags.region);
    const token = `hw_${randomBytes(32).toString('base64url')}`;
    const added = await ground.store.query(
      'insert into source (id, name, token_hash, region, demo, created_at) values ($1, $2, $3, $4, false, $5) on conflict (id) do nothing returning id',
      [id, flags.name ?? id, createHash('sha256').update(token).digest(), flags.region, Date.now()],
    );
    if (added.length === 0) throw new HubError('cli.input', `a source ${id} is there already; remove it first`);
    say(`source ${id} added for ${flags.region} and below. Its token is shown this once:`);
    console.log(token);
  });
}

/** A source that signs: what it sends without a good signature is refused from now on. `off` takes it back. */
export async function signSource(id: string, flags: { off?: boolean }): Promise<void> {
  await withBackend(async ({ store, seal }) => {
    const key = randomBytes(32).toString('hex');
    const changed = await store.query('update source set signing_key = $2 where id = $1 returning id', [
      id,
      flags.off ? null : seal.seal(key),
    ]);
    if (changed.length === 0) throw new HubError('cli.input', `no source ${id}`);
    if (flags.off) return say(`source ${id} need not sign any more`);
    say(`source ${id} must sign. Its key is shown this once; it belongs into the agent's hub.keyFile:`);
    console.log(key);
  });
}

export async function removeSource(id: string): Promise<void> {
  await withBackend(async ({ store }) => {
    const removed = await store.query('delete from source where id = $1 returning id', [id]);
    if (removed.length === 0) throw new HubError('cli.input', `no source ${id}`);
    say(`source ${id} removed: its token opens nothing any more`);
  });
}

export async function listSources(json: boolean): Promise<void> {
  await withBackend(async ({ store }) =>
    print(
      await store.query(
        'select id, name, region, signing_key is not null as signs, demo from source order by id limit 10000',
      ),
      json,
    ),
  );
}

function check(
  result: { success: boolean; error?: { issues: { message: string }[] } | undefined },
  what: string,
): void {
  if (!result.success) throw new HubError('cli.input', `${what}: ${result.error?.issues[0]?.message ?? 'not valid'}`);
}

function checkRegion(ground: Ground, region: string): void {
  const { regions } = ground.world();
  if (regions.has(region)) return;
  throw new HubError(
    'cli.input',
    regions.size === 0
      ? 'the store has no regions yet: run hallwatch seed first'
      : `--region: unknown region ${region}`,
  );
}

function print(rows: Record<string, unknown>[], json: boolean): void {
  if (json) console.log(JSON.stringify(rows));
  else if (rows.length > 0)
    console.log(
      table([
        Object.keys(rows[0]!),
        ...rows.map((row) => Object.values(row).map((value) => (value === null ? '' : String(value)))),
      ]),
    );
}
