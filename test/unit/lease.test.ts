import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ViewEnd } from '../../hub/model/video.ts';
import { Leases, type Asked, type Lease } from '../../stream/lease.ts';

const asked = (session: string, camera = 'c1', more: Partial<Asked> = {}): Asked => ({
  session,
  camera,
  quality: 'main',
  transport: 'http',
  ...more,
});

function setUp(bounds = { lastsMs: 30, perSession: 3, perCamera: 4 }) {
  const ended: [string, ViewEnd][] = [];
  return { ended, leases: new Leases((lease, why) => ended.push([`${lease.session} ${lease.camera}`, why]), bounds) };
}

describe('a lease', () => {
  it('is renewed by use and expires without it', () => {
    const { leases, ended } = setUp();
    const lease = leases.open(asked('s'), 0)!;
    expect(leases.use(asked('s'), 29)).toBe(lease);
    expect(leases.open(asked('s'), 58)).toBe(lease);
    expect(leases.isHeld(lease, 87)).toBe(true);
    expect(leases.use(asked('s'), 88)).toBeUndefined();
    expect(leases.isHeld(lease, 88)).toBe(false);
    expect(ended).toEqual([['s c1', 'expired']]);
    expect(leases.open(asked('s'), 89)).not.toBe(lease);
  });

  it('is of one session, camera, quality and transport', () => {
    const { leases } = setUp();
    leases.open(asked('s'), 0);
    for (const other of [
      asked('t'),
      asked('s', 'c2'),
      asked('s', 'c1', { quality: 'sub' }),
      asked('s', 'c1', { transport: 'socket' }),
    ]) {
      expect(leases.use(other, 1)).toBeUndefined();
    }
  });

  it('ends with its session, by itself, and with what is refused, and says why once', () => {
    const { leases, ended } = setUp();
    leases.open(asked('s', 'c1'), 0);
    leases.open(asked('s', 'c2'), 0);
    const own = leases.open(asked('t', 'c1'), 0)!;
    leases.open(asked('u', 'c3'), 0);
    leases.endSession('s');
    leases.end(own, 'right');
    leases.end(own, 'right');
    leases.sweep(1, ({ camera }) => (camera === 'c3' ? 'camera' : undefined));
    expect(ended).toEqual([
      ['s c1', 'session'],
      ['s c2', 'session'],
      ['t c1', 'right'],
      ['u c3', 'camera'],
    ]);
    expect(leases.size).toBe(0);
  });

  it('is not granted beyond the bounds of a session and of a camera, and those that expired take no place', () => {
    const { leases } = setUp();
    for (const camera of ['c1', 'c2', 'c3']) expect(leases.open(asked('s', camera), 0)).toBeDefined();
    expect(leases.open(asked('s', 'c4'), 1)).toBeUndefined();
    for (const session of ['t', 'u', 'v']) expect(leases.open(asked(session), 20)).toBeDefined();
    expect(leases.open(asked('w'), 21)).toBeUndefined();
    expect(leases.open(asked('s', 'c4'), 30)).toBeDefined();
    expect(leases.open(asked('w'), 31)).toBeDefined();
  });

  it('counts right whatever happens to it', () => {
    const step = fc.record({
      what: fc.constantFrom('open', 'use', 'end', 'endSession', 'sweep'),
      session: fc.constantFrom('s', 't', 'u'),
      camera: fc.constantFrom('c1', 'c2', 'c3', 'c4', 'c5'),
      pass: fc.integer({ min: 0, max: 12 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { leases } = setUp();
        const held = new Map<string, Lease>();
        let now = 0;
        for (const { what, session, camera, pass } of steps) {
          now += pass;
          const key = `${session} ${camera}`;
          const alive = [...held.values()].filter((lease) => lease.until > now);
          if (what === 'open') {
            const had = alive.some((lease) => lease === held.get(key));
            const own = alive.filter((lease) => lease.session === session).length;
            const all = alive.filter((lease) => lease.camera === camera).length;
            const lease = leases.open(asked(session, camera), now);
            expect(lease !== undefined).toBe(had || (own < 3 && all < 4));
            if (lease) held.set(key, lease);
          } else if (what === 'use') {
            expect(leases.use(asked(session, camera), now) !== undefined).toBe(alive.includes(held.get(key)!));
          } else if (what === 'end' && held.has(key)) leases.end(held.get(key)!, 'right');
          else if (what === 'endSession') leases.endSession(session);
          else leases.sweep(now, () => undefined);
          if (what === 'end') held.delete(key);
          if (what === 'endSession') for (const [each, lease] of held) if (lease.session === session) held.delete(each);
        }
        leases.sweep(now, () => undefined);
        expect(leases.size).toBe([...held.values()].filter((lease) => lease.until > now).length);
      }),
    );
  });
});
