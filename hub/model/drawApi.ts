/**
 * What the pages of the draw ask and answer.
 *
 * - `GET /api/draws?day=YYYY-MM-DD&organ=` → `DrawDay` (right `patrol.read`). Without `day`: today.
 * - `GET /api/draws/days?before=YYYY-MM-DD&organ=` → `DrawDayLine[]`, the newest first, at most 60.
 * - `POST /api/duties/:id/swap` `SwapBody` → `Duty`; 409 where it is under way, the hall is no candidate or is visited already.
 */
import type { Draw, DrawFault, DrawLot, Swap } from './draw.ts';
import type { Duty } from './duty.ts';
import type { Named } from './world.ts';

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
