/** Writes down what is known of evidence: pure but for the questions it asks of the store. */
import type { EventOf } from '../../hub/model/event.ts';
import type { Evidence, Manifest, ManifestFile } from '../../hub/model/evidence.ts';
import type { Gap } from '../../hub/model/recording.ts';
import { HubError } from '../../hub/model/error.ts';
import type { World } from '../../hub/model/world.ts';
import type { Runner } from '../../hub/platform/postgres.ts';
import { holes } from './footage.ts';

type CameraChanged = EventOf<'camera.changed'>;

/** A camera whose state changes oftener within a minute is broken, and the first of them say so. */
const mostStates = 200;

/** The states of a camera from before `from` until `to`. */
export async function statesOf(runner: Runner, camera: string, from: number, to: number): Promise<Manifest['states']> {
  const select = `select body from event where kind = 'camera.changed' and refused is null and body->>'camera' = $1`;
  const [before, within] = await Promise.all([
    runner.query<{ body: CameraChanged }>(
      `${select} and occurred_at <= $2 order by occurred_at desc, position desc limit 1`,
      [camera, from],
    ),
    runner.query<{ body: CameraChanged }>(
      `${select} and occurred_at > $2 and occurred_at <= $3 order by occurred_at, position limit $4`,
      [camera, from, to, mostStates],
    ),
  ]);
  return [...before, ...within].map(({ body: { state, occurredAt, detail } }) => ({
    state,
    from: occurredAt,
    ...(detail === undefined ? {} : { detail }),
  }));
}

/** The entry that the ledger has of the request. */
export async function entryOf(runner: Runner, evidence: string): Promise<Manifest['ledger']> {
  const [entry] = await runner.query<Manifest['ledger'] & Record<string, unknown>>(
    `select region, sequence, hash from ledger where subject = $1 and act = 'evidence.taken' order by sequence limit 1`,
    [evidence],
  );
  if (!entry) throw new HubError('evidence.unknown', 'the ledger has no entry of this evidence');
  return entry;
}

/** Every hole of the clip with its cause: what is known of the recording, `pending` for what is yet to come. */
export function gapsOf(
  { from, until }: Pick<Evidence, 'from' | 'until'>,
  segments: Manifest['segments'],
  known: readonly Gap[],
  pendingFrom: number | undefined,
): Manifest['gaps'] {
  const there = segments.map(({ at, seconds }) => ({ at, duration: seconds }));
  const gaps: Manifest['gaps'] = [];
  for (const hole of holes(there, from, until)) {
    const end = pendingFrom === undefined ? hole.to : Math.min(hole.to, Math.max(hole.from, pendingFrom));
    if (end > hole.from) {
      // The cause of the most of it stands for the hole.
      const shares = known
        .map(({ cause, from: begin, to }) => ({ cause, ms: Math.min(end, to) - Math.max(hole.from, begin) }))
        .filter(({ ms }) => ms > 0)
        .sort((a, b) => b.ms - a.ms);
      gaps.push({ from: hole.from, to: end, cause: shares[0]?.cause ?? 'notRecorded' });
    }
    if (end < hole.to) gaps.push({ from: end, to: hole.to, cause: 'pending' });
  }
  return gaps;
}

export interface Findings {
  version: number;
  previous?: string | undefined;
  complete: boolean;
  madeAt: number;
  software: string;
  ledger: Manifest['ledger'];
  files: ManifestFile[];
  picture?: Manifest['picture'] | undefined;
  segments: Manifest['segments'];
  gaps: Manifest['gaps'];
  states: Manifest['states'];
}

export function manifestOf(row: Evidence, found: Findings, world: World): Manifest {
  const camera = world.cameras.get(row.camera);
  const hall = world.halls.get(row.hall);
  const window = row.window === undefined ? undefined : world.windows.get(row.window);
  const { account, name, at: askedAt } = row.takenBy;
  const { previous, picture, ...rest } = found;
  return {
    kind: 'evidence',
    ...rest,
    ...(previous === undefined ? {} : { previous }),
    ...(picture ? { picture } : {}),
    evidence: row.id,
    camera: { id: row.camera, name: camera?.name ?? row.camera },
    ...(window ? { window: { id: window.id, number: window.number, name: window.name } } : {}),
    hall: { id: row.hall, name: hall?.name ?? row.hall, region: row.region },
    who: { account, name },
    why: row.why,
    ...(row.about ? { about: row.about } : {}),
    askedAt,
    at: row.at,
    from: row.from,
    until: row.until,
  };
}

/** Seconds of the clip that are there and that are missing, to the tenth. */
export function lengths(
  { from, until }: Pick<Evidence, 'from' | 'until'>,
  gaps: Manifest['gaps'],
): {
  seconds: number;
  missing: number;
} {
  const tenths = (ms: number): number => Math.round(ms / 100) / 10;
  const missing = gaps.reduce((sum, gap) => sum + (gap.to - gap.from), 0);
  return { seconds: tenths(Math.max(0, until - from - missing)), missing: tenths(Math.min(missing, until - from)) };
}
