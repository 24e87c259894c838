/** What travels about cameras between their administration and its page: `/api/cameras` (administrator). */

/** A device that answered WS-Discovery. */
export interface OnvifFound {
  /** IP address or host name, and the port and path of its device service. */
  host: string;
  port: number;
  path: string;
  /** What it calls itself, and where it says it is. */
  name?: string;
  hardware?: string;
  location?: string;
}

/** One stream that a device offers. */
export interface OnvifStream {
  name: string;
  /** `rtsp://host[:port]/path` at the host that was asked, without credentials. */
  address: string;
  /** `H.264`, `H.265` or as the device calls it. */
  codec: string;
  width: number;
  height: number;
  /** Pictures a second, kbit/s and seconds between key pictures, as the device is set. */
  fps?: number;
  kbps?: number;
  keySeconds?: number;
}

/** A device with its lenses: a recorder of several cameras has one channel for each. */
export interface OnvifDevice {
  /** Manufacturer and model. */
  name?: string;
  channels: { main: OnvifStream; sub?: OnvifStream }[];
}

/** What a live test of a camera or an address found: the stream was opened as viewers would open it. */
export type CameraCheck =
  | {
      ok: true;
      codec: string;
      width: number;
      height: number;
      fps: number;
      kbps: number;
      /** Absent when no second key picture came within the test. */
      keySeconds?: number;
      /** Milliseconds until the first picture could be shown. */
      firstMs: number;
      /** A small JPEG, base64; absent when the picture could not be decoded. It is not kept. */
      picture?: string;
    }
  | { ok: false; reason: string };
