/** What travels about pictures of cameras over the socket, in the namespace `/video`, and which pictures of a camera can be asked for. */

/** A camera's main stream, its sub-stream (the main one where it has none), or an H.264 transcoding for browsers that play nothing else. */
export const qualities = ['main', 'sub', 'h264'] as const;
export type Quality = (typeof qualities)[number];

/** Why a view was not opened, or ended. */
export type ViewEnd = 'session' | 'right' | 'camera' | 'expired' | 'bounds' | 'codec' | 'protocol';

/** hub → browser. Bytes arrive in a browser as an ArrayBuffer. */
export interface VideoDown {
  /** An initialization section: the pictures from now on belong to it. `codec` is the MIME parameter. */
  init: (message: { view: string; codec: string }, bytes: ArrayBuffer | Uint8Array) => void;
  /** One or several pictures, a moof and its mdat each. `at` is programme time (epoch ms) of the first, `duration` in seconds. */
  pictures: (
    message: { view: string; at: number; duration: number; key: boolean },
    bytes: ArrayBuffer | Uint8Array,
  ) => void;
  over: (message: { view: string; reason: ViewEnd }) => void;
}

/** browser → hub */
export interface VideoUp {
  /** `credit` is how many bytes travel unacknowledged at most. */
  open: (
    message: { camera: string; quality: Quality },
    answer: (reply: { ok: true; view: string; credit: number } | { ok: false; reason: ViewEnd }) => void,
  ) => void;
  /** All bytes of the view taken so far, initialization sections included; every few seconds even when there are no new ones, or the view expires. */
  took: (message: { view: string; bytes: number }) => void;
  close: (message: { view: string }) => void;
}
