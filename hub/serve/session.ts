import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { longestPassword } from '../model/administrationPassword.ts';
import type { Me } from '../model/api.ts';
import { awaitingState } from '../model/confirmation.ts';
import { may, permissions, type Identity } from '../model/rights.ts';
import type { World } from '../model/world.ts';
import { networkOf } from '../platform/address.ts';
import { cookieName, sessionEnded, tokenOf, type Sessions } from '../platform/access.ts';
import type { Context } from '../platform/part.ts';
import { checkPassword } from '../platform/password.ts';
import { answer, one } from './gate.ts';
import { Limiter } from './limiter.ts';
import { read, Refusal, unsigned } from './problem.ts';
import { selectAccount, type AccountRow } from './queries/accounts.ts';
import type { Sockets } from './sockets.ts';

const signInBody = z.strictObject({
  account: z.string().min(1).max(80),
  password: z.string().min(1).max(longestPassword),
});

/** An office shares an address, so it may try more often than one account may be tried from it. */
const triesOfAddress = { burst: 60, refillMs: 1_000 };
const triesOfAccount = { burst: 10, refillMs: 30_000 };

/** Why an account opens nothing although its password is right (三员分立). */
const shutReasons = {
  asked: 'the account awaits confirmation by an overseer',
  refused: 'an overseer refused the request for this account',
  lapsed: 'nobody confirmed this account in time',
} as const;

/** Sign-in, sign-out and who am I; `live.end` is told of a session that its owner closed. */
export function sessionRoutes(
  app: FastifyInstance,
  context: Context,
  sessions: Sessions,
  live: Pick<Sockets, 'position' | 'end'>,
): void {
  const { store, world, settings, log } = context;
  const addresses = new Limiter(triesOfAddress.burst, triesOfAddress.refillMs);
  const accounts = new Limiter(triesOfAccount.burst, triesOfAccount.refillMs);

  const cookie = (value: string, isSecure: boolean, seconds: number): string =>
    `${cookieName}=${value}; Path=/; HttpOnly; SameSite=Lax; Max-Age=${seconds}${isSecure ? '; Secure' : ''}`;
  const isSecure = (protocol: string): boolean =>
    protocol === 'https' || (settings.publicOrigin?.startsWith('https:') ?? false);

  app.post('/session', async (request, reply) => {
    const input = read(signInBody, request.body);
    if (input instanceof Refusal) return answer(reply, input);
    const now = Date.now();
    // Account and address together: somebody far away cannot lock an inspector out by failing in his name.
    const network = networkOf(request.ip);
    const pair = `${input.account} ${network}`;
    const wait = Math.max(addresses.take(network, now), accounts.take(pair, now));
    if (wait > 0)
      return answer(reply, new Refusal(429, { reason: 'too many tries: wait a moment' }, Math.ceil(wait / 1000)));
    const row = await one<AccountRow>(store, selectAccount(input.account));
    if (!(await checkPassword(input.password, row?.password))) {
      log.debug({ account: input.account, address: request.ip }, 'sign-in refused');
      return answer(reply, new Refusal(401, { reason: 'account or password is wrong' }));
    }
    // Only who knows the password hears that it is locked.
    if (row?.locked) return answer(reply, new Refusal(403, { field: 'account', reason: 'the account is locked' }));
    if (row?.awaiting)
      return answer(
        reply,
        new Refusal(403, { field: 'account', reason: shutReasons[awaitingState(row.awaiting, now)] }),
      );
    accounts.clear(pair);
    const { token, expiresAt } = await sessions.create(input.account);
    const who = await sessions.identify({ headers: { cookie: `${cookieName}=${token}` } });
    if (!who) return answer(reply, unsigned);
    void reply.header('set-cookie', cookie(token, isSecure(request.protocol), Math.floor((expiresAt - now) / 1000)));
    return answer(reply, meOf(world(), who, live.position()));
  });

  app.delete('/session', async (request, reply) => {
    const token = tokenOf(request.headers.cookie);
    const who = await sessions.identify(request);
    if (!who || token === undefined) return answer(reply, unsigned);
    await sessions.end(token);
    live.end(who.session);
    context.bus.connection.publish(sessionEnded, who.session);
    return reply
      .code(204)
      .header('set-cookie', cookie('', isSecure(request.protocol), 0))
      .send();
  });

  app.get('/session', async (request, reply) => {
    const who = await sessions.identify(request);
    return answer(reply, who ? meOf(world(), who, live.position()) : unsigned);
  });
}

function meOf(world: World, who: Identity, position: number): Me {
  const region = world.regions.get(who.region);
  const hall = who.hall === undefined ? undefined : world.halls.get(who.hall);
  const organ = who.organ === undefined ? undefined : world.organs.get(who.organ);
  const department = who.department === undefined ? undefined : world.departments.get(who.department);
  const named = ({ name, nameEn }: { name: string; nameEn?: string }) => ({
    name,
    ...(nameEn === undefined ? {} : { nameEn }),
  });
  return {
    account: who.account,
    name: who.name,
    role: who.role,
    ...(who.mustChange ? { mustChange: who.mustChange } : {}),
    permissions: permissions.filter((each) => may(who, each)),
    position,
    region: {
      code: who.region,
      ...(region ? named(region) : { name: who.region }),
      level: region?.level ?? 'county',
      demo: region?.demo ?? false,
    },
    ...(hall ? { hall: { id: hall.id, ...named(hall) } } : {}),
    ...(organ ? { organ: { id: organ.id, ...named(organ) } } : {}),
    ...(department ? { department: { id: department.id, ...named(department) } } : {}),
  };
}
