import { describe, expect, it } from 'vitest';
import type { Event } from '../../hub/model/event.ts';
import type { RegisterLine } from '../../hub/model/register.ts';
import type { Identity } from '../../hub/model/rights.ts';
import type { RegisterRow } from '../../hub/serve/queries/register.ts';
import { lineOf } from '../../hub/serve/registerLine.ts';
import { entryHash } from '../../hub/platform/chain.ts';
import { genesis } from '../../hub/model/chain.ts';
import { verifyFile } from '../../web/lib/verifyFile.ts';
import { Play } from '../support/play.ts';
import { smallWorld } from '../support/world.ts';

const at = Date.UTC(2026, 10, 20, 2);
const minute = 60_000;
const world = smallWorld();
const by = (account: string) => ({ region: '510104', source: 'desk', occurredAt: at, account, name: account });
let made = 0;
const entered = (more: object, account = 'li'): Event =>
  ({
    ...{ ...by(account), kind: 'register.entered', id: `r${(made += 1)}`, organ: 'organ-1', act: 'onsite' },
    ...{ from: at - 10 * minute, until: at, hall: 'hall-1', text: '秩序良好', found: false },
    ...more,
  }) as Event;
const signed = (of: string, line: string, account: string): Event =>
  ({ ...by(account), kind: 'register.reviewed', id: `s${(made += 1)}`, of, line }) as Event;

function played(): Play {
  const play = new Play(world);
  const visit = { ...by('li'), kind: 'patrol.visitStarted' as const, duty: 'd1', hall: 'hall-1', windows: ['w1'] };
  const plan = {
    ...{ organ: 'organ-1', hall: 'hall-1', day: '2026-11-20', required: 2, dueAt: at },
    article: 'art. 6',
  };
  play.tell({ kind: 'patrol.planned', id: 'p', region: '510104', source: 't', occurredAt: at, duty: 'd1', ...plan });
  play.tell({ ...visit, id: 'v', visit: 'visit-1' });
  return play;
}
const finish = (play: Play): void => {
  const done = { ...by('li'), kind: 'patrol.visitFinished' as const, id: 'f', visit: 'visit-1', views: [] };
  play.tell({ ...done, digest: 'a'.repeat(64) }, at + 5 * minute);
};

const chen: Identity = { session: 's', account: 'chen', name: 'chen', role: 'inspector', region: '510100' };
const row = (of: RegisterRow['of'], body: RegisterRow['body'], more: Partial<RegisterRow> = {}): RegisterRow => ({
  ...{ of, id: body.id, at, body, visit: null, organ: 'organ-1', sequence: 7, hash: 'c'.repeat(64), patrol: null },
  ...{ review: null, evidence: null, corrects: null, corrected: null },
  ...more,
});

describe('an act that is entered', () => {
  it('becomes a row and an entry of the ledger that says what was seen', () => {
    const play = played();
    const { puts, ledger } = play.tell(entered({ id: 'e1', window: 'w1', found: true, code: 'B1', points: 2 }));
    expect(puts.map(({ table }) => table)).toEqual(['entry']);
    expect(ledger).toEqual([
      {
        ...{ region: '510104', at, act: 'register.entered', subject: 'entry-e1', hall: 'hall-1', account: 'li' },
        facts: { kind: 'onsite', from: at - 10 * minute, until: at, found: true, window: 'w1', note: '秩序良好' },
      },
    ]);
  });

  it.each<[string, object]>([
    ['until', { until: at - 20 * minute }],
    ['until', { until: at + 10 * minute }],
    ['until', { from: at - 32 * 86_400_000 }],
    ['hall', { hall: undefined }],
    ['hall', { hall: 'none' }],
    ['window', { window: 'w9' }],
    ['about', { act: 'sample' }],
    ['about', { about: '510104:none' }],
    ['channel', { act: 'callback', about: '510104:A1' }],
    ['act', { satisfaction: 2 }],
    ['code', { found: true, code: 'Z9' }],
    ['found', { code: 'B1' }],
    ['corrects', { why: '笔误' }],
    ['corrects', { corrects: 'none', why: '笔误' }],
  ])('is refused for %s in %o', (field, more) => {
    const { refused, puts, ledger } = played().tell(entered(more));
    expect({ field: refused?.field, puts, ledger }).toEqual({ field, puts: [], ledger: [] });
  });

  it('is corrected once, by a further entry of its kind that says why; the first stays as it was', () => {
    const play = played();
    play.tell(entered({ id: 'first' }));
    const before = play.entries.get('entry-first')!;
    const fix = { corrects: 'entry-first', text: '有人离岗', found: true };
    expect(play.tell(entered(fix)).refused?.field).toBe('why');
    expect(play.tell(entered({ ...fix, id: 'second', why: '写错' })).ledger[0]).toMatchObject({
      ...{ act: 'register.corrected', subject: 'entry-second', facts: { corrects: 'entry-first', reason: '写错' } },
    });
    const { correctedBy, ...after } = play.entries.get('entry-first')!;
    expect(correctedBy).toBe('entry-second');
    expect({ ...after, position: 0 }).toEqual({ ...before, position: 0 });
    expect(play.tell(entered({ ...fix, why: '再改' })).refused?.field).toBe('corrects');
  });
});

