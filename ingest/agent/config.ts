/** agent.yaml. Reference with comments: README.md of this folder. */
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import { HubError } from '../../hub/model/error.ts';
import { regionCode } from '../../hub/model/fields.ts';
import { isLoopback } from '../../hub/platform/address.ts';
import { readAnyMapping } from '../mapping.ts';

const units = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 } as const;
const size = (least: number, most: number) =>
  z
    .union([z.number(), z.string().regex(/^\d+ ?(B|KiB|MiB|GiB)$/, 'expected bytes, such as 64 MiB')], {
      error: 'expected bytes, such as 64 MiB',
    })
    .transform((value) => {
      if (typeof value === 'number') return value;
      const [, count, unit] = /^(\d+) ?(\w+)$/.exec(value) ?? [];
      return Number(count) * units[unit as keyof typeof units];
    })
    .refine((bytes) => Number.isInteger(bytes) && bytes >= least && bytes <= most, {
      error: `expected ${least} to ${most} bytes`,
    });
const seconds = (least: number, most: number) =>
  z
    .number({ error: `expected seconds from ${least} to ${most}` })
    .min(least, `expected seconds from ${least} to ${most}`)
    .max(most, `expected seconds from ${least} to ${most}`);
const count = (least: number, most: number) => {
  const error = `expected a whole number from ${least} to ${most}`;
  return z.int({ error }).min(least, error).max(most, error);
};
const path = z.string({ error: 'expected a path' }).min(1, 'expected a path').max(1_000);
const folder = z.discriminatedUnion(
  'format',
  [
    z.strictObject({
      path,
      format: z.enum(['csv', 'xlsx', 'xes', 'messages']),
      mapping: path,
      region: regionCode.optional(),
      settleSeconds: seconds(0.1, 3_600).default(5),
      keepDone: count(0, 100_000).default(1_000),
    }),
    z.strictObject({
      path,
      format: z.literal('ndjson'),
      settleSeconds: seconds(0.1, 3_600).default(5),
      keepDone: count(0, 100_000).default(1_000),
    }),
  ],
  { error: 'expected format: csv, xlsx, xes, messages or ndjson' },
);

const shape = z
  .strictObject({
    hub: z.strictObject({
      address: z
        .string({ error: 'expected https://host[:port]' })
        .refine((text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol) && !new URL(text).username, {
          error: 'expected https://host[:port]',
        }),
      tokenFile: path,
      keyFile: path.optional(),
      certificates: path.optional(),
      allowPlain: z.boolean().default(false),
      timeoutSeconds: seconds(1, 600).default(60),
    }),
    spool: z.strictObject({
      folder: path,
      bytes: size(256 * 2 ** 10, 2 ** 40).default(2 * 2 ** 30),
      segmentBytes: size(64 * 2 ** 10, 256 * 2 ** 20).default(16 * 2 ** 20),
    }),
    listen: z
      .string({ error: 'expected 127.0.0.1:port' })
      .refine((text) => listenOf(text) !== undefined, {
        error: 'expected loopback and a port, such as 127.0.0.1:8087: the door has no password',
      })
      .default('127.0.0.1:8087'),
    folders: z.array(folder).max(50).default([]),
    batch: z
      .strictObject({ events: count(1, 1_000).default(500), bytes: size(1_024, 8 * 2 ** 20).default(2 ** 20) })
      .prefault({}),
    retry: z
      .strictObject({ minSeconds: seconds(0.05, 600).default(1), maxSeconds: seconds(0.05, 3_600).default(300) })
      .prefault({}),
    logLevel: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info'),
  })
  .check(({ value, issues }) => {
    const issue = (path: string[], message: string): void =>
      void issues.push({ code: 'custom', path, message, input: value });
    const url = new URL(value.hub.address);
    if (url.protocol === 'http:' && !value.hub.allowPlain && !isLoopback(bare(url.hostname)))
      issue(['hub', 'address'], 'expected https: the token would travel in the clear; or set hub.allowPlain: true');
    if (value.spool.bytes < 4 * value.spool.segmentBytes)
      issue(['spool', 'segmentBytes'], 'expected at most a quarter of spool.bytes');
    if (value.retry.maxSeconds < value.retry.minSeconds)
      issue(['retry', 'maxSeconds'], 'expected at least retry.minSeconds');
  });

