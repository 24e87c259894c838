/** `hallwatch draw verify DAY`: recomputes what was drawn on a day (SC-12), from the store or from a file of published data. */
import { readFile, stat } from 'node:fs/promises';
import { z } from 'zod';
import { startOf } from '../model/calendar.ts';
import { faultsOf, type Draw, type DrawFault } from '../model/draw.ts';
import { drawMade } from '../model/dutyEvents.ts';
import { HubError } from '../model/error.ts';
import { identifier } from '../model/fields.ts';
import { digestOfText } from '../platform/digest.ts';
import { withBackend } from './backend.ts';

type Checked = Omit<Draw, 'position' | 'region' | 'swaps'> & { swaps?: unknown[] | undefined };

const largestFile = 2 ** 22;

/** The answer of `GET /api/draws?day=`: what is not needed to recompute is not looked at. */
const published = z.object({
  draws: z
    .array(
      z.object({
        id: identifier,
        organ: identifier,
        day: z.iso.date(),
        state: z.enum(['committed', 'made', 'published']),
        commitment: z.hash('sha256'),
        committedAt: z.number(),
        lots: drawMade.shape.lots.or(z.array(z.never())).optional(),
        swaps: z.array(z.unknown()).optional(),
        seed: z
          .string()
          .regex(/^[0-9a-f]{64}$/)
          .optional(),
      }),
    )
    .max(200),
});

export interface DrawFlags {
  organ?: string;
  file?: string;
  json?: boolean;
}

/** True when every draw of the day is what its seed gives, and the seed is the one that was fixed. False without any. */
export async function verifyDrawCommand(day: string, flags: DrawFlags): Promise<boolean> {
  const found = flags.file === undefined ? await fromStore(day) : await fromFile(flags.file);
  const draws = found.filter((each) => each.day === day && (flags.organ === undefined || each.organ === flags.organ));
  if (draws.length === 0) {
    console.log(flags.json ? '[]' : `no draw of ${day}`);
    return false;
  }
  const checked = draws.map((draw) => ({
    draw,
    faults: faultsOf(digestOfText, draw, startOf(draw.day)),
  }));
  if (flags.json)
    console.log(
      JSON.stringify(checked.map(({ draw: { id, state, seed }, faults }) => ({ draw: id, state, seed, faults }))),
    );
  else
    for (const { draw, faults } of checked) {
      const halls = draw.lots.map(
        ({ level, candidates, chosen }) => `${level} ${chosen.length} of ${candidates.length}`,
      );
      const swaps = draw.swaps && draw.swaps.length > 0 ? [`replaced by people ${draw.swaps.length}`] : [];
      console.log(
        `${draw.id}: ${[...halls, ...swaps].join(', ')}: ${faults.length === 0 ? 'as it was fixed' : 'not right'}`,
      );
      for (const fault of faults) console.log(`  ${inWords(fault)}`);
    }
  return checked.every(({ faults }) => faults.length === 0);
}

function inWords(fault: DrawFault): string {
  switch (fault.what) {
    case 'unpublished':
      return 'its seed is not published yet: it is, once the day is over';
    case 'commitment':
      return `its seed gives ${fault.found}, and ${fault.expected} was fixed before`;
    case 'committedLate':
      return `its seed was fixed at ${new Date(fault.at).toISOString()}, when its day had begun`;
    case 'chosen':
      return `${fault.level}: its seed draws ${fault.expected.join(' ')}, and it says ${fault.found.join(' ')}`;
  }
}

/** What the store says of the day. The moment and the hash that the ledger has of the commitment win: its chain keeps them. */
async function fromStore(day: string): Promise<Checked[]> {
  return withBackend(async ({ store }) => {
    const rows = await store.query<{ body: Draw; commitment: string | null; at: number | null }>(
      `select d.body, l.body->'facts'->>'commitment' as commitment, l.at from draw d
        left join ledger l on l.subject = d.id and l.act = 'draw.committed' where d.day = $1 order by d.id`,
      [day],
    );
    return rows.map(({ body, commitment, at }) => ({
      ...body,
      commitment: commitment ?? body.commitment,
      committedAt: at ?? body.committedAt,
    }));
  });
}

async function fromFile(file: string): Promise<Checked[]> {
  const size = await stat(file).then(
    (found) => found.size,
    (cause: unknown) => {
      throw new HubError('cli.input', `--file: ${file} cannot be read`, { cause });
    },
  );
  if (size > largestFile) throw new HubError('cli.input', `--file: expected at most ${largestFile} bytes`);
  let value: unknown;
  try {
    value = JSON.parse(await readFile(file, 'utf8'));
  } catch (cause) {
    throw new HubError('cli.input', `--file: ${file} is not JSON`, { cause });
  }
  const read = published.safeParse(value);
  if (!read.success) {
    const [issue] = read.error.issues;
    throw new HubError('cli.input', `--file: ${file}: ${issue!.path.join('.')}: ${issue!.message}`);
  }
  return read.data.draws.map(({ lots, seed, swaps, ...draw }) => ({
    ...draw,
    lots: lots ?? [],
    ...(seed === undefined ? {} : { seed }),
    ...(swaps === undefined ? {} : { swaps }),
  }));
}