describe('a signature', () => {
  it('is another person’s, once, and of what is over and stands', () => {
    const play = played();
    expect(play.tell(signed('visit', 'visit-1', 'chen')).refused?.reason).toContain('not finished');
    finish(play);
    expect(play.tell(signed('visit', 'visit-1', 'li')).refused?.field).toBe('account');
    expect(play.tell(signed('visit', 'none', 'chen')).refused?.field).toBe('line');
    expect(play.tell(signed('visit', 'visit-1', 'chen')).ledger[0]).toMatchObject({
      ...{ act: 'register.reviewed', subject: 'visit-1', account: 'chen', hall: 'hall-1', facts: { of: 'visit' } },
    });
    expect(play.tell(signed('visit', 'visit-1', 'wu')).refused?.reason).toContain('already');
    play.tell(entered({ id: 'x1' }));
    play.tell(entered({ id: 'x2', corrects: 'entry-x1', why: '写错' }));
    expect(play.tell(signed('entry', 'entry-x1', 'chen')).refused?.reason).toContain('corrected');
    expect(play.tell(signed('entry', 'entry-x2', 'chen')).refused).toBeUndefined();
  });
});

describe('a line', () => {
  it('says of a visit who, when, where, and what it came to; others may sign it', () => {
    const play = played();
    finish(play);
    const line = lineOf(world, chen, row('visit', play.visits.get('visit-1')!));
    expect(line).toMatchObject({
      ...{ kind: 'video', method: 'live', number: 7, patrol: 7, by: { account: 'li' }, organ: { id: 'organ-1' } },
      ...{ from: at, until: at + 5 * minute, found: false, visit: { windows: 1, verified: 0, counts: false } },
      ...{ signs: { of: 'visit', line: 'visit-1' }, mayReview: true },
    });
    expect(lineOf(world, { ...chen, account: 'li' }, row('visit', play.visits.get('visit-1')!)).mayReview).toBe(false);
    expect(lineOf(world, { ...chen, role: 'overseer' }, row('visit', play.visits.get('visit-1')!)).mayReview).toBe(
      false,
    );
    expect(lineOf(world, { ...chen, region: '510200' }, row('visit', play.visits.get('visit-1')!)).mayReview).toBe(
      false,
    );
  });

  it('says of a finding what became of it: person, leave, reply, result, look, points', () => {
    const play = played();
    const deed = { account: 'wang', name: '王', at: at + minute };
    const visit = play.visits.get('visit-1')!;
    const line = lineOf(
      world,
      chen,
      row(
        'finding',
        {
          ...{ id: 'finding-1', region: '510104', visit: 'visit-1', hall: 'hall-1', window: 'w1', camera: 'c1' },
          ...{ code: 'B1', note: '看手机', account: 'li', name: '李', at, position: 9, state: 'verified', points: 3 },
          person: { staff: '0107' },
          snapshotSha256: 'd'.repeat(64),
          absence: { record: 'r', kind: 'leave', from: at, until: at, filedAt: at, standIn: '小赵' },
          response: { ...deed, text: '已提醒', photos: [] },
          rectification: {
            ...{ ...deed, text: '已整改', photos: [] },
            answer: { account: 'li', name: '李', at: at + 2 * minute, outcome: 'accepted' },
          },
        },
        { visit, patrol: 3, evidence: { id: 'evidence-1' } as RegisterRow['evidence'] },
      ),
    );
    expect(line).toMatchObject({
      ...{ found: true, patrol: 3, code: 'B1', what: { zh: expect.any(String) }, person: { staff: '0107' }, points: 3 },
      ...{ leave: { kind: 'leave', standIn: '小赵' }, evidence: { id: 'evidence-1', sha256: 'd'.repeat(64) } },
      ...{ notified: { at }, reply: { text: '已整改', name: '王' }, state: { of: 'finding', is: 'verified' } },
      ...{ verified: { name: '李', at: at + 2 * minute }, signs: { of: 'visit', line: 'visit-1' } },
    } satisfies Partial<Record<keyof RegisterLine, unknown>>);
    // The visit is still open: nobody signs it yet.
    expect(line.mayReview).toBe(false);
  });
});

describe('the check in a browser', () => {
  const fact = { region: '510104', sequence: 1, previous: genesis, at, act: 'visit.started' as const };
  const draft = { ...fact, subject: 'visit-1', facts: { day: '2026-11-20' }, event: 'v' };
  const entry = { ...draft, hash: entryHash(draft) };
  const header = {
    ...{ kind: 'hallwatch.ledger', version: 1, region: '510104', regionName: '锦江区', from: 'a', until: 'b' },
    ...{ first: 1, last: 1, previous: genesis, head: entry.hash, madeAt: at },
  };
  const text = `${JSON.stringify(header)}\n${JSON.stringify(entry)}\n`;

  it('reads a file in whatever pieces it comes, and one without line ends within bounds', async () => {
    const bytes = new TextEncoder().encode(text);
    for (const size of [1, 7, bytes.length]) {
      const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, n) =>
        bytes.slice(n * size, (n + 1) * size),
      );
      const stream = () => ReadableStream.from(pieces) as ReadableStream<Uint8Array<ArrayBuffer>>;
      expect(await verifyFile({ stream }, entry.hash)).toMatchObject({ ok: true, entries: 1, head: entry.hash });
    }
    expect((await verifyFile(new Blob([text.trimEnd()]), 'e'.repeat(64))).fault?.kind).toBe('head');
    expect((await verifyFile(new Blob(['x'.repeat(3_000_000)]), '')).fault).toEqual({ kind: 'header', sequence: 0 });
  });
});
