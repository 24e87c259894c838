import { createHash, randomBytes } from 'node:crypto';
import type { CaseEvent } from '../../hub/model/event.ts';
import { dayOf } from '../../hub/model/calendar.ts';
import type { TestHub } from '../support/hub.ts';

export const region = '510104';

/** The plain life of a casefile: five events over two days, every tenth one late. */
export function casework(
  prefix: string,
  howMany: number,
  matters: readonly string[],
  windows: readonly string[],
): CaseEvent[] {
  const events: CaseEvent[] = [];
  const day = 86_400_000;
  const start = Date.now() - 60 * day;
  for (let number = 0; events.length < howMany; number += 1) {
    const common = {
      region,
      source: 'bench',
      casefile: `${prefix}-${number}`,
      window: windows[number % windows.length]!,
      handler: '0712',
    };
    const at = start + (number % 20_000) * 60_000;
    const matter = matters[number % matters.length]!;
    events.push(
      {
        kind: 'case.received',
        id: `${prefix}-${number}-1`,
        ...common,
        matter,
        occurredAt: at,
        applicant: { name: '某某公司', class: 'enterprise' },
      },
      { kind: 'case.accepted', id: `${prefix}-${number}-2`, ...common, matter, occurredAt: at + 600_000 },
      { kind: 'case.stepped', id: `${prefix}-${number}-3`, ...common, step: '审核', occurredAt: at + day },
      {
        kind: 'case.decided',
        id: `${prefix}-${number}-4`,
        ...common,
        outcome: 'approved',
        occurredAt: at + (number % 10 === 0 ? 40 : 2) * day,
      },
      {
        kind: 'case.completed',
        id: `${prefix}-${number}-5`,
        ...common,
        occurredAt: at + (number % 10 === 0 ? 40 : 2) * day,
      },
    );
  }
  return events.slice(0, howMany);
}

/** Matters with limits and the demo hall's windows, as seeded. */
export async function places({ context }: TestHub): Promise<{ matters: string[]; windows: string[] }> {
  const world = context.world();
  const matters = [...world.matters.values()]
    // Decided after two days, a case of such a matter is in time.
    .filter((matter) => matter.region === '510000' && (matter.promisedDays ?? 0) >= 5)
    .map((matter) => matter.code);
  const windows = [...world.windows.values()]
    .filter((window) => window.hall === 'hall-510104-1')
    .map((window) => window.id);
  if (matters.length === 0 || windows.length === 0) throw new Error(`nothing seeded by ${dayOf(Date.now())}`);
  return { matters, windows };
}

/** A source that may send to the whole province. */
export async function sourceToken({ context }: TestHub): Promise<string> {
  const token = randomBytes(24).toString('base64url');
  await context.store.query(
    'insert into source (id, name, token_hash, region, created_at) values ($1, $1, $2, $3, 0)',
    ['bench', createHash('sha256').update(token).digest(), '510000'],
  );
  return token;
}
