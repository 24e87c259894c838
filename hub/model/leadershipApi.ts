/** 数据看板: the numbers for leaders (SC-25, SC-30). Months are `YYYY-MM`. */
import type { BlindCause } from './duty.ts';
import type { Region } from './world.ts';

export type RegionLevel = Region['level'];

/** `other`: a duty that could not be inspected and says no cause. */
export type CouldNotCause = BlindCause | 'other';

export interface PatrolFigures {
  /** Visits that were owed, and those of them that were made and counted. */
  required: number;
  done: number;
  /** Duties, and what became of those that were not done. */
  duties: number;
  couldNot: number;
  missed: number;
}

export interface OrganFigures extends PatrolFigures {
  organ: string;
  name: string;
  nameEn?: string;
  level?: RegionLevel;
}

/** Of findings that the halls put right: milliseconds from the finding to the rectification. */
export interface RectificationFigures {
  found: number;
  rectified: number;
  /** A deadline to respond or to rectify passed. */
  late: number;
  median?: number;
  ninth?: number;
}

/** A to H, as the region's vocabulary groups its codes. */
export interface GroupFigures extends RectificationFigures {
  group: string;
}

export interface HallFindings {
  hall: string;
  name: string;
  nameEn?: string;
  total: number;
  groups: Record<string, number>;
}

/** `GET /api/numbers?from=&to=&level=&region=`. */
export interface LeadershipNumbers {
  region: string;
  from: string;
  to: string;
  level?: RegionLevel;
  total: PatrolFigures;
  months: (PatrolFigures & { month: string; found: number })[];
  levels: (PatrolFigures & { level: RegionLevel })[];
  /** The least complete first. */
  organs: OrganFigures[];
  couldNot: { cause: CouldNotCause; count: number }[];
  groups: GroupFigures[];
  /** The halls with the most findings first. */
  halls: HallFindings[];
  rectification: RectificationFigures;
}
