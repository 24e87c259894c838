import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Event } from '../../hub/model/event.ts';
import type { Release } from '../../hub/model/evidence.ts';
import { between, endOf, holes, merge, type Footage } from '../../stream/evidence/footage.ts';
import { rangeOf } from '../../stream/evidence/http.ts';
import { gapsOf, lengths } from '../../stream/evidence/manifest.ts';
import { escaped, watermarkOf } from '../../stream/evidence/watermark.ts';
import { Play } from '../support/play.ts';
import { packFor, smallWorld } from '../support/world.ts';

const noon = Date.parse('2026-03-02T12:00:00+08:00');
const days = 86_400_000;
const hash = 'a'.repeat(64);

function playing(evidence: object = { article: 'art. 18', approval: 'ownOrgan', openScores: false }): {
  play: Play;
  tell: (event: object, at?: number) => string | undefined;
} {
  const pack = packFor('510104', { settings: { evidence } as never });
  const base = smallWorld({ pack });
  const world = {
    ...base,
    regions: new Map([
      ...base.regions,
      ['510000', { code: '510000', level: 'province' as const, name: '四川省', demo: true }],
      ['510100', { code: '510100', level: 'city' as const, name: '成都市', demo: true }],
    ]),
    cameras: new Map([['c1', { ...cameraOf, id: 'c1' }]]),
  };
  const play = new Play(world as never);
  let id = 0;
  const tell = (event: object, at = noon): string | undefined =>
    play.tell(
      {
        id: `e${(id += 1)}`,
        region: '510104',
        source: 't',
        occurredAt: at,
        ...(fits(event) ? common : byPerson),
        ...event,
      } as Event,
      at,
    ).refused?.field;
  return { play, tell };
}
const cameraOf = { hall: 'hall-1', window: 'w1', name: '1', enabled: true };
const byPerson = { account: 'li', name: '李', hall: 'hall-1' };
const common = { ...byPerson, evidence: 'v1' };
const fits = (event: object): boolean => 'kind' in event && String(event.kind).startsWith('evidence.');
const taken = {
  kind: 'evidence.taken',
  camera: 'c1',
  at: noon,
  from: noon - 30_000,
  until: noon + 30_000,
  why: '空岗',
};
const sealed = { kind: 'evidence.sealed', version: 1, digest: hash, complete: true, seconds: 60, missing: 0 };
const asked = { kind: 'evidence.requested', release: 'r1', act: 'view', purpose: '核查' };
const answer = { kind: 'evidence.answered', release: 'r1', account: 'zhao', name: '赵', organRegion: '510104' };
const released = { kind: 'evidence.released', release: 'r1', digest: hash, sha256: hash, bytes: 9 };

/** Up to a released copy, or what stopped it. */
function release(tell: (event: object, at?: number) => string | undefined): void {
  for (const event of [taken, sealed, asked, { ...answer, outcome: 'approved' }, released])
    expect(tell(event)).toBeUndefined();
}

