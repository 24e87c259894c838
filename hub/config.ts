import { resolve } from 'node:path';
import { z } from 'zod';
import { HubError } from './model/error.ts';
import { isLoopback } from './platform/address.ts';
import type { Settings } from './platform/part.ts';

export type Environment = Record<string, string | undefined>;

const roles = ['ingest', 'record', 'serve', 'stream', 'link'] as const;
/** `link` needs a parent to talk to, so it is never on by itself. */
const usual: Settings['roles'] = ['ingest', 'record', 'serve', 'stream'];

const yes = new Set(['1', 'true', 'yes', 'on']);
const no = new Set(['0', 'false', 'no', 'off']);

const url = (expected: string, ...schemes: string[]) =>
  z
    .string()
    .refine((text) => URL.canParse(text) && schemes.includes(new URL(text).protocol) && new URL(text).hostname !== '', {
      error: expected,
    });

const truth = z.string().transform((text, context) => {
  if (yes.has(text.toLowerCase())) return true;
  if (no.has(text.toLowerCase())) return false;
  context.addIssue({ code: 'custom', message: 'expected true or false' });
  return z.NEVER;
});

/** Every key with what it must be; `docker/example.env` and the readme show the same names. */
const keys = {
  HOST: z
    .string()
    .regex(/^[\w.:-]+$/, 'expected an address or a host name, such as 127.0.0.1')
    .default('127.0.0.1'),
  PORT: z.coerce
    .number({ error: 'expected a port from 0 to 65535' })
    .int('expected a port from 0 to 65535')
    .min(0, 'expected a port from 0 to 65535')
    .max(65_535, 'expected a port from 0 to 65535')
    .default(8080),
  ROLES: z
    .string()
    .transform((text, context) => {
      const list = [
        ...new Set(
          text
            .split(',')
            .map((each) => each.trim())
            .filter((each) => each !== ''),
        ),
      ];
      const bad = list.filter((each) => !(roles as readonly string[]).includes(each));
      if (bad.length > 0 || list.length === 0)
        context.addIssue({ code: 'custom', message: `expected a comma list of ${roles.join(', ')}` });
      return list as Settings['roles'];
    })
    .default(usual),
  DATA_DIR: z.string().min(1, 'expected a folder').default('.data'),
  NATS_URL: z
    .string()
    .refine(
      (text) =>
        text
          .split(',')
          .every(
            (each) =>
              URL.canParse(each) && ['nats:', 'tls:'].includes(new URL(each).protocol) && new URL(each).hostname !== '',
          ),
      { error: 'expected nats://[user:password@]host:port' },
    )
    .optional(),
  DATABASE_URL: url('expected postgres://user:password@host:port/database', 'postgres:', 'postgresql:').optional(),
  LOG_LEVEL: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'silent'], {
      error: 'expected trace, debug, info, warn, error or silent',
    })
    .default('info'),
  DEMO: truth.optional(),
  DEMO_SPEED: z.coerce
    .number({ error: 'expected a number from 0.1 to 10000' })
    .min(0.1, 'expected a number from 0.1 to 10000')
    .max(10_000, 'expected a number from 0.1 to 10000')
    .default(1),
  PUBLIC_ORIGIN: url('expected an origin such as https://hall.example.cn', 'http:', 'https:')
    .refine((text) => URL.canParse(text) && new URL(text).origin === text, {
      error: 'expected an origin without a path, such as https://hall.example.cn',
    })
    .optional(),
  FFMPEG: z.string().min(1, 'expected the path of ffmpeg').default('ffmpeg'),
  HALLWATCH_KEY: z
    .string()
    .regex(/^[0-9a-f]{64}$/i, 'expected 64 hexadecimal digits (openssl rand -hex 32)')
    .optional(),
};

/** Their values never stand in a message. */
const secret = new Set(['NATS_URL', 'DATABASE_URL', 'HALLWATCH_KEY']);

/** The names above, each also with the prefix HALLWATCH_ for an environment that is shared with other programs. */
const prefix = 'HALLWATCH_';

/**
 * The settings from an environment. Throws one `HubError('config.bad')` that names every bad value, one a line.
 * An empty value counts as none, as compose files write it.
 */
export function readSettings(environment: Environment = process.env): Settings {
  const problems: string[] = [];
  const given: Record<string, string> = {};
  for (const name of Object.keys(keys)) {
    const value = environment[name.startsWith(prefix) ? name : `${prefix}${name}`] || environment[name];
    if (value) given[name] = value;
  }
  for (const name of Object.keys(environment)) {
    if (!name.startsWith(prefix) || name in keys || name.slice(prefix.length) in keys) continue;
    problems.push(`${name}: no such setting; known are ${Object.keys(keys).join(', ')}`);
  }
  const result = z.object(keys).safeParse(given);
  for (const { path, message } of result.success ? [] : result.error.issues) {
    const name = String(path[0]);
    problems.push(`${name}${secret.has(name) ? '' : `=${JSON.stringify(given[name]?.slice(0, 100))}`}: ${message}`);
  }
  const host = given.HOST ?? '127.0.0.1';
  if (yes.has(given.DEMO?.toLowerCase() ?? '') && !isLoopback(host)) problems.push(demoOutside(host));
  if (!result.success || problems.length > 0)
    throw new HubError(
      'config.bad',
      `${problems.length} bad setting${problems.length === 1 ? '' : 's'}:\n${problems.map((each) => `  ${each}`).join('\n')}`,
    );
  const {
    HOST,
    PORT,
    ROLES,
    DATA_DIR,
    NATS_URL,
    DATABASE_URL,
    LOG_LEVEL,
    DEMO,
    DEMO_SPEED,
    PUBLIC_ORIGIN,
    FFMPEG,
    HALLWATCH_KEY,
  } = result.data;
  return {
    roles: ROLES,
    host: HOST,
    port: PORT,
    dataDir: resolve(DATA_DIR),
    logLevel: LOG_LEVEL,
    // `npm start` on a machine of one's own shows something at once; anything else asks for it.
    demo: DEMO ?? (environment.npm_lifecycle_event === 'start' && isLoopback(HOST)),
    demoSpeed: DEMO_SPEED,
    ffmpeg: FFMPEG,
    ...(NATS_URL === undefined ? {} : { natsUrl: NATS_URL }),
    ...(DATABASE_URL === undefined ? {} : { databaseUrl: DATABASE_URL }),
    ...(PUBLIC_ORIGIN === undefined ? {} : { publicOrigin: PUBLIC_ORIGIN }),
    ...(HALLWATCH_KEY === undefined ? {} : { key: HALLWATCH_KEY }),
  };
}

/** Demo accounts have known passwords. */
export const demoOutside = (host: string): string =>
  `DEMO: demo accounts exist only while HOST is loopback, and HOST is ${host}; unset DEMO and create the first account: hallwatch account add NAME --role administrator --region CODE`;
