import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Identity } from '../../hub/model/rights.ts';
import { sampleOf, type ReportBody } from '../../hub/model/viewProof.ts';
import { ViewKeys, type ViewKey } from '../../hub/serve/viewKeys.ts';
import { Proofs } from '../../stream/proofs.ts';
import { line, printOf, sign } from '../support/reports.ts';

describe('the fingerprint of a part', () => {
  it('is the same for the same bytes wherever they lie, and small for large ones', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 9_000 }), fc.nat(50), (bytes, offset) => {
        const moved = new Uint8Array(bytes.length + offset);
        moved.set(bytes, offset);
        expect(sampleOf(moved.subarray(offset))).toEqual(sampleOf(bytes));
        expect(sampleOf(bytes).length).toBe(4 + Math.min(bytes.length, 4_096));
      }),
    );
  });

  it('needs the first and the last byte, and the length', () => {
    const bytes = new Uint8Array(100_000).map((_, index) => index % 251);
    const changed = (at: number): Uint8Array => bytes.map((each, index) => (index === at ? each ^ 1 : each));
    const prints = [bytes, changed(0), changed(bytes.length - 1), bytes.subarray(1), bytes.subarray(0, -1)].map(
      printOf,
    );
    expect(new Set(prints).size).toBe(5);
  });
});

describe('what was sent', () => {
  const bytes = Buffer.from('a part of a picture');
  const span = { from: 1_000, to: 2_000 };

  it('is proven by its bytes, to the session that was sent it, of that camera alone', () => {
    const proofs = new Proofs();
    proofs.note('s', 'c', bytes, span, 0);
    const parts = [printOf(bytes)];
    expect(proofs.spans('s', [{ camera: 'c', parts }])).toEqual({ c: [span] });
    expect(proofs.spans('other', [{ camera: 'c', parts }])).toEqual({ c: [] });
    expect(proofs.spans('s', [{ camera: 'd', parts }])).toEqual({ d: [] });
    expect(proofs.spans('s', [{ camera: 'c', parts: [printOf(Buffer.from('invented'))] }])).toEqual({ c: [] });
  });

  it('joins parts and segments, and is forgotten after a minute', () => {
    const proofs = new Proofs();
    const other = Buffer.from('the next part');
    proofs.note('s', 'c', bytes, span, 0);
    // Parts begin and end between milliseconds; rows do not.
    proofs.note('s', 'c', other, { from: 2_000.3, to: 2_499.7 }, 30_000);
    const claim = [{ camera: 'c', parts: [bytes, other, bytes].map(printOf) }];
    expect(proofs.spans('s', claim)).toEqual({ c: [{ from: 1_000, to: 2_500 }] });
    proofs.sweep(61_000);
    expect(proofs.spans('s', claim)).toEqual({ c: [{ from: 2_000, to: 2_500 }] });
    proofs.sweep(91_000);
    expect(proofs.size).toBe(0);
  });
});

describe('a report', () => {
  const li = { account: 'li', session: 's' } as Identity;
  const body = (number: number, clock = number): ReportBody => ({ number, clock, reports: [line('c', 0, 1_000)] });
  const signedBy = ({ id, secret }: ViewKey, of: ReportBody) => sign({ key: id, secret: secret.toString('hex') }, of);

  it('counts once, in its order, whatever number comes next', () => {
    const keys = new ViewKeys();
    const key = keys.give(li, 'v', 'page');
    expect(keys.check(li, signedBy(key, body(1)))).toMatchObject({ ok: true, body: { number: 1 } });
    expect(keys.check(li, signedBy(key, body(7)))).toMatchObject({ ok: true });
    for (const again of [body(7), body(1), body(6), body(8, 3)])
      expect(keys.check(li, signedBy(key, again))).toEqual({ ok: false, cause: 'replayed', visit: 'v' });
    // However long its tablet slept: a key knows no time.
    expect(keys.check(li, signedBy(key, body(8, 9e9)))).toMatchObject({ ok: true });
  });

  it('counts nothing when it was altered, is somebody else’s or cannot be read', () => {
    const keys = new ViewKeys();
    const key = keys.give(li, 'v', 'page');
    const report = signedBy(key, body(1));
    const altered = { ...report, text: report.text.replace('1000', '9000') };
    expect(keys.check(li, altered)).toEqual({ ok: false, cause: 'altered', visit: 'v' });
    expect(keys.check(li, { ...report, mac: '0'.repeat(64) })).toEqual({ ok: false, cause: 'altered', visit: 'v' });
    const foreign = { ok: false, cause: 'foreign', visit: 'v' };
    expect(keys.check({ ...li, session: 'another machine' }, report)).toEqual(foreign);
    expect(keys.check({ ...li, account: 'wang' }, report)).toEqual(foreign);
    expect(keys.check(li, { ...report, key: 'unknown' })).toEqual({ ok: false, cause: 'key' });
    for (const broken of [undefined, {}, { ...report, text: 'x'.repeat(200_001) }])
      expect(keys.check(li, broken)).toEqual({ ok: false, cause: 'malformed' });
    const odd = signedBy(key, { ...body(1), reports: [{ ...line('c', 0, 1), parts: ['short'] }] });
    expect(keys.check(li, odd)).toEqual({ ok: false, cause: 'malformed', visit: 'v' });
    // None of these took its number.
    expect(keys.check(li, report)).toMatchObject({ ok: true });
  });

  it('of a page that was loaded anew is signed by a new key, and the former one is dead', () => {
    const keys = new ViewKeys();
    const [before, tab] = [keys.give(li, 'v', 'one'), keys.give(li, 'v', 'two')];
    const after = keys.give(li, 'v', 'one');
    expect(keys.check(li, signedBy(before, body(1)))).toEqual({ ok: false, cause: 'key', visit: 'v' });
    for (const key of [after, tab]) expect(keys.check(li, signedBy(key, body(1)))).toMatchObject({ ok: true });
    keys.end('v');
    expect(keys.check(li, signedBy(after, body(2)))).toEqual({ ok: false, cause: 'key' });
  });

  it('comes from four pages of a visit at most, and keys are bounded', () => {
    const keys = new ViewKeys(10);
    const own = ['1', '2', '3', '4', '5'].map((page) => keys.give(li, 'v', page));
    const isTaken = own.map((key) => keys.check(li, signedBy(key, body(1))).ok);
    expect(isTaken).toEqual([false, true, true, true, true]);
    for (let index = 0; index < 9; index += 1) keys.give(li, `visit ${index}`, 'page');
    expect(own.filter((key) => keys.check(li, signedBy(key, body(2))).ok)).toHaveLength(1);
  });
});