describe('evidence', () => {
  it('is taken once, of a camera in its hall, and of no moment to come', () => {
    const { play, tell } = playing();
    expect(tell({ ...taken, camera: 'nobody' })).toBe('camera');
    expect(tell({ ...taken, at: noon + 20_000 })).toBe('at');
    expect(tell(taken)).toBeUndefined();
    expect(tell(taken)).toBeUndefined();
    expect(play.ledger).toHaveLength(1);
    expect(play.ledger[0]).toMatchObject({
      act: 'evidence.taken',
      account: 'li',
      facts: { window: 'w1', why: '空岗' },
    });
    expect(play.evidence('v1')).toMatchObject({ state: 'taken', window: 'w1', takenBy: { account: 'li', at: noon } });
  });

  it('is sealed version by version, and not once it is complete', () => {
    const { play, tell } = playing();
    tell(taken);
    expect(tell({ ...sealed, version: 2 })).toBe('version');
    expect(tell({ ...sealed, complete: false, missing: 30 })).toBeUndefined();
    expect(play.evidence('v1')).toMatchObject({ state: 'begun', missing: 30 });
    expect(tell({ ...sealed, version: 2 })).toBeUndefined();
    expect(tell({ ...sealed, version: 3 })).toBe('evidence');
    expect(play.evidence('v1')!.manifests).toHaveLength(2);
  });

  it('is asked for when it is complete, with a purpose', () => {
    const { tell } = playing();
    tell(taken);
    expect(tell(asked)).toBe('evidence');
    tell(sealed);
    expect(tell(asked)).toBeUndefined();
    expect(tell(asked)).toBe('release');
  });

  it('is released by the organ of its own level, and never by who asked (SC-32, SC-29)', () => {
    const { play, tell } = playing();
    for (const event of [taken, sealed, asked]) tell(event);
    expect(tell({ ...answer, outcome: 'approved', account: 'li' })).toBe('account');
    expect(tell({ ...answer, outcome: 'approved', organRegion: '510100' })).toBe('organRegion');
    expect(tell({ ...answer, outcome: 'refused' })).toBe('reason');
    expect(tell({ ...answer, outcome: 'approved' })).toBeUndefined();
    expect(tell({ ...answer, outcome: 'approved' })).toBe('release');
    expect(play.release('r1')).toMatchObject({ state: 'approved', expiresAt: noon + 7 * days });
  });

  it('is opened by who asked while the release lasts, and each view is in the ledger', () => {
    const { play, tell } = playing({ article: 'x', approval: 'ownOrgan', openScores: false, releaseDays: 2 });
    release(tell);
    const viewed = { kind: 'evidence.viewed', release: 'r1' };
    expect(tell({ ...viewed, account: 'zhao' })).toBe('account');
    expect(tell(viewed, noon + 2 * days - 1)).toBeUndefined();
    expect(tell(viewed, noon + 2 * days)).toBe('release');
    expect(play.ledger.filter(({ act }) => act === 'evidence.viewed')).toHaveLength(1);
    expect(play.release('r1')!.views).toBe(1);
  });

  it('is deleted by the province only (SC-33), and then no copy is opened', () => {
    const { play, tell } = playing();
    release(tell);
    tell({ ...asked, release: 'r2', act: 'delete' });
    const approval = { ...answer, release: 'r2', outcome: 'approved' };
    expect(tell(approval)).toBe('organRegion');
    expect(tell({ ...approval, organRegion: '510000' })).toBeUndefined();
    expect(tell({ ...released, release: 'r2' })).toBe('release');
    expect(tell({ kind: 'evidence.removed', release: 'r2' })).toBeUndefined();
    expect(play.evidence('v1')!.state).toBe('removed');
    expect(tell({ kind: 'evidence.viewed', release: 'r1' })).toBe('evidence');
    expect(tell({ ...asked, release: 'r3' })).toBe('evidence');
  });

  it('needs no approval where the region asks for none (C-17), except to be deleted', () => {
    const { play, tell } = playing({ article: 'x', approval: 'none', openScores: true });
    for (const event of [taken, sealed, asked]) tell(event);
    expect(play.release('r1')!.state).toBe('approved');
    tell({ ...asked, release: 'r2', act: 'delete' });
    expect(play.release('r2')!.state).toBe('requested');
  });

  it('is taken with a finding where the pack says so', () => {
    for (const clipOfFinding of [true, false]) {
      const { play, tell } = playing({ article: 'x', approval: 'none', openScores: true, clipOfFinding });
      play.duties.set('d1', {
        id: 'd1',
        region: '510104',
        hall: 'hall-1',
        day: '2026-03-02',
        state: 'planned',
      } as never);
      tell({ kind: 'patrol.visitStarted', visit: 'p1', duty: 'd1', windows: ['w1'] });
      const found = {
        kind: 'patrol.findingRecorded',
        finding: 'f1',
        visit: 'p1',
        window: 'w1',
        camera: 'c1',
        code: 'B1',
      };
      expect(tell({ ...found, snapshot: { sha256: hash, at: noon - 500 } })).toBeUndefined();
      expect(play.evidences.size).toBe(clipOfFinding ? 1 : 0);
      if (clipOfFinding)
        expect(play.evidence('evidence-f1')).toMatchObject({ at: noon - 500, about: { kind: 'finding', id: 'f1' } });
    }
  });
});

const piece = (at: number, duration = 1, more: Partial<Footage> = {}): Footage => ({
  at,
  duration,
  independent: true,
  broken: false,
  read: () => Promise.reject(new Error('not read')),
  ...more,
});
const times = (footage: readonly Footage[]): number[] => footage.map(({ at }) => at);

