/** The rows that are kept between batches, by table and id. */
import type { Casefile, Finding, Signal, Duty, Visit, CameraStatus, Inquiry, Register } from '../model/state.ts';
import type { Draw } from '../model/draw.ts';
import type { Evidence, Release } from '../model/evidence.ts';
import type { Presence } from '../model/presence.ts';
import type { RecordingHold } from '../model/recording.ts';
import type { RegisterEntry, RegisterReview } from '../model/register.ts';
import type { Loadable } from './statements.ts';

export interface Rows {
  casefile: Map<string, Casefile>;
  signal: Map<string, Signal>;
  duty: Map<string, Duty>;
  draw: Map<string, Draw>;
  visit: Map<string, Visit>;
  camera: Map<string, CameraStatus>;
  inquiry: Map<string, Inquiry>;
  register: Map<string, Register>;
  evidence: Map<string, Evidence>;
  release: Map<string, Release>;
  hold: Map<string, RecordingHold>;
  entry: Map<string, RegisterEntry>;
  review: Map<string, RegisterReview>;
  finding: Map<string, Finding>;
  presence: Map<string, Presence>;
}

export const emptyRows = (): Rows => ({
  casefile: new Map(),
  signal: new Map(),
  duty: new Map(),
  draw: new Map(),
  visit: new Map(),
  camera: new Map(),
  inquiry: new Map(),
  register: new Map(),
  evidence: new Map(),
  release: new Map(),
  hold: new Map(),
  entry: new Map(),
  review: new Map(),
  finding: new Map(),
  presence: new Map(),
});
export const loadables = Object.keys(emptyRows()) as Loadable[];
