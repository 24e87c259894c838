import type { WindowDetail } from '../../hub/model/api.ts';
import type { CameraStatus } from '../../hub/model/state.ts';

/** What a tile may say about its picture. Only `playing` is a live picture; everything else is covered by words. */
export type Playing =
  | { state: 'starting' }
  | { state: 'playing'; delay: number | undefined }
  /** Server time at which the picture last moved. */
  | { state: 'stalled'; since: number }
  | { state: 'reconnecting'; attempt: number }
  | { state: 'paused' }
  | { state: 'idle' }
  | { state: 'unsupported' };

export type Camera = WindowDetail['cameras'][number];

/** The camera a tile shows: the first that is in use. */
export const cameraOf = (window: WindowDetail): Camera | undefined =>
  window.cameras.find((camera) => camera.enabled) ?? window.cameras[0];

export type Cover =
  /** The picture is hidden: there is none, or it must not be taken for a live one. */
  | { kind: 'dark'; why: 'camera'; status: CameraStatus }
  | {
      kind: 'dark';
      why: 'starting' | 'reconnecting' | 'paused' | 'idle' | 'unsupported' | 'codec' | 'noCamera' | 'disabled';
    }
  /** The last picture is still there, greyed, under words that say how old it is. */
  | { kind: 'grey'; why: 'stalled'; since: number }
  | { kind: 'grey'; why: 'camera'; status: CameraStatus };

/** Pictures that move and still show nothing of the counter: the camera's own health wins over the player. */
const blind: ReadonlySet<CameraStatus['state']> = new Set(['frozen', 'black', 'covered']);
const gone: ReadonlySet<CameraStatus['state']> = new Set(['offline', 'disabled', 'stalled']);

/** What covers a tile's picture; undefined only while a live picture plays. */
export function coverOf(camera: Camera | undefined, playing: Playing): Cover | undefined {
  if (!camera) return { kind: 'dark', why: 'noCamera' };
  if (!camera.enabled) return { kind: 'dark', why: 'disabled' };
  const { status } = camera;
  if (status && blind.has(status.state))
    return {
      kind: playing.state === 'playing' || playing.state === 'stalled' ? 'grey' : 'dark',
      why: 'camera',
      status,
    };
  if (playing.state === 'playing') return undefined;
  if (status && gone.has(status.state)) return { kind: 'dark', why: 'camera', status };
  // The camera is well; this browser does not play what it sends.
  if (status?.detail === 'H.265' && (playing.state === 'reconnecting' || playing.state === 'unsupported'))
    return { kind: 'dark', why: 'codec' };
  if (playing.state === 'stalled') return { kind: 'grey', why: 'stalled', since: playing.since };
  return { kind: 'dark', why: playing.state };
}
