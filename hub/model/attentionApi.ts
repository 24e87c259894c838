/** What the overseer's page and everybody's own page ask and answer. A month is `YYYY-MM`, times in seconds unless they are moments. */
import type { Attention, ViewingKind } from './attention.ts';

interface Totals {
  live: number;
  playback: number;
  /** Released evidence that was opened. */
  evidence: number;
  /** Pictures of findings that were opened. */
  findings: number;
  /** Of live and playback: within own visits, and not. */
  inVisits: number;
  outside: number;
  stays: number;
}

interface Place {
  hall?: string;
  hallName?: string;
  hallNameEn?: string;
  windowNumber?: string;
  /** Of the window; of the camera where it shows none. */
  placeName?: string;
  placeNameEn?: string;
}

export interface WatcherLine extends Totals {
  account: string;
  name: string;
  role: string;
  windows: number;
  days: number;
  /** What asks for an explanation, and how much of it has none. */
  unusual: number;
  open: number;
}

export interface WatchedPlace extends Totals, Place {
  /** The window, or the camera. */
  place: string;
  people: number;
  unusual: number;
}

export interface AttentionLine extends Attention, Place {
  name: string;
  explained?: { name: string; at: number; note: string };
}

/** `GET /api/watchers?month=`. `isCut`: there was more than is shown. */
export interface WatchersReport {
  month: string;
  people: WatcherLine[];
  places: WatchedPlace[];
  unusual: AttentionLine[];
  isCut: boolean;
}

/** Somebody watched a window from one moment to another. */
export interface Stay extends Place {
  camera: string;
  kind: ViewingKind;
  from: number;
  until: number;
  day: string;
  seconds: number;
  outside: number;
  off: number;
  planned: boolean;
  visit?: string;
  /** Whose picture or clip it was, and when it was found. */
  finding?: { id: string; at: number };
}

/** `GET /api/watchers/people/:account?month=&before=` and `GET /api/mine/stays?…`, newest first. */
export interface StayPage {
  items: Stay[];
  next?: string;
}

/** `GET /api/mine?month=`: what was recorded about one's own watching, and one's own work. */
export interface MyMonth {
  month: string;
  total: Totals & { windows: number; days: number };
  places: WatchedPlace[];
  unusual: AttentionLine[];
  work: { visits: number; counted: number; verifiedSeconds: number; findings: number };
}

/** `POST /api/watchers/explanations`. */
export interface Explanation {
  month: string;
  attention: string;
  note: string;
}
