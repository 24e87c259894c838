/**
 * What the pages of the draw ask and answer.
 *
 * - `GET /api/draws?day=YYYY-MM-DD&organ=` → `DrawDay` (right `patrol.read`). Without `day`: today.
 * - `GET /api/draws/days?before=YYYY-MM-DD&organ=` → `DrawDayLine[]`, the newest first, at most 60.
 * - `GET /api/draws/board?day=YYYY-MM-DD` → `DrawBoard` (right `patrol.read`; 403 for people of a hall). Without `day`: today.
 * - `POST /api/duties/:id/swap` `SwapBody` → `Duty`; 409 where it is under way, the hall is no candidate or is visited already.
 */
import type { Draw, DrawFault, DrawLot, Swap } from './draw.ts';
import type { BlindCause, Duty, DutyReason } from './duty.ts';
import type { CameraStatus } from './state.ts';
import type { Named, Region } from './world.ts';

/**
 * Before its day is over: the commitment alone, and for people of the organ itself what was drawn. After it: everything
 * that is needed to recompute it.
 */
export interface DrawView extends Omit<Draw, 'lots' | 'swaps' | 'position'> {
  organName: string;
  organNameEn?: string;
  /** Absent while it is secret for whoever asks. */
  lots?: DrawLot[];
  swaps?: Swap[];
  /** As the hub recomputed it; absent before it is published. Empty: it is right. */
  faults?: DrawFault[];
}

/** The file that `hallwatch draw verify DATE --file` reads: this answer as it is. */
export interface DrawDay {
  day: string;
  draws: DrawView[];
  /** The duties that were drawn, of the organ of whoever asks: their states, and which may still be swapped. */
  duties: (Pick<Duty, 'id' | 'hall' | 'state' | 'done' | 'required' | 'draw' | 'drawnHall'> & { maySwap: boolean })[];
  /** Names of the halls that occur, by id. */
  halls: Record<string, Named & { region: string }>;
}

export interface DrawDayLine {
  day: string;
  organ: string;
  state: Draw['state'];
  chosen?: number;
  swaps?: number;
}

export interface SwapBody {
  hall: string;
  reason: string;
}

/** How far organs are with what they owe on one day. */
export interface DutyProgress {
  /** Visits that are owed, and those of them that were made and counted. */
  required: number;
  done: number;
  /** Duties under way, missed, and that could not be inspected. */
  running: number;
  missed: number;
  couldNot: number;
}

/** A city or county in scope and the day of its own organs; `places` are its halls. */
export interface BoardRegion extends DutyProgress, Named {
  code: string;
  level: Region['level'];
  parent?: string;
  places: (Named & { id: string; cameras: number })[];
}

/** A duty that was missed this month, or that is about to be. */
export interface BehindDuty {
  id: string;
  day: string;
  state: Duty['state'];
  required: number;
  done: number;
  dueAt: number;
  of?: DutyReason;
  cause?: BlindCause;
  /** Absent while it is secret where another organ is going. */
  hall?: string;
}

/** An organ that owes visits: `owed` of those that were missed from the first of the month to the day. */
export interface BehindOrgan extends Named {
  organ: string;
  region: string;
  required: number;
  done: number;
  owed: number;
  /** The newest first, at most 50. */
  duties: BehindDuty[];
}

/** A hall some of whose cameras that are switched on send no picture, or none of their counter. */
export interface OutHall extends Named {
  hall: string;
  region: string;
  /** Cameras that are switched on. */
  cameras: number;
  out: { window?: string; state: CameraStatus['state']; since: number }[];
}

/** The day of everybody below: what the map of a province or a city shows beside the draw. */
export interface DrawBoard {
  day: string;
  regions: BoardRegion[];
  /** Those that owe most first, at most 200. */
  behind: BehindOrgan[];
  /** Those without any picture first. */
  out: OutHall[];
  /** Names of the halls of `behind`, by id. */
  halls: Record<string, Named>;
}
