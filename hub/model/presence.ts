/** 请假, 暂停服务: why nobody sits at a window, as the hall said beforehand. */
import type { Deed } from './state.ts';

export const presenceKinds = ['leave', 'paused'] as const;
export type PresenceKind = (typeof presenceKinds)[number];

/** Records kept in the row of a window; the archive keeps all. */
export const presencesPerWindow = 30;
/** The longest record, and how far ahead it may begin. */
export const longestPresence = 31 * 86_400_000;
export const farthestPresence = 60 * 86_400_000;

export interface PresenceRecord {
  id: string;
  kind: PresenceKind;
  from: number;
  until: number;
  reason: string;
  /** Staff number of who is away, and of who stands in. */
  staff?: string;
  standIn?: string;
  filedBy: Deed;
  /** It ended before `until`. */
  ended?: Deed;
}

/** One row a window, whose id it has; the newest record last. */
export interface Presence {
  id: string;
  region: string;
  hall: string;
  records: PresenceRecord[];
  position: number;
}

const endOf = ({ until, ended }: PresenceRecord): number => ended?.at ?? until;

/** What is on record for a moment; two records of one window never overlap. */
export const presenceAt = (presence: Pick<Presence, 'records'> | undefined, at: number): PresenceRecord | undefined =>
  presence?.records.find((each) => each.from <= at && at < endOf(each));

/** Whether a record is still running or to come. */
export const isAhead = (record: PresenceRecord, now: number): boolean => endOf(record) > now;

/** `GET /api/presence?hall=`: a window's records with its name, windows without records left out. */
export interface PresenceLine extends Presence {
  windowNumber: string;
  windowName: string;
  windowNameEn?: string;
}
