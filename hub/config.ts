import { resolve } from 'node:path';
import { z } from 'zod';
import { HubError } from './model/error.ts';
import { isLoopback, isNetwork } from './platform/address.ts';
import type { NotifySettings, Settings } from './platform/part.ts';

export type Environment = Record<string, string | undefined>;

const roles = ['ingest', 'record', 'serve', 'stream', 'notify', 'link'] as const;
/** `link` needs a parent to talk to, so it is never on by itself. */
const usual: Settings['roles'] = ['ingest', 'record', 'serve', 'stream', 'notify'];

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

/** `{"Authorization": "…"}` as one line of the environment. */
const headerList = z.string().transform((text, context) => {
  try {
    const value: unknown = JSON.parse(text);
    const result = z
      .record(z.string().regex(/^[\w-]{1,100}$/), z.string().regex(/^[\x20-\x7e]{0,2000}$/))
      .safeParse(value);
    if (result.success && Object.keys(result.data).length <= 20) return result.data;
  } catch {
    // Not JSON: said below, without the text, which may hold a key.
  }
  context.addIssue({ code: 'custom', message: 'expected a JSON object of header names and texts' });
  return z.NEVER;
});

const listOf = (fits: (each: string) => boolean, expected: string) =>
  z
    .string()
    .transform((text) => text.split(',').map((each) => each.trim()))
    .refine((list) => list.length <= 50 && list.every(fits), { error: expected });

const gigabytes = (usual: number) =>
  z.coerce
    .number({ error: 'expected gigabytes from 0 to 1000000' })
    .min(0, 'expected gigabytes from 0 to 1000000')
    .max(1_000_000, 'expected gigabytes from 0 to 1000000')
    .default(usual)
    .transform((value) => Math.round(value * 1e9));

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
  TLS_CERT: z.string().min(1, 'expected a file').optional(),
  TLS_KEY: z.string().min(1, 'expected a file').optional(),
  HTTP_PORT: z.coerce
    .number({ error: 'expected a port from 0 to 65535' })
    .int('expected a port from 0 to 65535')
    .min(0, 'expected a port from 0 to 65535')
    .max(65_535, 'expected a port from 0 to 65535')
    .optional(),
  FFMPEG: z.string().min(1, 'expected the path of ffmpeg').default('ffmpeg'),
  PICTURE_SECONDS: z.coerce
    .number({ error: 'expected seconds from 0 (never) to 60' })
    .min(0, 'expected seconds from 0 (never) to 60')
    .max(60, 'expected seconds from 0 (never) to 60')
    .default(2),
  PUSH_PORT: z.coerce
    .number({ error: 'expected a port from 1 to 65535' })
    .int('expected a port from 1 to 65535')
    .min(1, 'expected a port from 1 to 65535')
    .max(65_535, 'expected a port from 1 to 65535')
    .optional(),
  TRANSCODINGS: z.coerce
    .number({ error: 'expected a whole number from 0 (never) to 64' })
    .int('expected a whole number from 0 (never) to 64')
    .min(0, 'expected a whole number from 0 (never) to 64')
    .max(64, 'expected a whole number from 0 (never) to 64')
    .default(4),
  ONVIF_INTERFACES: listOf(
    (each) => /^[\w.:@-]{1,40}$/.test(each),
    'expected names of network interfaces, such as eth0,eth1',
  ).optional(),
  CAMERA_NETWORKS: listOf(isNetwork, 'expected networks such as 203.0.113.0/24, or addresses').optional(),
  RECORDING_DAYS: z.coerce
    .number({ error: 'expected whole days from 1 to 3650' })
    .int('expected whole days from 1 to 3650')
    .min(1, 'expected whole days from 1 to 3650')
    .max(3650, 'expected whole days from 1 to 3650')
    .default(30),
  VIEWING_DAYS: z.coerce
    .number({ error: 'expected whole days from 90 to 3650' })
    .int('expected whole days from 90 to 3650')
    .min(90, 'expected whole days from 90 to 3650')
    .max(3650, 'expected whole days from 90 to 3650')
    .default(400),
  RECORDING_GB: gigabytes(500),
  RECORDING_FREE_GB: gigabytes(2),
  SMTP_URL: url('expected smtp://[user:password@]host:port or smtps://…', 'smtp:', 'smtps:').optional(),
  SMTP_FROM: z
    .string()
    .regex(/^[^\r\n]*@[^\r\n]+$/, 'expected a sender such as Hallwatch <hallwatch@example.cn>')
    .optional(),
  WEBHOOK_URL: url('expected http://host/path or https://host/path', 'http:', 'https:').optional(),
  WEBHOOK_SECRET: z.string().min(16, 'expected at least 16 characters (openssl rand -hex 32)').optional(),
  SMS_URL: z
    .string()
    .refine((text) => URL.canParse(text.replaceAll(/[{}]/g, '')) && /^https?:\/\//.test(text), {
      error: 'expected http://host/path or https://host/path, with {mobile} and {text} where they belong',
    })
    .optional(),
  SMS_METHOD: z.enum(['GET', 'POST'], { error: 'expected GET or POST' }).optional(),
  SMS_HEADERS: headerList.optional(),
  SMS_BODY: z.string().max(4_000, 'expected at most 4000 characters').optional(),
  SMS_CHARSET: z.enum(['utf8', 'gbk'], { error: 'expected utf8 or gbk' }).default('utf8'),
  SMS_SUCCESS: z.string().max(200, 'expected at most 200 characters').optional(),
  HALLWATCH_KEY: z
    .string()
    .regex(/^[0-9a-f]{64}$/i, 'expected 64 hexadecimal digits (openssl rand -hex 32)')
    .optional(),
};

