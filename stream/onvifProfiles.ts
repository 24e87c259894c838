/** Pure: what devices say of themselves → streams. Nothing they say is taken to have any shape. */
import type { OnvifDevice, OnvifFound, OnvifStream } from '../hub/model/cameraApi.ts';

type Value = Record<string, unknown>;

/** One video profile of a device; `source` is the token of its lens. */
export interface Profile extends Omit<OnvifStream, 'address'> {
  token: string;
  source: string;
}

const LONGEST_NAME = 100;
/** Below this a picture shows nobody on a tile. */
const LEAST_WIDTH = 320;

const isValue = (value: unknown): value is Value => typeof value === 'object' && value !== null;

function at(value: unknown, ...path: string[]): unknown {
  let found = value;
  for (const name of path) found = isValue(found) && Object.hasOwn(found, name) ? found[name] : undefined;
  return found;
}

/** A number or text becomes text of one line; undefined when there is none. */
export function textOf(value: unknown): string | undefined {
  if (typeof value !== 'string' && typeof value !== 'number') return undefined;
  const text = String(value)
    .replaceAll(/[\p{Cc}\p{Cs}]+/gu, ' ')
    .trim()
    .slice(0, LONGEST_NAME);
  return text === '' ? undefined : text;
}

function numberOf(value: unknown, most: number): number | undefined {
  const number = typeof value === 'string' ? Number(value) : value;
  return typeof number === 'number' && number > 0 && number <= most ? number : undefined;
}

function codecOf(encoding: string): string {
  const plain = encoding.replaceAll(/[.\s-]/g, '').toUpperCase();
  if (plain === 'H264') return 'H.264';
  return plain === 'H265' || plain === 'HEVC' ? 'H.265' : encoding;
}

/** A profile of `GetProfiles`, of Media or Media2; undefined when it has no video, or none that a camera sends. */
export function profileOf(value: unknown): Profile | undefined {
  const encoder = at(value, 'videoEncoderConfiguration');
  const token = textOf(at(value, '$', 'token'));
  const encoding = textOf(at(encoder, 'encoding'));
  const width = numberOf(at(encoder, 'resolution', 'width'), 20_000);
  const height = numberOf(at(encoder, 'resolution', 'height'), 20_000);
  if (token === undefined || encoding === undefined || width === undefined || height === undefined) return undefined;
  const fps = numberOf(at(encoder, 'rateControl', 'frameRateLimit'), 240);
  const kbps = numberOf(at(encoder, 'rateControl', 'bitrateLimit'), 1_000_000);
  // Media2 has it as an attribute, Media below the codec.
  const pictures =
    numberOf(at(encoder, '$', 'GovLength'), 10_000) ??
    numberOf(at(encoder, encoding.replace(/^h/, 'H'), 'govLength'), 10_000);
  return {
    token,
    name: textOf(at(value, 'name')) ?? token,
    source: textOf(at(value, 'videoSourceConfiguration', 'sourceToken')) ?? '',
    codec: codecOf(encoding),
    width,
    height,
    ...(fps === undefined ? {} : { fps }),
    ...(kbps === undefined ? {} : { kbps }),
    ...(fps === undefined || pictures === undefined ? {} : { keySeconds: Math.round((pictures / fps) * 10) / 10 }),
  };
}

/**
 * The address of a stream at the host that was asked, whatever host the device names: many name one of another network. Without
 * credentials, even where the device put its own there; undefined when it is no RTSP address.
 */
export function addressOf(uri: unknown, host: string): string | undefined {
  if (typeof uri !== 'string' || uri.length > 1_000 || !/^rtsps?:\/\/[^/]/.test(uri) || !URL.canParse(uri))
    return undefined;
  const { protocol, port, pathname, search } = new URL(uri);
  const there = `${protocol}//${host.includes(':') ? `[${host}]` : host}${port === '' ? '' : `:${port}`}${pathname}${search}`;
  return /[\0-\x20\x7f]/.test(there) ? undefined : there;
}

const pixels = ({ width, height }: { width: number; height: number }): number => width * height;
/** Motion JPEG is no stream that can be copied into fragments. */
const isCopied = ({ codec }: { codec: string }): boolean => codec === 'H.264' || codec === 'H.265';

/** Of each lens the largest stream is the main one, and the smallest of the others that still shows somebody its sub-stream. */
export function channelsOf(streams: readonly (OnvifStream & { source: string })[]): OnvifDevice['channels'] {
  const lenses = new Map<string, (OnvifStream & { source: string })[]>();
  for (const each of streams.filter(isCopied)) lenses.set(each.source, [...(lenses.get(each.source) ?? []), each]);
  return [...lenses.values()].map((list) => {
    const sorted = list.map(({ source: _, ...stream }) => stream).sort((a, b) => pixels(b) - pixels(a));
    const [main, ...others] = sorted;
    // Every browser plays H.264: of two of one size that one.
    const best = sorted.find((each) => pixels(each) === pixels(main!) && each.codec === 'H.264') ?? main!;
    const smaller = others.filter((each) => pixels(each) < pixels(best));
    const sub = smaller.filter((each) => each.width >= LEAST_WIDTH).at(-1) ?? smaller[0];
    return { main: best, ...(sub ? { sub } : {}) };
  });
}

/** What a ProbeMatch says: its first HTTP address, rather the one that it answered from. */
export function foundOf(match: unknown, from: string): OnvifFound | undefined {
  const texts = at(match, 'XAddrs');
  const addresses = (typeof texts === 'string' ? texts.slice(0, 4_000) : '')
    .split(/\s+/)
    .filter((text) => URL.canParse(text))
    .map((text) => new URL(text))
    .filter(({ protocol, hostname }) => protocol === 'http:' && hostname !== '');
  const address = addresses.find(({ hostname }) => hostname === from) ?? addresses[0];
  if (!address) return undefined;
  const scopes = at(match, 'scopes');
  const said = typeof scopes === 'string' ? scopes : textOf(at(scopes, '_'));
  const scope = (name: string): string | undefined => {
    const text = new RegExp(`onvif://www\\.onvif\\.org/${name}/(\\S{1,300})`, 'i').exec(
      said?.slice(0, 8_000) ?? '',
    )?.[1];
    return textOf(text === undefined ? undefined : decode(text));
  };
  const [name, hardware, location] = [scope('name'), scope('hardware'), scope('location')];
  return {
    host: address.hostname.replaceAll(/[[\]]/g, ''),
    port: address.port === '' ? 80 : Number(address.port),
    path: address.pathname.slice(0, 200),
    ...(name === undefined ? {} : { name }),
    ...(hardware === undefined ? {} : { hardware }),
    ...(location === undefined ? {} : { location }),
  };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
