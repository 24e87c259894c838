import { describe, expect, it } from 'vitest';
import type { EventOf } from '../../hub/model/event.ts';
import { packOf, packVersionOf } from '../../hub/model/world.ts';
import { Play } from '../support/play.ts';
import { packFor, smallWorld } from '../support/world.ts';

const noon = Date.parse('2026-03-02T12:00:00+08:00');
const activation = (change: Partial<EventOf<'pack.activated'>> = {}): EventOf<'pack.activated'> => ({
  kind: 'pack.activated',
  id: 'a1',
  region: '510104',
  source: 'serve',
  occurredAt: noon,
  account: 'zhao',
  name: 'Zhao',
  pack: 'pack-510104',
  version: 2,
  effectiveFrom: '2026-03-03',
  digest: '0'.repeat(64),
  body: '{}',
  author: 'li',
  ...change,
});

describe('the activation of a pack', () => {
  it('is noted with version, digest, author and the first day', () => {
    const { refused, ledger } = new Play(smallWorld()).tell(activation());
    expect(refused).toBeUndefined();
    expect(ledger).toEqual([
      expect.objectContaining({
        act: 'pack.activated',
        subject: 'pack-510104@2',
        account: 'zhao',
        facts: {
          pack: 'pack-510104',
          version: 2,
          effectiveFrom: '2026-03-03',
          digest: '0'.repeat(64),
          author: 'li',
        },
      }),
    ]);
  });

  it('is refused to the author of the draft (SC-29)', () => {
    const { refused, ledger } = new Play(smallWorld()).tell(activation({ account: 'li' }));
    expect(refused?.field).toBe('account');
    expect(ledger).toEqual([]);
  });

  it('is refused for today, and for a midnight less than an hour away', () => {
    const play = new Play(smallWorld());
    expect(play.tell(activation({ effectiveFrom: '2026-03-02' })).refused?.field).toBe('effectiveFrom');
    const late = Date.parse('2026-03-02T23:00:01+08:00');
    expect(play.tell(activation({ occurredAt: late })).refused?.field).toBe('effectiveFrom');
    expect(play.tell(activation({ occurredAt: late - 1_000 })).refused).toBeUndefined();
  });
});

describe('versions of a pack', () => {
  const first = packFor('510104');
  const second = { ...first, version: 2, effectiveFrom: '2026-03-03' };
  const world = {
    ...smallWorld(),
    packs: new Map([
      [first.id, second],
      [`${first.id}@1`, first],
    ]),
  };

  it('hold from their own first day on', () => {
    expect(packOf(world, '510104', '2026-03-02')?.version).toBe(1);
    expect(packOf(world, '510104', '2026-03-03')?.version).toBe(2);
  });

  it('are found by the number that a signal keeps', () => {
    expect(packVersionOf(world, first.id, 1)?.version).toBe(1);
    expect(packVersionOf(world, first.id, 2)?.version).toBe(2);
    expect(packVersionOf(world, 'other', 1)).toBeUndefined();
  });

  it('of the same first day are decided by the higher number', () => {
    const same = { ...second, version: 3 };
    const packs = new Map([
      ['b', same],
      ['a', second],
    ]);
    expect(packOf({ ...world, packs }, '510104', '2026-04-01')?.version).toBe(3);
  });
});