/** Their values never stand in a message. */
const secret = new Set([
  'NATS_URL',
  'DATABASE_URL',
  'HALLWATCH_KEY',
  'SMTP_URL',
  'WEBHOOK_URL',
  'WEBHOOK_SECRET',
  'SMS_URL',
  'SMS_HEADERS',
  'SMS_BODY',
]);

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
  problems.push(...unfit(given));
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
    TLS_CERT,
    TLS_KEY,
    HTTP_PORT,
    FFMPEG,
    PICTURE_SECONDS,
    PUSH_PORT,
    TRANSCODINGS,
    RECORDING_DAYS,
    VIEWING_DAYS,
    RECORDING_GB,
    RECORDING_FREE_GB,
    ONVIF_INTERFACES,
    CAMERA_NETWORKS,
    HALLWATCH_KEY,
    ...rest
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
    pictureSeconds: PICTURE_SECONDS,
    ...(PUSH_PORT === undefined ? {} : { pushPort: PUSH_PORT }),
    transcodings: TRANSCODINGS,
    viewingDays: VIEWING_DAYS,
    recording: { days: RECORDING_DAYS, bytes: RECORDING_GB, free: RECORDING_FREE_GB },
    onvifInterfaces: ONVIF_INTERFACES ?? [],
    cameraNetworks: CAMERA_NETWORKS ?? [],
    ...(NATS_URL === undefined ? {} : { natsUrl: NATS_URL }),
    ...(DATABASE_URL === undefined ? {} : { databaseUrl: DATABASE_URL }),
    ...(PUBLIC_ORIGIN === undefined ? {} : { publicOrigin: PUBLIC_ORIGIN }),
    ...(TLS_CERT === undefined || TLS_KEY === undefined
      ? {}
      : {
          tls: {
            cert: resolve(TLS_CERT),
            key: resolve(TLS_KEY),
            ...(HTTP_PORT === undefined ? {} : { httpPort: HTTP_PORT }),
          },
        }),
    ...(HALLWATCH_KEY === undefined ? {} : { key: HALLWATCH_KEY }),
    ...notifyOf(rest),
  };
}

/** What settings need of each other. */
function unfit(given: Record<string, string>): string[] {
  const problems: string[] = [];
  if (given.TLS_CERT && !given.TLS_KEY) problems.push('TLS_KEY: expected the file with the key of TLS_CERT');
  if (given.TLS_KEY && !given.TLS_CERT) problems.push('TLS_CERT: expected the file with the certificate of TLS_KEY');
  if (given.HTTP_PORT && !given.TLS_CERT) problems.push('HTTP_PORT: expected TLS_CERT, because it leads to HTTPS');
  if (given.TLS_CERT && given.PUBLIC_ORIGIN?.startsWith('http:'))
    problems.push('PUBLIC_ORIGIN: expected https://…, because TLS_CERT is set');
  if (given.SMTP_URL && !given.SMTP_FROM) problems.push('SMTP_FROM: expected the sender that SMTP_URL sends as');
  if (given.WEBHOOK_URL && !given.WEBHOOK_SECRET)
    problems.push('WEBHOOK_SECRET: expected what WEBHOOK_URL is signed with');
  const { SMS_URL: address, SMS_BODY: body, SMS_METHOD: method } = given;
  if (address)
    for (const name of ['{mobile}', '{text}'])
      if (!address.includes(name) && !body?.includes(name))
        problems.push(`SMS_URL: expected ${name} in it or in SMS_BODY`);
  if (body && method === 'GET') problems.push('SMS_METHOD: expected POST, because SMS_BODY is set');
  for (const name of ['SMS_METHOD', 'SMS_HEADERS', 'SMS_BODY', 'SMS_SUCCESS'])
    if (given[name] && !address) problems.push(`${name}: expected SMS_URL beside it`);
  return problems;
}

type ChannelValues = Pick<
  z.infer<z.ZodObject<typeof keys>>,
  Extract<keyof typeof keys, `SMTP_${string}` | `WEBHOOK_${string}` | `SMS_${string}`>
>;

function notifyOf(values: ChannelValues): Pick<Settings, 'notify'> {
  const { SMTP_URL, SMTP_FROM, WEBHOOK_URL, WEBHOOK_SECRET, SMS_URL, SMS_METHOD, SMS_HEADERS, SMS_BODY } = values;
  const notify: NotifySettings = {
    ...(SMTP_URL === undefined ? {} : { smtp: { url: SMTP_URL, from: SMTP_FROM! } }),
    ...(WEBHOOK_SECRET === undefined
      ? {}
      : { webhook: { secret: WEBHOOK_SECRET, ...(WEBHOOK_URL === undefined ? {} : { url: WEBHOOK_URL }) } }),
    ...(SMS_URL === undefined
      ? {}
      : {
          sms: {
            url: SMS_URL,
            method: SMS_METHOD ?? (SMS_BODY === undefined ? 'GET' : 'POST'),
            headers: SMS_HEADERS ?? {},
            charset: values.SMS_CHARSET,
            ...(SMS_BODY === undefined ? {} : { body: SMS_BODY }),
            ...(values.SMS_SUCCESS === undefined ? {} : { success: values.SMS_SUCCESS }),
          },
        }),
  };
  return Object.keys(notify).length > 0 ? { notify } : {};
}

/** Demo accounts have known passwords. */
export const demoOutside = (host: string): string =>
  `DEMO: demo accounts exist only while HOST is loopback, and HOST is ${host}; unset DEMO and create the first account: hallwatch account add NAME --role administrator --region CODE`;
