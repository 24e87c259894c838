/** 抽签: its seed fixed, made, published, and what a person changes of it (SC-12). */
import { endOf } from './calendar.ts';
import { refuse, type Consequences, type State } from './decide.ts';
import { drawId, type Draw } from './draw.ts';
import type { Duty } from './duty.ts';
import type { EventOf, Recorded } from './event.ts';
import type { LedgerDraft } from './state.ts';
import { timesOf } from './quota.ts';
import { isOpenOn, packOf, type World } from './world.ts';

const mostSwaps = 100;

type DrawEvent = Recorded<EventOf<'draw.committed' | 'draw.made' | 'draw.published'>>;

export function decideDraw(event: DrawEvent, state: State): Consequences {
  const before = state.draw(event.draw);
  const { region, organ, day, receivedAt: at, position } = event;
  if (event.draw !== drawId(day, organ)) return refuse('draw', 'expected <day>:<organ>');
  if (event.kind === 'draw.committed') {
    if (before) return refuse('draw', 'the seed of this draw is fixed already');
    const { commitment } = event;
    const row: Draw = {
      ...{ id: event.draw, region, organ, day, state: 'committed', commitment, committedAt: at },
      ...{ lots: [], swaps: [], position },
    };
    return done(row, at, 'draw.committed', { day, commitment });
  }
  if (!before) return refuse('draw', 'the seed of this draw was not fixed before');
  if (event.kind === 'draw.made') {
    if (before.state !== 'committed') return refuse('draw', 'the draw was made already');
    for (const { level, count, candidates, chosen } of event.lots) {
      const halls = new Set(candidates.map(({ hall }) => hall));
      const isWhole = new Set(chosen).size === chosen.length && chosen.every((hall) => halls.has(hall));
      if (!isWhole || chosen.length !== Math.min(count, halls.size))
        return refuse('lots', `the halls chosen of level ${level} are not ${count} of its candidates`);
    }
    const halls = event.lots.reduce((sum, { chosen }) => sum + chosen.length, 0);
    const of = event.lots.reduce((sum, { candidates }) => sum + candidates.length, 0);
    return done({ ...before, state: 'made', madeAt: at, lots: event.lots, position }, at, 'draw.made', {
      day,
      halls,
      of,
    });
  }
  if (before.state === 'published') return refuse('draw', 'the seed was published already');
  if (at <= endOf(day)) return refuse('day', 'a seed is published once its day is over');
  const { seed } = event;
  return done({ ...before, state: 'published', seed, publishedAt: at, position }, at, 'draw.published', { day, seed });
}

const done = (row: Draw, at: number, act: LedgerDraft['act'], facts: LedgerDraft['facts']): Consequences => ({
  puts: [{ table: 'draw', row }],
  ledger: [{ region: row.region, at, act, subject: row.id, facts }],
});

/** A drawn hall is replaced by another candidate of its lot, with a reason, as long as nobody has been there. */
export function decideSwap(event: Recorded<EventOf<'patrol.swapped'>>, state: State, world: World): Consequences {
  const duty = state.duty(event.duty);
  if (!duty) return refuse('duty', 'no such duty');
  if (duty.draw === undefined || duty.draw !== event.draw) return refuse('duty', 'only a drawn hall can be replaced');
  const isOver = duty.state !== 'planned' || event.receivedAt >= duty.dueAt;
  if (isOver || duty.done > 0 || duty.blind !== undefined)
    return refuse('duty', 'the hall was visited already, or the time for it is over');
  const draw = state.draw(duty.draw);
  const patrol = packOf(world, duty.region, duty.day)?.patrol;
  if (!draw || patrol?.swap === 'never') return refuse('duty', 'the rule pack allows no other hall than the one drawn');
  const drawnHall = duty.drawnHall ?? duty.hall;
  const lot = draw.lots.find(({ chosen }) => chosen.includes(drawnHall));
  const { to, reason, account, name, receivedAt: at, position } = event;
  if (!lot?.candidates.some(({ hall }) => hall === to)) return refuse('hall', 'expected a candidate of the same draw');
  if (draw.swaps.length >= mostSwaps) return refuse('duty', `a draw is changed ${mostSwaps} times at most`);
  const replaced = new Map(draw.swaps.map((each) => [each.duty, each.to]));
  const others = lot.chosen.filter((hall) => hall !== drawnHall).map((hall) => currentOf(draw, hall, replaced));
  if (to === duty.hall || others.includes(to)) return refuse('hall', 'the hall is visited on that day already');
  const hall = world.halls.get(to);
  if (hall && !isOpenOn(hall, duty.day)) return refuse('hall', 'the hall is closed on that day');
  // Busy hours are those of the hall that was given up.
  const { suggestedAt: _, ...kept } = duty;
  const times = hall && patrol && duty.opensAt !== undefined ? timesOf(patrol, hall, duty.day) : undefined;
  const row: Duty = { ...kept, ...times, hall: to, drawnHall, position };
  if (times && duty.nextTurn !== undefined)
    row.nextTurn = duty.nextTurn === duty.riskAt ? (times.riskAt ?? times.dueAt) : times.dueAt;
  return {
    puts: [
      { table: 'duty', row },
      {
        table: 'draw',
        row: {
          ...draw,
          swaps: [...draw.swaps, { duty: duty.id, from: duty.hall, to, reason, account, name, at }],
          position,
        },
      },
    ],
    ledger: [
      {
        ...{ region: duty.region, at, act: 'duty.swapped', subject: duty.id, hall: to, account },
        facts: { day: duty.day, from: duty.hall, to, reason },
      },
    ],
  };
}

/** Where a drawn hall's duty leads now: the id of the duty names the hall that was drawn. */
const currentOf = (draw: Draw, hall: string, replaced: ReadonlyMap<string, string>): string =>
  replaced.get(`${draw.id}:${hall}`) ?? hall;
