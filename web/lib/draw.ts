/** 抽签: its routes (shapes: hub/model/drawApi.ts), what a row of a drawn hall says, and who may go on from it. Pure but for the routes. */
import type { DutyDay } from '../../hub/model/api.ts';
import { weightOf, type DrawLot, type Swap } from '../../hub/model/draw.ts';
import type { DrawBoard, DrawDay, DrawDayLine, DrawView } from '../../hub/model/drawApi.ts';
import type { Duty } from '../../hub/model/duty.ts';
import { call, query } from './api.ts';

export const draws = {
  day: (day?: string) => call<DrawDay>('GET', `/api/draws${query({ day })}`),
  days: (organ?: string) => call<DrawDayLine[]>('GET', `/api/draws/days${query({ organ })}`),
  board: (day?: string) => call<DrawBoard>('GET', `/api/draws/board${query({ day })}`),
  duties: (day?: string) => call<DutyDay>('GET', `/api/duties${query({ day })}`),
  swap: (duty: string, body: { hall: string; reason: string }) =>
    call<Duty>('POST', `/api/duties/${encodeURIComponent(duty)}/swap`, body),
};
/** The file that `hallwatch draw verify DAY --file` reads. */
export const drawFileUrl = (day: string): string => `/api/draws${query({ day })}`;

/** The draw that the page is about: the own organ's, else the first that is told. */
export const ownDraw = (day: DrawDay, organ: string | undefined): DrawView | undefined =>
  day.draws.find((each) => each.organ === organ) ?? day.draws.find(({ lots }) => lots !== undefined) ?? day.draws[0];

/** The chance that a hall had at the first drawing of its lot, 0..1. */
export function chanceOf({ candidates }: DrawLot, hall: string): number {
  const all = candidates.reduce((sum, { days }) => sum + weightOf(days), 0);
  const own = candidates.find((each) => each.hall === hall);
  return own && all > 0 ? weightOf(own.days) / all : 0;
}

/** A hall that was drawn, with what became of it. */
export interface DrawnHall {
  level: DrawLot['level'];
  /** Where it leads now; `drawn` the hall that the seed chose. */
  hall: string;
  drawn: string;
  days: number;
  chance: number;
  swap: Swap | undefined;
  /** Absent where the draw is another organ's. */
  duty: DrawDay['duties'][number] | undefined;
  findings: number;
  /** Begin of the visit that runs, and end of the last one that counted. */
  startedAt: number | undefined;
  finishedAt: number | undefined;
}

export function drawnHalls(
  draw: DrawView,
  duties: DrawDay['duties'],
  visited: DutyDay['duties'] | undefined,
): DrawnHall[] {
  return (draw.lots ?? []).flatMap((lot) =>
    lot.chosen.map((drawn): DrawnHall => {
      const duty = duties.find((each) => each.draw === draw.id && (each.drawnHall ?? each.hall) === drawn);
      const swap = draw.swaps?.findLast((each) => each.duty === `${draw.id}:${drawn}`);
      const visits = visited?.find(({ id }) => id === duty?.id)?.visits ?? [];
      return {
        level: lot.level,
        hall: duty?.hall ?? swap?.to ?? drawn,
        drawn,
        days: lot.candidates.find((each) => each.hall === drawn)?.days ?? 0,
        chance: chanceOf(lot, drawn),
        swap,
        duty,
        findings: visits.reduce((sum, each) => sum + each.findings, 0),
        startedAt: visits.find(({ state }) => state === 'open')?.startedAt,
        finishedAt: visits.findLast(({ counts }) => counts)?.finishedAt,
      };
    }),
  );
}

/** Candidates that a drawn hall may be replaced by: those of its lot where nobody goes on that day. */
export function othersFor(draw: DrawView, row: DrawnHall, rows: readonly DrawnHall[]): string[] {
  const lot = draw.lots?.find(({ chosen }) => chosen.includes(row.drawn));
  const taken = new Set(rows.filter((each) => each.level === row.level).map(({ hall }) => hall));
  return (lot?.candidates ?? []).map(({ hall }) => hall).filter((hall) => !taken.has(hall));
}

/** "9f3c…e21a" */
export const shortHash = (hash: string): string => `${hash.slice(0, 4)}…${hash.slice(-4)}`;