describe('footage', () => {
  it('of two sources shows each moment once, the first source first', () => {
    const held = [piece(2000.4), piece(3000.4)];
    const merged = merge(held, [piece(1000), piece(2000), piece(3000), piece(4000)]);
    expect(times(merged)).toEqual([1000, 2000.4, 3000.4, 4000]);
  });

  it('begins with the key picture at or before, also of a segment that was cut in two', () => {
    const footage = [piece(0), piece(1000), piece(2000, 1, { independent: false }), piece(3000), piece(9000)];
    expect(times(between(footage, 2500, 3500))).toEqual([1000, 2000, 3000]);
    expect(times(between(footage, 1000, 1500))).toEqual([1000]);
    // A millisecond before a key picture belongs to the one before it.
    expect(times(between(footage, 999, 1500))).toEqual([0, 1000]);
    // Nothing was recorded there: the next one.
    expect(times(between(footage, 5000, 20_000))).toEqual([9000]);
    expect(between(footage, 20_000, 30_000)).toEqual([]);
  });

  it('covers what is there or says that it is missing, nothing else', () => {
    const lists = fc.array(
      fc.record({ skip: fc.integer({ min: 0, max: 4000 }), ms: fc.integer({ min: 600, max: 3000 }) }),
    );
    fc.assert(
      fc.property(lists, (list) => {
        let at = 0;
        const there = list.map(({ skip, ms }) => piece((at += skip), ms / 1000, { at: (at += ms) - ms }));
        const missing = holes(there, 0, 60_000);
        for (let t = 250; t < 60_000; t += 500) {
          const isThere = there.some((each) => each.at - 500 <= t && endOf(each) + 500 > t);
          if (!isThere) expect(missing.some(({ from, to }) => from <= t && t < to)).toBe(true);
          const isInside = there.some((each) => each.at < t - 1 && endOf(each) > t + 1);
          if (isInside) expect(missing.some(({ from, to }) => from < t && t < to)).toBe(false);
        }
      }),
    );
  });
});

describe('a manifest', () => {
  it('names the cause of each gap, and what is yet to come', () => {
    const span = { from: 0, until: 60_000 };
    const segments = [
      { file: 'a', offset: 0, seconds: 10, at: 5_000, sha256: hash },
      { file: 'b', offset: 0, seconds: 10, at: 20_000, sha256: hash },
    ];
    const known = [
      { from: 14_000, to: 19_000, cause: 'offline' as const },
      { from: 19_000, to: 20_000, cause: 'dropped' as const },
    ];
    const gaps = gapsOf(span, segments, known, 32_000);
    expect(gaps).toEqual([
      { from: 0, to: 5_000, cause: 'notRecorded' },
      { from: 15_000, to: 20_000, cause: 'offline' },
      { from: 30_000, to: 32_000, cause: 'notRecorded' },
      { from: 32_000, to: 60_000, cause: 'pending' },
    ]);
    expect(lengths(span, gaps)).toEqual({ seconds: 20, missing: 40 });
  });
});

describe('a released copy', () => {
  const of: Release = {
    id: 'r1',
    region: '510104',
    hall: 'hall-1',
    evidence: 'v1',
    act: 'view',
    purpose: `核查${'窗口空岗'.repeat(40)}`,
    state: 'approved',
    requestedBy: { account: 'li', name: '李明', at: noon },
    answeredBy: { account: 'zhao', name: '赵强', at: noon + 60_000 },
    expiresAt: noon + 7 * days,
    views: 0,
    position: 1,
  };

  it('says who, when, by whose approval and what for, in bounded lines', () => {
    const lines = watermarkOf(of);
    expect(lines.slice(0, 2)).toEqual([
      '调阅副本(查阅) 李明(li) 2026-03-02 12:00 申请',
      '赵强 2026-03-02 12:01 批准 有效至 2026-03-09 12:00',
    ]);
    expect(lines[2]).toMatch(/^用途:核查/);
    expect(lines).toHaveLength(4);
    for (const line of lines) expect([...line].length).toBeLessThanOrEqual(60);
  });

  it('keeps what has a meaning to filters from having it', () => {
    expect(escaped('plain')).toBe('plain');
    expect(escaped("a:b'c")).toBe("a\\\\:b\\\\\\'c");
    expect(escaped('a,b;c[d]')).toBe('a\\,b\\;c\\[d\\]');
  });

  it('is sent in the range that was asked for', () => {
    expect(rangeOf(undefined, 100)).toBeUndefined();
    expect(rangeOf('bytes=0-', 100)).toEqual({ from: 0, to: 99 });
    expect(rangeOf('bytes=10-19', 100)).toEqual({ from: 10, to: 19 });
    expect(rangeOf('bytes=90-500', 100)).toEqual({ from: 90, to: 99 });
    expect(rangeOf('bytes=-10', 100)).toEqual({ from: 90, to: 99 });
    expect(rangeOf('bytes=100-', 100)).toBe('beyond');
    expect(rangeOf('bytes=9-2', 100)).toBeUndefined();
    expect(rangeOf('bytes=0-1,5-6', 100)).toBeUndefined();
    expect(rangeOf('bytes=-', 100)).toBeUndefined();
  });
});
