/** 任务 as the recorder derives it (1.X.6). */
import type { CameraState } from './event.ts';

/**
 * `planned` → `inProgress` while a visit runs → `done`, `couldNotInspect` (every visit that is owed was made or found its
 * cameras without a picture) or, when its time is over, `missed`.
 */
export type DutyState = 'planned' | 'inProgress' | 'done' | 'couldNotInspect' | 'missed';

/** Own hall (SC-11), each hall of a level (SC-13), drawn (SC-12), or by a department's supervision body as it needs to (SC-15), which owes nothing. */
export type DutyReason = 'own' | 'each' | 'drawn' | 'asNeeded';

/** What kept a window from being inspected: the state of its camera. */
export type BlindCause = Extract<CameraState, 'offline' | 'frozen' | 'black' | 'covered'>;

/** One hall, one working day, `required` visits. `region` is the organ's; the hall may be of another one. */
export interface Duty {
  id: string;
  region: string;
  organ: string;
  hall: string;
  day: string;
  required: number;
  done: number;
  state: DutyState;
  dueAt: number;
  article: string;
  /** Absent in what was planned before there were quotas. Of that, and of what is visited as needed, time makes nothing. */
  of?: DutyReason;
  draw?: string;
  /** Moments at which the hall is busiest, one a visit. */
  suggestedAt?: number[];
  /** When the hall opens: what is visited long before shows an empty hall. */
  opensAt?: number;
  /** When it is at risk of being missed, and when the ticker looks at it next. */
  riskAt?: number;
  nextTurn?: number;
  /** Visits that could inspect nothing, and the cause of the latest. */
  blind?: number;
  cause?: BlindCause;
  /** Accounts whose visit of it is under way, each once. Absent: none. */
  open?: string[];
  /** The open signal of this duty. */
  signal?: string;
  /** The hall that was drawn, where a person replaced it. */
  drawnHall?: string;
  position: number;
}
