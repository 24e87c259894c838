import { z } from 'zod';
import type { DutyDay, VisitDetail } from '../model/api.ts';
import { dayOf, isWorkingDay, startOf } from '../model/calendar.ts';
import { identifier, longText, shortText } from '../model/fields.ts';
import { seenPerson } from '../model/findingEvents.ts';
import { dutyAsNeeded } from '../model/line.ts';
import { departmentsOf, may, type Identity } from '../model/rights.ts';
import type { Duty, Finding, Visit } from '../model/state.ts';
import { calendarIn } from '../model/world.ts';
import type { Context } from '../platform/part.ts';
import { byPerson, clickId, commandId, type Command } from './commands.ts';
import { all, one, type Asking, type Route } from './gate.ts';
import { watchedHall, windowsFor } from './halls.ts';
import { conflict, forbidden, read, Refusal, unknown } from './problem.ts';
import type { FindingBody } from './queries/findings.ts';
import {
  countVisits,
  dutiesOfDay,
  findingsOfVisit,
  monthOfDuties,
  openVisitOf,
  selectDuty,
  selectFinding,
  selectVisit,
  visitsOfDuties,
  type DutyBody,
  type MonthRow,
  type VisitBody,
} from './queries/patrol.ts';
import { watching } from './views.ts';

const dutiesQuery = z.object({ day: z.iso.date().optional() });
/** A duty that is owed, or the hall of a patrol as needed (SC-15). */
const startBody = z
  .strictObject({ duty: identifier.optional(), hall: identifier.optional(), visit: identifier.optional() })
  .refine(({ duty, hall }) => (duty === undefined) !== (hall === undefined), {
    path: ['duty'],
    message: 'expected a duty, or the hall of a patrol as needed',
  });
const findingBody = z.strictObject({
  window: identifier,
  code: shortText,
  note: longText.optional(),
  person: seenPerson.optional(),
});
/** The stream part answers with a picture or says why there is none; a click waits no longer. */
const snapshotWithin = 6_000;

/** A hall is not told beforehand that it will be visited (SC-12): of its duties it sees those that somebody began with. */
const isToldTo =
  (who: Identity, visits: readonly Visit[]) =>
  ({ body }: DutyBody): boolean =>
    who.hall === undefined || visits.some((each) => each.duty === body.id);

/** What is still to come of it is not told either. */
const withoutPlan = ({ suggestedAt: _, nextTurn: __, ...duty }: Duty): Duty => duty;

