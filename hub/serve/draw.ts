/** 抽签 (SC-12): what was fixed, drawn and published, and the swap of a drawn hall. */
import { z } from 'zod';
import { addDays, dayOf, startOf } from '../model/calendar.ts';
import { faultsOf, type Draw } from '../model/draw.ts';
import type { DrawBoard, DrawDay, DrawDayLine, DrawView } from '../model/drawApi.ts';
import type { Duty } from '../model/duty.ts';
import { identifier, reasonText } from '../model/fields.ts';
import { may, type Identity } from '../model/rights.ts';
import { chainOf, packOf, prefixOf } from '../model/world.ts';
import { digestOfText } from '../platform/digest.ts';
import type { Context } from '../platform/part.ts';
import { byPerson, commandId, type Command } from './commands.ts';
import { boardOf } from './drawBoard.ts';
import { all, one, type Route } from './gate.ts';
import { forbidden, read, Refusal, unknown } from './problem.ts';
import { drawnDuties, drawsBefore, drawsOfDay, type DrawBody } from './queries/draw.ts';
import { selectDuty, type DutyBody } from './queries/patrol.ts';

const day = z.iso.date();
const dayQuery = z.object({ day: day.optional(), organ: identifier.optional() });
const boardQuery = z.object({ day: day.optional() });
const daysQuery = z.object({ before: day.optional(), organ: identifier.optional() });
const swapBody = z.strictObject({ hall: identifier, reason: reasonText });
const linesAtOnce = 60;

/** What is drawn is secret until its day is over, to everybody but the organ whose inspectors go there. */
const isOpenTo = (who: Identity, draw: Draw): boolean =>
  draw.state === 'published' || (who.hall === undefined && who.organ !== undefined && who.organ === draw.organ);

export function drawRoutes({ store, world }: Context, command: Command): Route[] {
  const where = (who: Identity, organ: string | undefined) => ({
    prefix: prefixOf(who.region),
    above: chainOf(who.region),
    organ,
  });

  function viewOf(who: Identity, draw: Draw): DrawView {
    const { lots, swaps, position: _, ...open } = draw;
    const organ = world().organs.get(draw.organ);
    return {
      ...open,
      organName: organ?.name ?? draw.organ,
      ...(organ?.nameEn === undefined ? {} : { organNameEn: organ.nameEn }),
      ...(isOpenTo(who, draw) ? { lots, swaps } : {}),
      ...(draw.state === 'published' ? { faults: faultsOf(digestOfText, draw, startOf(draw.day)) } : {}),
    };
  }

  return [
    {
      method: 'GET',
      url: '/draws',
      needs: 'patrol.read',
      handle: async ({ who, query, now }): Promise<DrawDay | Refusal> => {
        const input = read(dayQuery, query);
        if (input instanceof Refusal) return input;
        const on = input.day ?? dayOf(now);
        const ownOrgan = who.hall === undefined ? who.organ : undefined;
        const [bodies, own] = await Promise.all([
          all<DrawBody>(store, drawsOfDay(where(who, input.organ), on)),
          ownOrgan === undefined ? [] : all<DutyBody>(store, drawnDuties(ownOrgan, on)),
        ]);
        const draws = bodies.map(({ body }) => viewOf(who, body));
        const present = world();
        const maySwap = may(who, 'patrol.visit') && packOf(present, who.region, on)?.patrol.swap !== 'never';
        const duties = own
          .map(({ body }) => body)
          .filter((each) => may(who, 'patrol.read', each))
          .map(({ id, hall, state, done, required, draw, drawnHall, blind }) => ({
            ...{ id, hall, state, done, required },
            ...(draw === undefined ? {} : { draw }),
            ...(drawnHall === undefined ? {} : { drawnHall }),
            maySwap: maySwap && state === 'planned' && done === 0 && blind === undefined,
          }));
        const named = new Set([
          ...draws.flatMap(({ lots = [] }) => lots.flatMap(({ candidates }) => candidates.map(({ hall }) => hall))),
          ...duties.map(({ hall }) => hall),
        ]);
        const halls: DrawDay['halls'] = {};
        for (const id of named) {
          const hall = present.halls.get(id);
          if (!hall) continue;
          const { name, nameEn, region } = hall;
          halls[id] = { name, region, ...(nameEn === undefined ? {} : { nameEn }) };
        }
        return { day: on, draws, duties, halls };
      },
    },
    {
      method: 'GET',
      url: '/draws/days',
      needs: 'patrol.read',
      handle: async ({ who, query, now }): Promise<DrawDayLine[] | Refusal> => {
        const input = read(daysQuery, query);
        if (input instanceof Refusal) return input;
        // A seed may be fixed for a day that is some days off, behind a holiday.
        const before = input.before ?? addDays(dayOf(now), 31);
        const bodies = await all<DrawBody>(store, drawsBefore(where(who, input.organ), before, linesAtOnce));
        return bodies.map(({ body }) => {
          const { day: on, organ, state, lots, swaps } = body;
          const chosen = lots.reduce((sum, each) => sum + each.chosen.length, 0);
          return { day: on, organ, state, ...(isOpenTo(who, body) ? { chosen, swaps: swaps.length } : {}) };
        });
      },
    },
    {
      method: 'GET',
      url: '/draws/board',
      needs: 'patrol.read',
      handle: async ({ who, query, now }): Promise<DrawBoard | Refusal> => {
        const input = read(boardQuery, query);
        if (input instanceof Refusal) return input;
        // A hall is not told who goes where (SC-12).
        if (who.hall !== undefined) return forbidden('the board is for supervision organs');
        return boardOf(store, world(), who, input.day ?? dayOf(now), now);
      },
    },
    {
      method: 'POST',
      url: '/duties/:id/swap',
      needs: 'patrol.visit',
      handle: async (asking): Promise<Duty | Refusal> => {
        const { who } = asking;
        const input = read(swapBody, asking.body);
        if (input instanceof Refusal) return input;
        const find = async (): Promise<Duty | undefined> =>
          (await one<DutyBody>(store, selectDuty(asking.params['id'] ?? '')))?.body;
        const duty = await find();
        if (!duty || !may(who, 'patrol.visit', duty)) return unknown('duty');
        if (duty.organ !== who.organ) return forbidden('the duty is another organ’s');
        const refused = await command(
          {
            // Back and forth between two halls are three commands, told apart by where the duty leads now.
            ...byPerson(
              asking,
              commandId(asking, `swap ${duty.id}`, JSON.stringify([duty.hall, duty.position, input])),
            ),
            kind: 'patrol.swapped',
            region: duty.region,
            duty: duty.id,
            draw: duty.draw ?? 'none',
            to: input.hall,
            reason: input.reason,
          },
          asking.key !== undefined,
        );
        return refused ?? (await find()) ?? unknown('duty');
      },
    },
  ];
}
