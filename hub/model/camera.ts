/** What a camera's record (点位) may hold: where its pictures come from, and how. */
import { z } from 'zod';
import { identifier, reasonText, shortText } from './fields.ts';
import { recordingModes } from './recording.ts';

/**
 * `rtsp`: rtsp:// or rtsps://; `hls`: http(s)://….m3u8; `flv`: http(s)://….flv; `file`: a film that is looped, for those who run the
 * machine; `push`: an encoder brings it, by RTMP with the camera's key.
 */
export type SourceKind = 'rtsp' | 'hls' | 'flv' | 'file' | 'push';

const longestAddress = 2_000;
const expected = 'expected rtsp://, rtsps://, http(s)://….m3u8, http(s)://….flv or push:';

/** What an address leads to, or what is wrong with it; the address is not repeated, because it may hold a password. */
export function sourceOf(address: string): SourceKind | { reason: string } {
  if (address.length > longestAddress) return { reason: `expected at most ${longestAddress} characters` };
  if (/[\0-\x20\x7f]/.test(address))
    return { reason: 'the address holds spaces or control characters: write them as %20' };
  if (address === 'push:') return 'push';
  if (/^file:./.test(address)) return 'file';
  if (/^rtsps?:\/\/[^/?#]/.test(address)) return 'rtsp';
  const path = /^https?:\/\/[^/?#]+(\/[^?#]*)/.exec(address)?.[1];
  if (path !== undefined && /\.m3u8$/i.test(path)) return 'hls';
  if (path !== undefined && /\.flv$/i.test(path)) return 'flv';
  return { reason: expected };
}

/** An address as people may see it: without account, password and query. Some cameras want the password in the path. */
export function shownAddress(address: string): string {
  return address
    .replace(/^([a-z]+:\/\/)[^/?#]*@/i, '$1')
    .replace(/[?#].*$/s, '')
    .replaceAll(/((?:password|passwd|pass|pwd)=)[^/&_;]*/gi, '$1***');
}

const address = z.string().superRefine((text, context) => {
  const kind = sourceOf(text);
  if (typeof kind !== 'string') context.addIssue({ code: 'custom', message: kind.reason });
});

const fields = {
  hall: identifier,
  window: identifier.nullable(),
  name: shortText,
  nameEn: shortText.nullable(),
  /** Written, never read back. `push:` makes a key. */
  address,
  /** Of the smaller stream of the same lens. */
  subAddress: address
    .refine((text) => text !== 'push:', 'expected an address: only the main stream is pushed')
    .nullable(),
  transport: z.enum(['tcp', 'udp'], { error: 'expected tcp or udp' }),
  audio: z.boolean({ error: 'expected true or false' }),
  /** Why people at the window are heard as well; needed while `audio` is true. */
  audioReason: reasonText.nullable(),
  /** 录像: also while nobody watches (`always`), only then, or never. */
  recording: z.enum(recordingModes, {
    error: `expected ${recordingModes.slice(0, -1).join(', ')} or ${recordingModes.at(-1)}`,
  }),
};

/** A new camera. The id stands in addresses, of which RTMP takes these characters only. */
export const cameraInput = z.strictObject({
  id: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,79}$/, 'expected 1 to 80 letters, digits, - and _, the first no sign'),
  hall: fields.hall,
  window: fields.window.default(null),
  name: fields.name,
  nameEn: fields.nameEn.default(null),
  address: fields.address,
  subAddress: fields.subAddress.default(null),
  transport: fields.transport.default('tcp'),
  audio: fields.audio.default(false),
  audioReason: fields.audioReason.default(null),
  recording: fields.recording.default('watched'),
});
export type CameraInput = z.input<typeof cameraInput>;

/** What changes of a camera; null takes away what may be absent. */
export const cameraChange = z.strictObject(fields).partial();
export type CameraChange = z.infer<typeof cameraChange>;
