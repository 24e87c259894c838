import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Deriver } from '../../ingest/derive.ts';
import { readMapping, type Mapping } from '../../ingest/mapping.ts';
import type { GoodRow } from '../../ingest/rows.ts';
import { timeReader } from '../../ingest/time.ts';

const anyUnit = fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code));

const least = `source: s
region: '510104'
matter: { constant: M1 }
case:
  number: no
  events:
    - { kind: case.accepted, id: '{casefile}:a', at: begun }
`;

function mappingOf(text: string): Mapping {
  const read = readMapping(text, 'm.yaml');
  if (!read.ok) throw new Error(read.errors.join('\n'));
  return read.mapping;
}

const rowOf = (values: Record<string, string>): GoodRow => ({
  ok: true,
  line: 2,
  values: new Map(Object.entries(values)),
  text: JSON.stringify(values),
});

describe('readMapping', () => {
  it('reads the mappings of the project', () => {
    for (const file of ['seeds/mappings/wabo.yaml', 'test/fixtures/permits.yaml']) {
      expect(readMapping(readFileSync(file, 'utf8'), file)).toMatchObject({ ok: true });
    }
  });

  const cases: [name: string, text: string, error: RegExp][] = [
    ['YAML that is none', 'source: [1,\n', /^m\.yaml:\d+: /],
    ['nothing', '', /^m\.yaml:1: /],
    ['an unknown key', `${least}colour: red\n`, /^m\.yaml:8: colour: unknown key/],
    [
      'an unknown key below',
      least.replace('at: begun', 'at: begun, colour: red'),
      /^m\.yaml:7: case\.events\.0\.colour: unknown key/,
    ],
    [
      'an unknown kind',
      least.replace('case.accepted', 'case.burnt'),
      /^m\.yaml:7: case\.events\.0\.kind: .*case\.received/,
    ],
    ['a region of five digits', least.replace('510104', '51010'), /^m\.yaml:2: region: expected a six-digit/],
    ['no case number', least.replace('  number: no\n', ''), /^m\.yaml:4|5: case\.number: /],
    ['a time zone nobody knows', `${least}time:\n  zone: Mars\n`, /^m\.yaml:9: time\.zone: expected Asia\/Shanghai/],
    ['a time pattern without a day', `${least}time: { format: 'YYYY-MM' }\n`, /^m\.yaml:8: time\.format: /],
    [
      'no matter',
      least.replace('matter: { constant: M1 }\n', ''),
      /^m\.yaml:\d: case\.events\.0: case\.accepted needs a matter/,
    ],
    [
      'a field that the kind does not take',
      least.replace('at: begun', 'at: begun, fields: { step: x }'),
      /^m\.yaml:7: case\.events\.0\.fields\.step: case\.accepted takes no step/,
    ],
    [
      'a field that no kind takes',
      least.replace('at: begun', 'at: begun, fields: { smell: x }'),
      /^m\.yaml:7: case\.events\.0\.fields/,
    ],
    [
      'aliases that explode',
      'a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c]\n',
      /alias/i,
    ],
  ];
  it.each(cases)('%s: the line and the path', (_name, text, error) => {
    const read = readMapping(text, 'm.yaml');
    if (read.ok) throw new Error('accepted');
    expect(read.errors[0]).toMatch(error);
  });

  it('says all that is wrong at once', () => {
    const read = readMapping(least.replace('510104', 'x').replace('case.accepted', 'y'), 'm.yaml');
    expect(read.ok ? [] : read.errors).toHaveLength(2);
  });
});

describe('times of a file', () => {
  const shanghai = 8 * 3_600_000;
  const cases: [format: string, text: string, iso: string | undefined, dateOnly?: boolean][] = [
    ['iso', '2011-10-11 13:42:22.688000+02:00', '2011-10-11T11:42:22.688Z'],
    ['iso', '2026-11-20T09:00Z', '2026-11-20T09:00:00.000Z'],
    ['iso', '2026-11-20 09:00:01', '2026-11-20T01:00:01.000Z'],
    ['iso', '2026-11-20', '2026-11-19T16:00:00.000Z', true],
    ['iso', '2026-02-29', undefined],
    ['iso', '2024-02-29', '2024-02-28T16:00:00.000Z', true],
    ['iso', '2026-11-20T24:01:00Z', undefined],
    ['iso', '20.11.2026', undefined],
    ['YYYY/M/D H:mm', '2026/3/5 8:07', '2026-03-05T00:07:00.000Z'],
    ['YYYY/M/D H:mm', '2026/13/5 8:07', undefined],
    ['YYYY年M月D日', '2026年3月5日', '2026-03-04T16:00:00.000Z', true],
    ['YYYYMMDDHHmmssSSS', '20260305080700123', '2026-03-05T00:07:00.123Z'],
    ['epoch-s', '1795136400', '2026-11-20T01:00:00.000Z'],
    ['epoch-ms', '1795136400000', '2026-11-20T01:00:00.000Z'],
    ['epoch-ms', '-1', undefined],
  ];
  it.each(cases)('%s: %s', (format, text, iso, dateOnly = false) => {
    const read = timeReader(format, shanghai)!.read(text);
    expect(read && { iso: new Date(read.at).toISOString(), dateOnly: read.dateOnly }).toEqual(iso && { iso, dateOnly });
  });

  it('reads back whatever it is given in its own pattern', () => {
    const reader = timeReader('YYYY-MM-DD HH:mm:ss', 0)!;
    const date = fc.date({ min: new Date('1990-01-01'), max: new Date('2100-01-01'), noInvalidDate: true });
    fc.assert(
      fc.property(date, (moment) => {
        const text = moment.toISOString().slice(0, 19).replace('T', ' ');
        expect(reader.read(text)?.at).toBe(Math.floor(moment.getTime() / 1000) * 1000);
      }),
    );
  });
});

