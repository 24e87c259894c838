import { demoToken } from '../../seeds/accounts.ts';
import { simulate } from '../../seeds/simulate.ts';
import { HubError } from '../model/error.ts';
import { isLoopback } from '../platform/address.ts';
import { runningHub } from '../platform/lock.ts';
import { commandSettings, readSecret, say, withBackend } from './backend.ts';

export interface SimulateFlags {
  speed: number;
  seed?: number;
  address?: string;
  tokenStdin?: boolean;
}

/** Plays the simulated working day to a running hub until it is interrupted. */
export async function simulateCommand(flags: SimulateFlags): Promise<void> {
  const address = flags.address ?? (await runningHub(commandSettings().dataDir))?.address;
  if (address === undefined)
    throw new HubError('cli.hub', 'no hub runs on DATA_DIR: start one with hallwatch up, or give --address');
  const token = flags.tokenStdin ? await readSecret('token') : await tokenFor(address);
  const ending = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => ending.abort());
  const totals = await simulate(address, token, {
    speed: flags.speed,
    signal: ending.signal,
    ...(flags.seed === undefined ? {} : { seed: flags.seed }),
    onProgress: ({ sent, accepted, duplicates, refused }) =>
      say(`sent ${sent}, accepted ${accepted}, duplicates ${duplicates}, refused ${refused}`),
  });
  console.log(JSON.stringify(totals));
}

/** The demonstration's token is known to everybody: it is made only for a hub that nobody else can reach. */
async function tokenFor(address: string): Promise<string> {
  if (!isLoopback(new URL(address).hostname.replace(/^\[|\]$/g, '')))
    throw new HubError('cli.input', `${address} is not loopback: give the token of a source with --token-stdin`);
  return withBackend(({ store }) => demoToken(store));
}
