import { HubError } from '../../hub/model/error.ts';

export type Codec = 'h264' | 'h265';

/** The picture track that a camera describes (RFC 4566, 6184, 7798). */
export interface Described {
  codec: Codec;
  payloadType: number;
  /** Ticks a second of its timestamps. */
  clockRate: number;
  /** What SETUP names. */
  uri: string;
  /** What PLAY and TEARDOWN name. */
  base: string;
  /** Parameter sets (VPS, SPS, PPS) that it tells beforehand. */
  sets: Buffer[];
}

const MOST_SETS = 32;

/** The camera sends what the hub does not carry itself; ffmpeg may. */
export const unfit = (message: string): HubError => new HubError('camera.unfit', message);

/** As cameras and all their clients do: put behind one another, not resolved, because queries stand in the middle. */
function joined(base: string, control: string | undefined): string {
  if (control === undefined || control === '' || control === '*') return base;
  if (/^rtsps?:\/\//i.test(control)) return control;
  return `${base}${base.endsWith('/') || control.startsWith('/') ? '' : '/'}${control}`;
}

const attribute = (lines: readonly string[], name: string): string | undefined =>
  lines.find((line) => line.startsWith(`a=${name}:`))?.slice(name.length + 3);

function setsOf(format: string): Buffer[] {
  const sets: Buffer[] = [];
  for (const name of ['sprop-vps', 'sprop-sps', 'sprop-pps', 'sprop-parameter-sets']) {
    const value = new RegExp(`(?:^|[;\\s])${name}\\s*=\\s*([^;\\s]+)`, 'i').exec(format)?.[1];
    for (const each of value?.split(',') ?? []) {
      const bytes = Buffer.from(each, 'base64');
      if (bytes.length > 2 && sets.length < MOST_SETS) sets.push(bytes);
    }
  }
  return sets;
}

/**
 * The first picture track of a session description. `base` is the address it was asked at. Throws `HubError('camera.rtsp')` when there
 * is none, `camera.unfit` when it is of another kind than H.264 and H.265 or sent in another order than it is shown in.
 */
export function readDescription(text: string, base: string): Described {
  const lines = text.split(/\r\n|\r|\n/);
  const starts = lines.flatMap((line, index) => (line.startsWith('m=') ? [index] : []));
  const from = starts.find((index) => lines[index]!.startsWith('m=video '));
  if (from === undefined) throw new HubError('camera.rtsp', 'the camera describes no picture');
  const session = lines.slice(0, starts[0]);
  const media = lines.slice(
    from,
    starts.find((index) => index > from),
  );
  const payloadType = Number(media[0]!.split(/\s+/)[3]);
  const ofType = (name: string): string =>
    media.find((line) => line.startsWith(`a=${name}:${payloadType} `))?.slice(`a=${name}:${payloadType} `.length) ?? '';
  const [, encoding, rate] = /^([A-Za-z0-9-]+)\/(\d+)/.exec(ofType('rtpmap').trim()) ?? [];
  const codec = { H264: 'h264', H265: 'h265', HEVC: 'h265' }[encoding?.toUpperCase() ?? ''] as Codec | undefined;
  const clockRate = Number(rate);
  if (!codec) throw unfit('the camera sends neither H.264 nor H.265');
  if (!(payloadType >= 0 && payloadType < 128) || !(clockRate >= 1000 && clockRate <= 1_000_000_000))
    throw new HubError('camera.rtsp', 'the camera describes its picture wrongly');
  const format = ofType('fmtp');
  if (/packetization-mode\s*=\s*2/i.test(format) || /sprop-max-don-diff\s*=\s*[1-9]/i.test(format))
    throw unfit('the camera sends its packets out of order');
  const whole = joined(base, attribute(session, 'control'));
  const uri = joined(whole, attribute(media, 'control'));
  return { codec, payloadType, clockRate, uri, base: whole, sets: setsOf(format) };
}