describe('Deriver', () => {
  const mapping = mappingOf(`source: s
region: '510104'
matter: { constant: M1 }
case:
  number: no
  events:
    - { kind: case.accepted, id: '{source}:{casefile}:a', at: begun, fields: { promisedDueAt: due } }
    - { kind: case.completed, id: '{source}:{casefile}:z', at: ended }
rows:
  kind: { column: step, values: { 受理: skip, 停: case.suspended }, otherwise: case.stepped }
  id: 'r:{row}'
  at: at
  fields: { step: step, procedure: { constant: 听证 }, handler: { column: who, values: { 甲: '01' }, otherwise: '99' } }
`);
  const row = {
    no: 'K1',
    begun: '2026-11-02',
    due: '2026-11-06',
    ended: '',
    step: '审查',
    at: '2026-11-03 10:00:00',
    who: '甲',
    row: '7',
  };

  it('derives case events once a case and a step for each row, the same every time', () => {
    const twice = [1, 2].map(() => {
      const deriver = new Deriver(mapping, '510104');
      return [rowOf(row), rowOf({ ...row, row: '8', ended: '2026-11-05', who: '乙' })].map((each) =>
        deriver.take(each),
      );
    });
    expect(twice[0]).toEqual(twice[1]);
    const events = twice[0]!.flatMap((each) => each.events);
    expect(twice[0]!.flatMap((each) => each.faults)).toEqual([]);
    expect(events.map(({ id, kind }) => `${id} ${kind}`)).toEqual([
      's:K1:a case.accepted',
      'r:7 case.stepped',
      's:K1:z case.completed',
      'r:8 case.stepped',
    ]);
    expect(events[0]).toMatchObject({
      matter: 'M1',
      source: 's',
      region: '510104',
      occurredAt: Date.parse('2026-11-02T00:00:00+08:00'),
    });
    expect(events.map((event) => event.handler)).toEqual([undefined, '01', undefined, '99']);
  });

  it('takes a deadline without a time of day to the end of that day', () => {
    const [event] = new Deriver(mapping, '510104').take(rowOf(row)).events;
    expect(event).toMatchObject({ promisedDueAt: Date.parse('2026-11-07T00:00:00+08:00') - 1 });
  });

  it('gives each kind only the fields it takes', () => {
    const { events } = new Deriver(mapping, '510104').take(rowOf({ ...row, step: '停' }));
    expect(events[1]).toMatchObject({ kind: 'case.suspended', procedure: '听证' });
    expect(events[1]).not.toHaveProperty('step');
    expect(new Deriver(mapping, '510104').take(rowOf({ ...row, step: '受理' })).events).toHaveLength(1);
  });

  const bad: [name: string, change: Record<string, string>, field: string, reason: RegExp][] = [
    ['no case number', { no: ' ' }, 'no', /missing/],
    ['a time that is none', { at: 'yesterday' }, 'at', /expected a time.*got "yesterday"/],
    ['no time', { at: '' }, 'at', /missing; expected a time/],
    ['an impossible year', { at: '9999-01-01' }, 'at', /between 1990 and 2100/],
    ['nothing to make the id of', { row: '' }, 'row', /the id is made of it/],
    ['an id that is none', { row: 'a b' }, 'r:{row}', /letters, digits/],
    ['a step too long', { step: 'x'.repeat(201) }, 'step', /<=200 characters/],
  ];
  it.each(bad)('%s: names the column', (_name, change, field, reason) => {
    const { faults } = new Deriver(mapping, '510104').take(rowOf({ ...row, ...change }));
    expect(faults).toHaveLength(1);
    expect(faults[0]!.field).toBe(field);
    expect(faults[0]!.reason).toMatch(reason);
  });

  it('complains of a wrong case attribute once, not on every row, and takes it when a later row has it right', () => {
    const deriver = new Deriver(mapping, '510104');
    const wrong = { ...row, begun: 'soon' };
    const taken = [wrong, { ...wrong, row: '8' }, { ...row, row: '9' }].map((each) => deriver.take(rowOf(each)));
    expect(taken.map(({ faults }) => faults.length)).toEqual([1, 0, 0]);
    expect(taken[2]!.events.map(({ kind }) => kind)).toEqual(['case.accepted', 'case.stepped']);
  });

  it('never throws on whatever a row holds', () => {
    const columns = Object.keys(row);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom(...columns, '__proto__', 'x'), fc.string({ unit: anyUnit }))),
        (pairs) => {
          const { events, faults } = new Deriver(mapping, '510104').take({
            ok: true,
            line: 1,
            values: new Map(pairs),
            text: '',
          });
          expect(events.length + faults.length).toBeGreaterThan(0);
        },
      ),
    );
  });
});
