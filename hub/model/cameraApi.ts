/**
 * What travels about cameras (点位) between their administration and its page. All of it needs `camera.manage` (administrator),
 * in whose region the cameras stand; nobody sees evidence by it (SC-29).
 *
 *   GET  /api/cameras?hall=&state=&text=&after= → CameraPage
 *   GET  /api/camera-halls                      → CameraHall[]
 *   POST /api/cameras {CameraForm}              → CameraSaved
 *   POST /api/cameras/:id {part of CameraForm}  → CameraSaved; another `window` moves it
 *   POST /api/cameras/:id/disable {reason}, enable {reason?} → CameraLine; 409
 *   POST /api/cameras/:id/key                   → CameraSaved: a new key, the old one counts no more
 *   POST /api/cameras/:id/check {quality?}      → CameraCheck
 *   POST /api/camera-checks {address, user?, password?, transport?} → CameraCheck, of an address that is not saved
 *   POST /api/onvif/search                      → OnvifFound[]
 *   POST /api/onvif/device {host, port?, path?, user?, password?} → OnvifDevice; 409 with the reason
 */
import type { SourceKind } from './camera.ts';
import type { CameraState } from './event.ts';
import type { RecordingMode } from './recording.ts';
import type { Named } from './world.ts';

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

/**
 * One line of the administration of cameras (点位). Its addresses are written and never read back: without account, password and
 * query.
 */
export interface CameraLine extends Named {
  id: string;
  region: string;
  hall: string;
  window?: string;
  windowNumber?: string;
  enabled: boolean;
  state: CameraState;
  /** Since when it is in this state; absent when it was never opened. */
  since?: number;
  /** Why it is as it is; of one that is switched off the reason that was given. */
  detail?: string;
  /** Who switched it off. */
  disabledBy?: string;
  kind: SourceKind;
  address: string;
  subAddress?: string;
  transport: 'tcp' | 'udp';
  /** What its pictures were last encoded with; absent when it was never opened. */
  codec?: 'H.264' | 'H.265';
  audio: boolean;
  audioReason?: string;
  /** There is a key that its encoder pushes with. */
  hasKey: boolean;
  recording: RecordingMode;
  changedAt?: number;
  /** Name of who changed it last. */
  changedBy?: string;
}

/** A hall where cameras can stand. */
export interface CameraHall extends Named {
  id: string;
  region: string;
  regionName: string;
  windows: (Named & { id: string; number: string })[];
}

/** `GET /api/cameras`; `next` is the `after` of the following page, absent on the last. */
export interface CameraPage {
  items: CameraLine[];
  next?: string;
  /** How many of those that the filters let through are in which state. */
  states: Partial<Record<CameraState, number>>;
}

/** What a new camera is made of, or what changes of one: then all of it may be absent. */
export interface CameraForm {
  hall: string;
  window: string | null;
  name: string;
  nameEn: string | null;
  address: string;
  /** Go into the addresses; a password alone goes into those that are there. */
  user: string;
  password: string;
  subAddress: string | null;
  transport: 'tcp' | 'udp';
  audio: boolean;
  audioReason: string | null;
  recording: RecordingMode;
}

/** The answer to a change: `key` is shown this once. `pushPort` is where encoders push to; absent while nothing takes them in. */
export interface CameraSaved {
  camera: CameraLine;
  key?: string;
  pushPort?: number;
}
