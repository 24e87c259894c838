import { z } from 'zod';
import { closureForm } from '../model/administration.ts';
import type { CalendarYear } from '../model/adminApi.ts';
import { dayOf, endOf, isWorkingDay, startOf } from '../model/calendar.ts';
import { regionCode } from '../model/fields.ts';
import { may } from '../model/rights.ts';
import { calendarIn, chainOf, prefixOf } from '../model/world.ts';
import type { Context } from '../platform/part.ts';
import { wrong, type Administration } from './admin.ts';
import { one, type Asking, type Route } from './gate.ts';
import { conflict, read, Refusal, unknown } from './problem.ts';
import { countMoved } from './queries/admin.ts';

const yearQuery = z.object({
  year: z.coerce.number().int().min(2000).max(2100).optional(),
  region: regionCode.optional(),
});
const effectQuery = closureForm.pick({ region: true, day: true });

/** The State Council's calendar, and the days that a region closes or opens itself. */
export function adminCalendarRoutes({ store, world }: Context, { note, announce }: Administration): Route[] {
  /** How many open cases are counted anew by it. */
  async function effect(region: string, day: string): Promise<number> {
    const found = await one<{ cases: number }>(store, countMoved(prefixOf(region), startOf(day), endOf(day)));
    return found?.cases ?? 0;
  }

  /** What a day of a region may become: it lies in the future, in the person's own region. */
  function hindered({ who, now }: Asking, region: string, day: string): Refusal | undefined {
    if (!world().regions.has(region) || !may(who, 'place.manage', { region }))
      return wrong({ field: 'region', reason: 'expected your own region or one below it' });
    // The clocks of today have been counted by it already.
    return day > dayOf(now) ? undefined : wrong({ field: 'day', reason: 'expected a day in the future' });
  }

  return [
    {
      method: 'GET',
      url: '/admin/calendar',
      needs: 'place.manage',
      handle: async ({ who, query: given, now }): Promise<CalendarYear | Refusal> => {
        const query = read(yearQuery, given);
        if (query instanceof Refusal) return query;
        const today = dayOf(now);
        const { year = Number(today.slice(0, 4)), region = who.region } = query;
        if (!may(who, 'place.manage', { region })) return unknown('region');
        const { calendar, regions } = world();
        const isOf = (day: string): boolean => day.startsWith(`${year}-`);
        return {
          year,
          published: calendar.years.has(year),
          years: [...calendar.years].sort((a, b) => a - b),
          days: [...calendar.days].flatMap(([day, what]) => (isOf(day) ? [{ day, ...what }] : [])),
          closures: chainOf(region)
            .flatMap((each) =>
              [...(calendar.closures?.get(each) ?? [])].map(([day, what]) => ({
                ...{ region: each, regionName: regions.get(each)?.name ?? each, day, ...what },
                isOwn: may(who, 'place.manage', { region: each }),
              })),
            )
            .filter(({ day }) => isOf(day))
            .sort((a, b) => (a.day < b.day ? -1 : 1)),
          today,
        };
      },
    },
    {
      method: 'GET',
      url: '/admin/closures/effect',
      needs: 'place.manage',
      handle: async (asking): Promise<{ cases: number } | Refusal> => {
        const query = read(effectQuery, asking.query);
        if (query instanceof Refusal) return query;
        return hindered(asking, query.region, query.day) ?? { cases: await effect(query.region, query.day) };
      },
    },
    {
      method: 'POST',
      url: '/admin/closures',
      needs: 'place.manage',
      handle: async (asking): Promise<{ cases: number } | Refusal> => {
        const form = read(closureForm, asking.body);
        if (form instanceof Refusal) return form;
        const { region, day, working, name } = form;
        const refusal = hindered(asking, region, day);
        if (refusal) return refusal;
        const present = world();
        if (isWorkingDay(calendarIn(present, region), day) === working)
          return conflict('day', working ? 'the day is a working day already' : 'the day is closed already');
        const cases = await effect(region, day);
        // The region has said the contrary of this day before: that is written over.
        const before = present.calendar.closures?.get(region)?.get(day);
        const refused = await note(asking, {
          ...{ region, what: 'closure', act: before ? 'changed' : 'added', subject: day, title: name },
          ...{ before: before ? { day, working: before.working } : {}, after: { day, working } },
        });
        if (refused) return refused;
        await store.query(
          `insert into calendar_closure (region, day, working, name) values ($1, $2, $3, $4)
           on conflict (region, day) do update set working = excluded.working, name = excluded.name`,
          [region, day, working, name],
        );
        await announce((now) => now.calendar.closures?.get(region)?.get(day)?.working === working);
        return { cases };
      },
    },
    {
      method: 'DELETE',
      url: '/admin/closures/:region/:day',
      needs: 'place.manage',
      handle: async (asking): Promise<{ cases: number } | Refusal> => {
        const { region = '', day = '' } = asking.params;
        const refusal = hindered(asking, region, day);
        if (refusal) return refusal;
        const found = world().calendar.closures?.get(region)?.get(day);
        if (!found) return unknown('closed day');
        const cases = await effect(region, day);
        const { working, name } = found;
        const refused = await note(asking, {
          ...{
            region,
            what: 'closure',
            act: 'removed',
            subject: day,
            title: name,
            before: { day, working },
            after: {},
          },
        });
        if (refused) return refused;
        await store.query('delete from calendar_closure where region = $1 and day = $2', [region, day]);
        await announce((now) => now.calendar.closures?.get(region)?.get(day) === undefined);
        return { cases };
      },
    },
  ];
}