/** Duties and visits (巡查). `flush` writes the page reports that still wait in memory. */
export function patrolRoutes(context: Context, command: Command, flush: () => Promise<void>): Route[] {
  const { store, world, bus, log } = context;

  async function visitFor(who: Identity, id: string): Promise<Visit | undefined> {
    const visit = (await one<VisitBody>(store, selectVisit(id)))?.body;
    return visit && may(who, 'patrol.read', visit) ? visit : undefined;
  }

  /** The visit, when it is the person's own to go on with. */
  async function ownVisit(who: Identity, id: string): Promise<Visit | Refusal> {
    const visit = await visitFor(who, id);
    if (!visit) return unknown('visit');
    return visit.account === who.account ? visit : forbidden('only the person who started a visit can go on with it');
  }

  /** A finding without a picture is still a finding: the camera may be what was found. */
  async function snapshot(camera: string | undefined): Promise<{ snapshot: { sha256: string; at: number } } | object> {
    if (camera === undefined) return {};
    try {
      const { sha256, at } = await bus.ask<{ sha256: string; at: number }>(
        'stream.snapshot',
        { camera },
        snapshotWithin,
      );
      return { snapshot: { sha256, at: Math.round(at) } };
    } catch (error) {
      log.debug({ err: error, camera }, 'no snapshot for a finding');
      return {};
    }
  }

  return [
    {
      method: 'GET',
      url: '/duties',
      needs: 'patrol.read',
      line: true,
      handle: async ({ who, scope, query, now }): Promise<DutyDay | Refusal> => {
        const input = read(dutiesQuery, query);
        if (input instanceof Refusal) return input;
        const day = input.day ?? dayOf(now);
        const present = world();
        const calendar = calendarIn(present, who.region);
        const [duties, month, open] = await Promise.all([
          all<DutyBody>(store, dutiesOfDay(scope, who.organ, day)),
          one<MonthRow>(store, monthOfDuties(scope, who.organ, `${day.slice(0, 7)}-01`, day)),
          one<VisitBody>(store, openVisitOf(who.account, startOf(dayOf(now)))),
        ]);
        const visits = (await all<VisitBody>(store, visitsOfDuties(duties.map(({ body }) => body.id)))).map(
          ({ body }) => body,
        );
        const dayName = calendar.days.get(day)?.name;
        return {
          day,
          workingDay: isWorkingDay(calendar, day),
          ...(dayName === undefined ? {} : { dayName }),
          ...(open && may(who, 'patrol.visit', open.body) ? { openVisit: open.body } : {}),
          duties: duties.filter(isToldTo(who, visits)).map(({ body }) => {
            const hall = present.halls.get(body.hall);
            const hallNameEn = hall?.nameEn;
            return {
              ...(who.hall === undefined ? body : withoutPlan(body)),
              hallName: hall?.name ?? body.hall,
              ...(hallNameEn === undefined ? {} : { hallNameEn }),
              visits: visits.filter((each) => each.duty === body.id),
            };
          }),
          month: month ?? { required: 0, done: 0, findings: 0 },
        };
      },
    },
    {
      method: 'POST',
      url: '/visits',
      needs: 'patrol.visit',
      line: true,
      handle: async (asking): Promise<Visit | Refusal> => {
        const { who, now } = asking;
        const input = read(startBody, asking.body);
        if (input instanceof Refusal) return input;
        const asked = input.duty ?? (await neededNow(asking, input.hall!));
        if (asked instanceof Refusal) return asked;
        const duty = (await one<DutyBody>(store, selectDuty(asked)))?.body;
        if (!duty || !may(who, 'patrol.visit', duty)) return unknown('duty');
        if (duty.organ !== who.organ) return forbidden('the duty is another organ’s');
        if (duty.day !== dayOf(now)) return conflict('duty', `the duty is for ${duty.day}, not for today`);
        const windows = watchable(who, duty);
        if (windows.length === 0) return conflict('duty', 'no window of the hall has a camera');
        // Without a key, a second click within the same visit is the same command: the count changes when it is finished.
        const made = await one<{ count: number }>(store, countVisits(duty.id, who.account));
        const id = commandId(asking, `visit ${duty.id} ${input.visit ?? ''}`, String(made?.count ?? 0));
        const visit = input.visit ?? `visit-${id}`;
        const refused = await command(
          {
            ...byPerson(asking, id),
            kind: 'patrol.visitStarted',
            // A visit is the hall's from its beginning on: whoever looks after the hall hears of it now, and not of the duty before.
            region: world().halls.get(duty.hall)?.region ?? duty.region,
            visit,
            duty: duty.id,
            hall: duty.hall,
            windows,
          },
          asking.key !== undefined,
        );
        return refused ?? (await visitFor(who, visit)) ?? unknown('visit');
      },
    },
    {
      method: 'GET',
      url: '/visits/:id',
      needs: 'patrol.read',
      line: true,
      handle: async ({ who, params }): Promise<VisitDetail | Refusal> => {
        const visit = await visitFor(who, params['id'] ?? '');
        if (!visit) return unknown('visit');
        const findings = (await all<FindingBody>(store, findingsOfVisit(visit.id))).map(({ body }) => body);
        return { visit, findings };
      },
    },
    {
      method: 'POST',
      url: '/visits/:id/finish',
      needs: 'patrol.visit',
      line: true,
      handle: async (asking): Promise<Visit | Refusal> => {
        const { who, now } = asking;
        const visit = await ownVisit(who, asking.params['id'] ?? '');
        if (visit instanceof Refusal) return visit;
        await flush();
        const { views, watched, refused: worthless, digest } = await watching(context, visit, now);
        const refused = await command(
          {
            ...byPerson(asking, commandId(asking, `finish ${visit.id}`, '')),
            kind: 'patrol.visitFinished',
            region: visit.region,
            visit: visit.id,
            views,
            watched,
            ...(worthless ? { refused: worthless } : {}),
            digest,
          },
          asking.key !== undefined,
        );
        return refused ?? (await visitFor(who, visit.id)) ?? unknown('visit');
      },
    },
    {
      method: 'POST',
      url: '/visits/:id/findings',
      needs: 'finding.record',
      line: true,
      handle: async (asking): Promise<Finding | Refusal> => {
        const { who } = asking;
        const input = read(findingBody, asking.body);
        if (input instanceof Refusal) return input;
        const visit = await ownVisit(who, asking.params['id'] ?? '');
        if (visit instanceof Refusal) return visit;
        if (visit.state !== 'open')
          return conflict('visit', 'the visit is finished: a finding belongs to an open visit');
        if (!visit.windows.includes(input.window)) return conflict('window', 'the window is not part of this visit');
        const camera = [...world().cameras.values()].find((each) => each.window === input.window && each.enabled)?.id;
        const id = clickId(asking, `finding ${visit.id}`, input);
        const refused = await command(
          {
            ...byPerson(asking, id),
            kind: 'patrol.findingRecorded',
            region: visit.region,
            finding: `finding-${id}`,
            visit: visit.id,
            window: input.window,
            ...(camera === undefined ? {} : { camera }),
            code: input.code,
            ...(input.note === undefined ? {} : { note: input.note }),
            ...(input.person ? { person: input.person } : {}),
            ...(await snapshot(camera)),
          },
          asking.key !== undefined,
        );
        return refused ?? (await one<FindingBody>(store, selectFinding(`finding-${id}`)))?.body ?? unknown('finding');
      },
    },
  ];

  /**
   * Windows of a duty's hall that the person may watch and that have a camera switched on, in the order of their numbers. Where none has, all with a camera: that
   * nothing of the hall could be inspected is found out by visiting it.
   */
  function watchable(who: Identity, duty: Duty): string[] {
    const present = world();
    const hall = present.halls.get(duty.hall);
    if (!hall) return [];
    const cameras = [...present.cameras.values()].filter((each) => each.hall === hall.id);
    const on = cameras.filter((each) => each.enabled && each.window !== undefined);
    const seen = new Set((on.length > 0 ? on : cameras).map((each) => each.window));
    return windowsFor(present, who, hall, duty.day)
      .filter((each) => seen.has(each.id))
      .map((each) => each.id)
      .slice(0, 200);
  }

  /** SC-15: the duty of today's patrol as needed; it stands in the log from the moment somebody begins with it. */
  async function neededNow(asking: Asking, id: string): Promise<string | Refusal> {
    const { who, now } = asking;
    const present = world();
    const day = dayOf(now);
    const hall = watchedHall(present, who, id, day);
    if (!hall) return unknown('hall');
    const planned = dutyAsNeeded(present, departmentsOf(who) && present.organs.get(who.organ ?? ''), hall, day);
    if (!('kind' in planned)) return conflict(planned.field, planned.reason);
    if (await one<DutyBody>(store, selectDuty(planned.duty))) return planned.duty;
    return (await command(planned, false)) ?? planned.duty;
  }
}
