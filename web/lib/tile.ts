import type { WindowDetail } from '../../hub/model/api.ts';
import type { CameraStatus } from '../../hub/model/state.ts';
import type { Quality } from '../../hub/model/video.ts';
import type { Mode } from './buffer.ts';

/** What a tile may say about its picture. Only `playing` is a live picture; everything else is covered by words. */
export type Playing =
  | { state: 'starting' }
  | { state: 'playing'; delay: number | undefined }
  /** `since`: server time at which the picture last moved; `date`: what time of the counter it shows. */
  | { state: 'stalled'; since: number; date: number | undefined }
  | { state: 'reconnecting'; attempt: number }
  | { state: 'paused' }
  | { state: 'idle' }
  | { state: 'unsupported' };

export type Camera = WindowDetail['cameras'][number];

/** The camera a tile shows: the first that is in use. */
export const cameraOf = (window: WindowDetail): Camera | undefined =>
  window.cameras.find((camera) => camera.enabled) ?? window.cameras[0];

/**
 * Which picture of a camera a tile asks for: a small tile the sub-stream; H.265, where this browser does not play it, as H.264.
 */
export function qualityOf(camera: Camera | undefined, mode: Mode, playsHevc: boolean): Quality {
  if (camera && isHevc(camera) && !playsHevc) return 'h264';
  return mode === 'plain' ? 'sub' : 'main';
}

const isHevc = ({ status }: Camera): boolean => status?.codec === 'H.265';

export type Cover =
  /** The picture is hidden: there is none, or it must not be taken for a live one. */
  | { kind: 'dark'; why: 'camera'; status: CameraStatus }
  | { kind: 'dark'; why: 'starting' | 'reconnecting' | 'paused' | 'idle' | 'unsupported' | 'codec' | 'noCamera' }
  /** `reason` as the one who switched it off wrote it. */
  | { kind: 'dark'; why: 'disabled'; reason: string | undefined }
  /** The last picture is still there, greyed, under words that say how old it is. */
  | { kind: 'grey'; why: 'stalled'; since: number; date: number | undefined }
  /** It moves, and shows what was long ago. */
  | { kind: 'grey'; why: 'late'; delay: number }
  | { kind: 'grey'; why: 'camera'; status: CameraStatus };

/** A picture that is further behind is no longer shown as live, milliseconds. */
const tooLate = 15_000;

/** Pictures that move and still show nothing of the counter: the camera's own health wins over the player. */
const blind: ReadonlySet<CameraStatus['state']> = new Set(['frozen', 'black', 'covered']);
const gone: ReadonlySet<CameraStatus['state']> = new Set(['offline', 'stalled']);

/** What covers a tile's picture; undefined only while a live picture plays. */
export function coverOf(camera: Camera | undefined, playing: Playing): Cover | undefined {
  if (!camera) return { kind: 'dark', why: 'noCamera' };
  const { status } = camera;
  if (!camera.enabled || status?.state === 'disabled')
    return { kind: 'dark', why: 'disabled', reason: status?.state === 'disabled' ? status.detail : undefined };
  if (status && blind.has(status.state))
    return {
      kind: playing.state === 'playing' || playing.state === 'stalled' ? 'grey' : 'dark',
      why: 'camera',
      status,
    };
  if (playing.state === 'playing') {
    const { delay } = playing;
    return delay !== undefined && delay > tooLate ? { kind: 'grey', why: 'late', delay } : undefined;
  }
  if (status && gone.has(status.state)) return { kind: 'dark', why: 'camera', status };
  // The camera is well; this browser does not play what it sends.
  if (isHevc(camera) && (playing.state === 'reconnecting' || playing.state === 'unsupported'))
    return { kind: 'dark', why: 'codec' };
  if (playing.state === 'stalled') return { kind: 'grey', why: 'stalled', since: playing.since, date: playing.date };
  return { kind: 'dark', why: playing.state };
}

/** What the camera or the way to it answered, as far as people can act on it; the first that fits. */
const causes = [
  ['refused', /refused|refuses the connection/i],
  ['password', /\b401\b|unauthori[sz]ed|password|forbidden|\b403\b/i],
  ['path', /\b404\b|not found/i],
  ['unreachable', /no route|unreachable|no way to the camera|name of the camera is not known/i],
  ['noAnswer', /timed? ?out|does not answer|no answer/i],
  ['silent', /no (?:key )?picture|no data/i],
] as const;

/** Why there is no picture, in one of a few words; undefined when what was said is only for engineers. */
export const whyOf = ({ state, detail }: CameraStatus): (typeof causes)[number][0] | undefined =>
  state === 'offline' ? causes.find(([, pattern]) => pattern.test(detail ?? ''))?.[0] : undefined;
