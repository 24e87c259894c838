import { z } from 'zod';
import { gigabyte, usualKeeping, type HallRecording } from '../model/recording.ts';
import { may } from '../model/rights.ts';
import type { Hall } from '../model/world.ts';
import type { Context } from '../platform/part.ts';
import { byPerson, ownId, type Command } from './commands.ts';
import { all, one, type Asking, type Route } from './gate.ts';
import { read, Refusal, unknown } from './problem.ts';
import { keptOfHall, limitHall, type KeptRow } from './queries/recordings.ts';

const whole = (most: number): z.ZodType<number | null> => {
  const error = `expected a whole number from 1 to ${most}, or null for what the hub keeps usually`;
  return z.int({ error }).min(1, { error }).max(most, { error }).nullable();
};
const limitsBody = z.strictObject({ days: whole(3_650), gigabytes: whole(1_000_000) });

/** How long a hall keeps what is recorded, and how much of it; retention reads it at its next round. */
export function recordingLimitRoutes(context: Context, command: Command): Route[] {
  const { store, world, settings } = context;

  function hallFor({ who, params }: Asking): Hall | undefined {
    const hall = world().halls.get(params['hall'] ?? '');
    return hall && may(who, 'camera.manage', { region: hall.region, hall: hall.id }) ? hall : undefined;
  }

  async function kept(hall: string): Promise<HallRecording> {
    const { days, bytes } = { ...usualKeeping, ...settings.recording };
    const row = await one<KeptRow>(store, keptOfHall(hall));
    return {
      hall,
      days: row?.days ?? null,
      gigabytes: row?.bytes == null ? null : row.bytes / gigabyte,
      usual: { days, gigabytes: bytes / gigabyte },
      used: row?.used ?? 0,
      ...(row?.since == null ? {} : { since: row.since }),
    };
  }

  return [
    {
      method: 'GET',
      url: '/recording-limits/:hall',
      needs: 'camera.manage',
      handle: async (asking): Promise<HallRecording | Refusal> => {
        const hall = hallFor(asking);
        return hall ? kept(hall.id) : unknown('hall');
      },
    },
    {
      method: 'POST',
      url: '/recording-limits/:hall',
      needs: 'camera.manage',
      handle: async (asking): Promise<HallRecording | Refusal> => {
        const input = read(limitsBody, asking.body);
        if (input instanceof Refusal) return input;
        const hall = hallFor(asking);
        if (!hall) return unknown('hall');
        // Into the ledger first: what goes early must be answered for.
        const refused = await command(
          {
            ...byPerson(asking, ownId(asking, `recording limits ${hall.id}`)),
            kind: 'recording.limited',
            region: hall.region,
            hall: hall.id,
            ...input,
          },
          false,
        );
        if (refused) return refused;
        const { days, gigabytes } = input;
        await all(store, limitHall(hall.id, { days, bytes: gigabytes === null ? null : gigabytes * gigabyte }));
        return kept(hall.id);
      },
    },
  ];
}
