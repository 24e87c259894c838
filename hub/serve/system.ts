import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { SystemStatus, Vocabulary } from '../model/api.ts';
import { dayOf } from '../model/calendar.ts';
import type { RulePack } from '../model/pack.ts';
import type { RecordingState } from '../model/recording.ts';
import type { CameraStatus } from '../model/state.ts';
import { chainOf, packOf, prefixOf } from '../model/world.ts';
import type { Context } from '../platform/part.ts';
import { all, one, type Route } from './gate.ts';
import { Kept } from './kept.ts';
import type { Refusal } from './problem.ts';
import { unknown } from './problem.ts';
import { camerasInScope, countEvents, countSources, type CountRow, type SourceRow } from './queries/system.ts';
import { countDeliveries, type DeliveryCount } from './queries/notices.ts';
import type { Scope } from './queries/scope.ts';

interface StatusBody extends Record<string, unknown> {
  body: CameraStatus;
}

/** Counting the archive takes long on a large one, and nobody needs it to the second. */
const keptMs = 15_000;
const mostKept = 100;
const recordingWithin = 1_000;

export function systemRoutes({ store, bus, world, settings }: Context): Route[] {
  const counts = new Kept<Pick<SystemStatus, 'events' | 'sources'>>(keptMs, mostKept);

  async function count(scope: Scope): Promise<Pick<SystemStatus, 'events' | 'sources'>> {
    const [events, sources] = await Promise.all([
      one<CountRow>(store, countEvents),
      all<SourceRow>(store, countSources(scope)),
    ]);
    return {
      events: events?.count ?? 0,
      sources: sources.map(({ id, name, events: kept, refused, last_at }) => ({
        id,
        name,
        events: kept,
        refused,
        ...(last_at === null ? {} : { lastAt: last_at }),
      })),
    };
  }

  /** Messages that became no event, and events the recorder has still to write. */
  async function log(): Promise<{ refused: number; pending: number }> {
    const { state } = await bus.manager.streams.info('REFUSED');
    let pending = 0;
    for await (const consumer of bus.manager.consumers.list('EVENTS'))
      pending += consumer.num_pending + consumer.num_ack_pending;
    return { refused: state.messages, pending };
  }

  async function deliveries(now: number): Promise<NonNullable<SystemStatus['notices']>> {
    const counted = await one<DeliveryCount>(store, countDeliveries(now - 86_400_000));
    const { smtp, webhook, sms } = settings.notify ?? {};
    return {
      channels: [...(smtp ? ['email'] : []), ...(webhook ? ['webhook'] : []), ...(sms ? ['sms'] : [])],
      waiting: counted?.waiting ?? 0,
      failed: counted?.failed ?? 0,
      ...(counted?.last ? { last: counted.last } : {}),
    };
  }

  /** Nothing while the stream part is away. */
  async function recording(scope: Scope): Promise<SystemStatus['recording']> {
    const state = await bus.ask<RecordingState>('stream.recording', {}, recordingWithin).catch(() => undefined);
    if (!state) return undefined;
    const stopped = state.stopped.flatMap((each) => {
      const hall = world().halls.get(each.hall);
      if (!hall?.region.startsWith(scope.prefix) || (scope.hall !== undefined && scope.hall !== hall.id)) return [];
      return [{ ...each, hallName: hall.name, ...(hall.nameEn === undefined ? {} : { hallNameEn: hall.nameEn }) }];
    });
    return { bytes: state.bytes, dropped: state.dropped, stopped };
  }

  return [
    {
      method: 'GET',
      url: '/system',
      needs: 'system.read',
      handle: async ({ scope, now }): Promise<SystemStatus> => {
        const present = world();
        const [counted, logged, cameras, notices, recorded] = await Promise.all([
          counts.get(scope.prefix, now, () => count(scope)),
          log(),
          all<StatusBody>(store, camerasInScope(scope)),
          deliveries(now),
          recording(scope),
        ]);
        return {
          version,
          tier: store.tier,
          parts: settings.roles,
          ...counted,
          ...logged,
          notices,
          ...(recorded ? { recording: recorded } : {}),
          cameras: cameras.map(({ body }) => {
            const camera = present.cameras.get(body.camera);
            const hall = present.halls.get(body.hall);
            const window = camera?.window === undefined ? undefined : present.windows.get(camera.window);
            return {
              ...body,
              ...(camera ? { name: camera.name } : {}),
              ...(camera?.nameEn === undefined ? {} : { nameEn: camera.nameEn }),
              ...(hall ? { hallName: hall.name } : {}),
              ...(hall?.nameEn === undefined ? {} : { hallNameEn: hall.nameEn }),
              ...(window ? { windowNumber: window.number } : {}),
            };
          }),
        };
      },
    },
    {
      method: 'GET',
      url: '/vocabulary',
      needs: 'signedIn',
      line: true,
      handle: async ({ who, now }): Promise<Vocabulary | Refusal> => {
        const present = world();
        const pack = packOf(present, who.region, dayOf(now));
        if (!pack) return unknown('rule pack in force');
        // A region's matters are its own, those it inherits, and those of the regions below.
        const above = new Set(chainOf(who.region));
        const isNear = (region: string): boolean => above.has(region) || region.startsWith(prefixOf(who.region));
        const matters = new Map(
          [...present.matters.values()]
            .filter((each) => isNear(each.region) && !each.secret)
            .map((each) => [each.code, each]),
        );
        return {
          levels: pack.levels,
          findings: pack.findings,
          pack: pack.id,
          packTitle: pack.title,
          patrol: pack.patrol,
          ...(pack.settings?.functions === undefined ? {} : { functions: pack.settings.functions.has }),
          // A pack that was stored before there were any has none.
          byHand: (pack as Partial<RulePack>).byHand ?? [],
          ...(pack.trial ? { trial: true as const } : {}),
          matters: [...matters.values()].map(({ code, name, nameEn }) => ({
            code,
            name,
            ...(nameEn === undefined ? {} : { nameEn }),
          })),
          departments: [...present.departments.values()]
            .filter((each) => isNear(each.region))
            .map(({ id, name, nameEn }) => ({ id, name, ...(nameEn === undefined ? {} : { nameEn }) })),
          regions: [...present.regions.values()]
            .filter((each) => each.code.startsWith(prefixOf(who.region)))
            .map(({ code, name, nameEn }) => ({ code, name, ...(nameEn === undefined ? {} : { nameEn }) })),
        };
      },
    },
  ];
}

/** From the nearest package.json above, in the source tree and beside a bundle alike. */
const version = (() => {
  for (let folder = dirname(fileURLToPath(import.meta.url)); folder !== dirname(folder); folder = dirname(folder)) {
    try {
      const { version: found } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version?: string };
      if (found !== undefined) return found;
    } catch {
      // Not in this folder.
    }
  }
  return 'unknown';
})();
