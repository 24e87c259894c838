import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { caseEvent, type CaseEvent } from '../../hub/model/event.ts';
import { checkAgainst, checkTogether, parseCaseEvent } from '../../hub/model/parse.ts';
import { smallWorld } from '../support/world.ts';

/** Any UTF-16 unit, halves of pairs too. (fast-check's own `binary` takes seconds to set up.) */
const anyUnit = fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code));

const now = Date.parse('2026-11-20T10:00:00+08:00');
const good = {
  id: 'e-1',
  kind: 'case.accepted',
  region: '510104',
  casefile: 'K-1',
  matter: 'M1',
  occurredAt: '2026-11-20T09:00:00+08:00',
};
const step = { id: 'e-2', kind: 'case.stepped', region: '510104', casefile: 'K-1', step: '审查', occurredAt: now };

describe('parseCaseEvent', () => {
  it('reads times as epoch milliseconds and keeps what was given', () => {
    const parsed = parseCaseEvent({ ...good, window: 'w1', applicant: { name: '张三', class: 'person' } });
    expect(parsed).toEqual({
      ok: true,
      event: {
        ...good,
        source: 'unknown',
        occurredAt: Date.parse(good.occurredAt),
        window: 'w1',
        applicant: { name: '张三', class: 'person' },
      },
    });
  });

  const { matter: _, ...withoutMatter } = good;
  const cases: [name: string, input: unknown, field: string, reason: RegExp][] = [
    ['nothing', undefined, '', /one event as a JSON object, got nothing/],
    ['a text', 'case.accepted', '', /got "case.accepted"/],
    ['an array', [good], '', /got an array/],
    ['no kind', { ...good, kind: undefined }, 'kind', /^missing; expected one of case\.received, case\.accepted/],
    ['an unknown kind', { ...good, kind: 'case.burnt' }, 'kind', /unknown kind "case.burnt".*case\.withdrawn/],
    ['a kind of ours', { ...good, kind: 'clock.turned' }, 'kind', /unknown kind "clock.turned"/],
    ['a kind of the language', { ...good, kind: 'toString' }, 'kind', /unknown kind/],
    ['no matter', withoutMatter, 'matter', /^missing; expected string/],
    ['a number as region', { ...good, region: 510104 }, 'region', /expected string; got 510104/],
    ['a region of four digits', { ...good, region: '5101' }, 'region', /six-digit GB\/T 2260 code; got "5101"/],
    ['the year 0001', { ...good, occurredAt: '0001-01-01T00:00:00Z' }, 'occurredAt', /between 1990 and 2100/],
    ['the year 9999', { ...good, occurredAt: '9999-12-31T23:59:59Z' }, 'occurredAt', /between 1990 and 2100/],
    [
      'a deadline in 9999',
      { ...good, promisedDueAt: '9999-12-31T23:59:59Z' },
      'promisedDueAt',
      /between 1990 and 2100/,
    ],
    [
      '30 February',
      { ...good, occurredAt: '2026-02-30T09:00:00+08:00' },
      'occurredAt',
      /epoch milliseconds or ISO 8601/,
    ],
    ['a time without an offset', { ...good, occurredAt: '2026-11-20T09:00:00' }, 'occurredAt', /with an offset/],
    ['half a millisecond', { ...good, occurredAt: 1.5 }, 'occurredAt', /epoch milliseconds/],
    ['an unknown field', { ...good, colour: 'red' }, 'colour', /unknown field; case.accepted takes .*matter/],
    [
      'a nested field',
      { ...good, applicant: { name: 'x', class: 'dog' } },
      'applicant.class',
      /"person"\|"enterprise"\|"other"; got "dog"/,
    ],
    [
      'days as text',
      { ...step, kind: 'case.extended', step: undefined, days: '3', approver: 'x' },
      'days',
      /expected number; got "3"/,
    ],
    ['an id with spaces', { ...good, id: 'a b' }, 'id', /letters, digits and/],
    ['an id of 81 characters', { ...good, id: 'a'.repeat(81) }, 'id', /<=80 characters; got "aaaa/],
    ['U+0000', { ...step, step: 'a\u0000b' }, 'step', /without control characters/],
    ['half a surrogate pair', { ...step, note: 'x\ud800' }, 'note', /without control characters/],
  ];
  it.each(cases)('%s is refused', (_name, input, field, reason) => {
    const parsed = parseCaseEvent(input);
    if (parsed.ok) throw new Error('accepted');
    expect(parsed.field).toBe(field);
    expect(parsed.reason).toMatch(reason);
  });

  it('never throws, and says a field and a bounded reason', () => {
    const kinds = caseEvent.options.map((option) => option.shape.kind.value);
    const nearly = fc.record(
      {
        id: fc.oneof(fc.constant('e'), fc.anything()),
        kind: fc.oneof(fc.constantFrom(...kinds), fc.anything()),
        region: fc.oneof(fc.constant('510104'), fc.anything()),
        casefile: fc.oneof(fc.constant('c'), fc.anything()),
        occurredAt: fc.oneof(fc.integer({ min: 7e11, max: 4e12 }), fc.string(), fc.anything()),
        matter: fc.oneof(fc.constant('m'), fc.anything()),
        applicant: fc.anything(),
        note: fc.oneof(fc.string({ unit: anyUnit }), fc.anything()),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(
        fc.oneof(nearly, fc.anything({ withNullPrototype: true, withBigInt: true, withDate: true })),
        (input) => {
          const parsed = parseCaseEvent(input);
          if (parsed.ok) {
            expect(caseEvent.parse(parsed.event)).toEqual(parsed.event);
            return;
          }
          expect(parsed.field.length).toBeLessThanOrEqual(120);
          expect(parsed.field).not.toMatch(/\p{Cc}/u);
          expect(parsed.reason.length).toBeGreaterThan(0);
          expect(parsed.reason.length).toBeLessThanOrEqual(400);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('takes well over 10,000 events a second', () => {
    // Of the processor's time: others may have it meanwhile.
    const started = process.cpuUsage();
    for (let n = 0; n < 20_000; n += 1) parseCaseEvent(good);
    const { user, system } = process.cpuUsage(started);
    expect((user + system) / 1_000).toBeLessThan(2_000);
  });
});

function event(change: Record<string, unknown>): CaseEvent {
  const members = Object.entries({ ...good, ...change }).filter(([, value]) => value !== undefined);
  const parsed = parseCaseEvent(Object.fromEntries(members));
  if (!parsed.ok) throw new Error(`${parsed.field}: ${parsed.reason}`);
  return parsed.event;
}

describe('checkAgainst', () => {
  const world = smallWorld();
  const cases: [name: string, change: Record<string, unknown>, field: string | undefined][] = [
    ['all known', { window: 'w1' }, undefined],
    ['an unknown region', { region: '999999' }, 'region'],
    ['an unknown matter', { matter: 'M9' }, 'matter'],
    ['an unknown window', { window: 'w9' }, 'window'],
    ['four minutes ahead', { occurredAt: now + 4 * 60_000 }, undefined],
    ['six minutes ahead', { occurredAt: now + 6 * 60_000 }, 'occurredAt'],
    ['typed in tomorrow', { enteredAt: now + 86_400_000 }, 'enteredAt'],
    ['typed in long after', { occurredAt: now - 86_400_000, enteredAt: now }, undefined],
  ];
  it.each(cases)('%s', (_name, change, field) => {
    expect(checkAgainst(world, event(change), now)?.field).toBe(field);
  });

  it("knows the matters of the regions above, and refuses another county's window", () => {
    const province = { code: '510000', level: 'province' as const, name: '四川省', demo: true };
    const other = { code: '510107', level: 'county' as const, name: '武侯区', demo: true };
    const matter = { ...world.matters.get('510104/M1')!, region: '510000', code: 'P1' };
    const wide = {
      ...world,
      regions: new Map([...world.regions, ['510000', province], ['510107', other]]),
      matters: new Map([...world.matters, ['510000/P1', matter]]),
    };
    expect(checkAgainst(wide, event({ matter: 'P1' }), now)).toBeUndefined();
    expect(checkAgainst(wide, event({ region: '510107', matter: 'P1', window: 'w1' }), now)).toMatchObject({
      field: 'window',
    });
    expect(checkAgainst(wide, event({ region: '510000', matter: 'P1', window: 'w1' }), now)).toBeUndefined();
  });
});

describe('a secret matter (JY-02)', () => {
  it('is refused with the words for one that does not exist', () => {
    const matter = smallWorld().matters.get('510104/M1')!;
    const secret = smallWorld({ matters: [{ ...matter, secret: true }] });
    const missing = { field: 'matter', reason: 'region 510104 publishes no matter M1' };
    expect(checkAgainst(smallWorld({ matters: [] }), event({}), now)).toEqual(missing);
    // And what was sent is not kept.
    expect(checkAgainst(secret, event({}), now)).toEqual({ ...missing, withhold: true });
  });
});

describe('checkTogether', () => {
  const ended = (kind: string, occurredAt: string, change: Record<string, unknown> = {}): CaseEvent =>
    event({
      id: 'd',
      kind,
      matter: undefined,
      occurredAt,
      ...(kind === 'case.decided' ? { outcome: 'approved' } : {}),
      ...change,
    });
  const accepted = event({ occurredAt: '2026-11-20T09:00:00+08:00' });

  it('refuses a decision or an end on an earlier day, in whatever order they stand', () => {
    for (const kind of ['case.decided', 'case.completed']) {
      const before = ended(kind, '2026-11-19T23:59:59+08:00');
      expect(checkTogether([before, accepted]).get(0)).toMatchObject({ field: 'occurredAt' });
      expect(checkTogether([accepted, before]).get(1)?.reason).toMatch(
        /on 2026-11-19, before its acceptance on 2026-11-20/,
      );
    }
  });

  it('tolerates the same day, by the calendar of Shanghai', () => {
    expect(checkTogether([accepted, ended('case.completed', '2026-11-20T00:00:00+08:00')]).size).toBe(0);
    expect(checkTogether([accepted, ended('case.completed', '2026-11-19T16:00:00Z')]).size).toBe(0);
    expect(checkTogether([accepted, ended('case.completed', '2026-11-19T15:59:59Z')]).size).toBe(1);
  });

  it('looks at one casefile at a time', () => {
    expect(checkTogether([accepted, ended('case.decided', '2026-01-01T00:00:00Z', { casefile: 'K-2' })]).size).toBe(0);
    expect(checkTogether([accepted, ended('case.decided', '2026-01-01T00:00:00Z', { region: '510107' })]).size).toBe(0);
    expect(checkTogether([ended('case.decided', '2026-01-01T00:00:00Z')]).size).toBe(0);
  });
});
