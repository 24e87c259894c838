/** 证据, 调阅批准 (SC-32, SC-33): evidence, its manifests, and the releases of it. Times in epoch ms. */
import type { CameraState, EventOf } from './event.ts';
import type { GapCause } from './recording.ts';
import type { Deed } from './state.ts';

/** A clip begins so long before the moment it is about, and ends so long after. */
export const clipBefore = 30_000;
export const clipAfter = 30_000;
/** A release is open for so many days where the pack sets nothing else. */
export const releaseDays = 7;
/** Requests for one piece of evidence, in its whole life. */
export const mostRequests = 200;

export type EvidenceAbout = NonNullable<EventOf<'evidence.taken'>['about']>;
export type ReleaseAct = EventOf<'evidence.requested'>['act'];

/** 证据. `taken`: nothing is written yet; `begun`: what there was is written; `complete`: all of it. */
export interface Evidence {
  id: string;
  region: string;
  hall: string;
  camera: string;
  window?: string;
  /** The moment it is about, and what the clip is of. */
  at: number;
  from: number;
  until: number;
  why: string;
  about?: EvidenceAbout;
  takenBy: Deed;
  state: 'taken' | 'begun' | 'complete' | 'removed';
  /** Digests of its manifests, by version from 1. */
  manifests: { digest: string; at: number }[];
  pictureSha256?: string;
  seconds: number;
  missing: number;
  requests: number;
  removedAt?: number;
  position: number;
}

/** 调阅: one request to view, copy or delete evidence. `approved`: the hub is at it; `done`: what was to be deleted is. */
export interface Release {
  id: string;
  region: string;
  hall: string;
  evidence: string;
  act: ReleaseAct;
  purpose: string;
  state: 'requested' | 'approved' | 'refused' | 'released' | 'failed' | 'done';
  requestedBy: Deed;
  /** Absent where the region's pack asks for no approval (C-17). */
  answeredBy?: Deed & { reason?: string };
  /** The copy may be opened until then. */
  expiresAt?: number;
  copy?: { digest: string; sha256: string; bytes: number; at: number };
  failure?: string;
  views: number;
  viewedAt?: number;
  position: number;
}

export interface ManifestFile {
  name: string;
  kind: 'picture' | 'clip' | 'copy';
  sha256: string;
  bytes: number;
}

/** What `manifest-1.json` and `manifest-2.json` in the folder of evidence say, as canonical JSON. */
export interface Manifest {
  kind: 'evidence';
  version: number;
  /** Digest of the version before this one. */
  previous?: string;
  complete: boolean;
  madeAt: number;
  software: string;
  evidence: string;
  camera: { id: string; name: string };
  window?: { id: string; number: string; name: string };
  hall: { id: string; name: string; region: string };
  who: { account: string; name: string };
  why: string;
  about?: EvidenceAbout;
  /** When the log had the request. */
  askedAt: number;
  at: number;
  from: number;
  until: number;
  /** The entry that the request has in the ledger. */
  ledger: { region: string; sequence: number; hash: string };
  files: ManifestFile[];
  /** The newest picture at or before `at`, else the first one after it; `showsAt` by the server's clock, `cameraAt` by the camera's. */
  picture?: { file: string; showsAt: number; cameraAt?: number };
  /** Each segment of the recording: where it stands in which file (seconds from its beginning), and what both clocks said. */
  segments: { file: string; offset: number; seconds: number; at: number; cameraAt?: number; sha256: string }[];
  gaps: { from: number; to: number; cause: GapCause | 'pending' }[];
  /** The states of the camera over the span, the first one since before it. */
  states: { state: CameraState; from: number; detail?: string }[];
}

/** What `manifest.json` beside a released copy says. */
export interface CopyManifest {
  kind: 'copy';
  madeAt: number;
  software: string;
  release: string;
  evidence: string;
  act: ReleaseAct;
  purpose: string;
  requestedBy: Deed;
  answeredBy?: Deed & { reason?: string };
  expiresAt?: number;
  /** Digest of the manifest of what was copied. */
  original: string;
  /** The lines of the watermark. */
  watermark: string[];
  files: ManifestFile[];
}

/** `GET /api/evidence`, newest first; `next` is the `before` of the next page. */
export interface EvidencePage {
  items: Evidence[];
  next?: number;
}

/** `GET /api/evidence/:id`. `manifest` is absent while there is none, or while the part that keeps it is away. */
export interface EvidenceDetail {
  evidence: Evidence;
  manifest?: Manifest;
  releases: Release[];
}

/** `GET /api/releases`, newest first. `mayAnswer`: the asker's organ is the one that answers, and the request is another's. */
export interface ReleasePage {
  items: (Release & { mayAnswer: boolean })[];
  next?: number;
}

/** `unknown`: the ledger has no such manifest. */
export type FaultKind = 'missing' | 'changed' | 'extra' | 'unreadable' | 'unknown';

/** `POST /api/evidence/:id/check`: whether every file is what its manifest says, and every manifest what the ledger says. */
export interface EvidenceCheck {
  ok: boolean;
  /** Files that were looked at. */
  files: number;
  at: number;
  faults: { file: string; fault: FaultKind }[];
}