export type AgentConfig = z.infer<typeof shape>;
type ConfigRead = { ok: true; config: AgentConfig } | { ok: false; errors: string[] };

const bare = (host: string): string => host.replace(/^\[|\]$/g, '');

export function listenOf(text: string): { host: string; port: number } | undefined {
  const [, host = '', port = ''] = /^(\[[0-9a-f:]+\]|[\w.-]+):(\d{1,5})$/i.exec(text) ?? [];
  return isLoopback(bare(host)) && Number(port) < 65_536 ? { host: bare(host), port: Number(port) } : undefined;
}

/** Every error names `file:line: path: what was expected`; at most twenty of them. Relative paths begin at the file's folder. */
export function readConfig(text: string, file: string): ConfigRead {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const lineOf = (path: readonly PropertyKey[]): number => {
    for (let length = path.length; length > 0; length -= 1) {
      const node = document.getIn(path.slice(0, length), true) as
        { range?: [number, number, number] | null } | undefined;
      if (node && typeof node === 'object' && node.range) return lines.linePos(node.range[0]).line;
    }
    return 1;
  };
  if (document.errors.length > 0)
    return {
      ok: false,
      errors: document.errors
        .slice(0, 20)
        .map((error) => `${file}:${lines.linePos(error.pos[0]).line}: ${error.message}`),
    };
  let plain: unknown;
  try {
    plain = document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    return { ok: false, errors: [`${file}:1: ${error instanceof Error ? error.message : 'cannot be read'}`] };
  }
  const result = shape.safeParse(plain ?? {});
  if (!result.success)
    return {
      ok: false,
      errors: result.error.issues.slice(0, 20).map((issue) => {
        const unknown = issue.code === 'unrecognized_keys';
        const path = unknown ? [...issue.path, issue.keys[0] ?? ''] : issue.path;
        const message = unknown ? 'unknown key' : issue.message.replace(/^Invalid (input|option): ?/, '');
        return `${file}:${lineOf(path)}: ${path.map(String).join('.')}: ${message}`;
      }),
    };
  const config = result.data;
  const here = (path: string): string => resolve(dirname(file), path);
  config.hub.tokenFile = here(config.hub.tokenFile);
  if (config.hub.keyFile !== undefined) config.hub.keyFile = here(config.hub.keyFile);
  if (config.hub.certificates !== undefined) config.hub.certificates = here(config.hub.certificates);
  config.spool.folder = here(config.spool.folder);
  for (const each of config.folders) {
    each.path = here(each.path);
    if (each.format !== 'ndjson') each.mapping = here(each.mapping);
  }
  return { ok: true, config };
}

/** Throws `HubError('agent.config')` that lists every mistake, also those in the mappings. */
export async function loadConfig(file: string): Promise<AgentConfig> {
  const read = readConfig(await readText(file), file);
  if (!read.ok) throw new HubError('agent.config', read.errors.join('\n'));
  const errors: string[] = [];
  for (const each of read.config.folders) {
    if (each.format === 'ndjson') continue;
    const mapping = readAnyMapping(await readText(each.mapping), each.mapping);
    if (!mapping.ok) errors.push(...mapping.errors);
    else if (each.format === 'messages' && !('dialect' in mapping.mapping))
      errors.push(`${each.mapping}:1: dialect: missing; expected the mapping of a dialect for format: messages`);
    else if (mapping.mapping.region === undefined && each.region === undefined)
      errors.push(`${each.mapping}:1: region: missing; give it here or in ${file}`);
  }
  if (errors.length > 0) throw new HubError('agent.config', errors.join('\n'));
  return read.config;
}

async function readText(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new HubError('agent.config', `${file}: cannot be read (${error.code ?? 'unknown'})`, { cause: error });
  });
}
