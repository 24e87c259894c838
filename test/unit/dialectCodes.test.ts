import { describe, expect, it } from 'vitest';
import type { CaseEvent } from '../../hub/model/event.ts';
import { translate, type Dialect } from '../../ingest/dialects/dialect.ts';
import { guangdong } from '../../ingest/dialects/guangdong.ts';
import { national } from '../../ingest/dialects/national.ts';
import { Play } from '../support/play.ts';
import { smallWorld } from '../support/world.ts';

const source = { id: 'feed', region: '510104' };
const time = '20261012093000';
const gd = (message: number, fields: Record<string, unknown>): Record<string, unknown> => ({
  XXLX: String(message),
  SBLSH: 'SB-1',
  SXBM: 'M1',
  SJBBH: '1',
  XZQHDM: '510104',
  ...fields,
});
const row = (table: string, fields: Record<string, unknown>): Record<string, unknown> => ({
  table,
  row_guid: 'g',
  cd_operation: 'I',
  project_no: 'SB-1',
  ...fields,
});

function eventsOf(dialect: Dialect, input: unknown): CaseEvent[] {
  const read = translate(dialect, input, source);
  if (!read.ok) throw new Error(`${read.field}: ${read.reason}`);
  return read.events.map(({ event }) => event);
}

describe('codes of the dialects', () => {
  const end = { BJSJ: time, ZFHTHYY: '理由' };
  const special = { XH: 1, TBCXKSRQ: time, TBCXPZR: '王五', TBCXQDLY: '理由', TBCXSX: 5 };
  /** Each list of the format, with every code that it has, and a message that carries it. */
  const lists: [string, Dialect, string, string[], (code: string) => Record<string, unknown>][] = [
    ['pre-acceptance', guangdong, 'YSLZTDM', ['1', '2', '3'], (YSLZTDM) => gd(1, { YSLZTDM, YSLSJ: time })],
    ['acceptance', guangdong, 'SLZTDM', ['1', '2'], (SLZTDM) => gd(2, { SLZTDM, SLSJ: time })],
    [
      'unit of the limit',
      guangdong,
      'GDBLSXDDW',
      ['G', 'Z'],
      (GDBLSXDDW) => gd(2, { SLZTDM: 1, SLSJ: time, GDBLSX: 5, GDBLSXDDW }),
    ],
    ['step', guangdong, 'SPHJDM', ['1', '2', '3'], (SPHJDM) => gd(3, { SPBZH: 1, SPHJDM, SPSJ: time })],
    ['completion', guangdong, 'BJJGDM', ['0', '1', '2', '3', '4', '5', '6'], (BJJGDM) => gd(4, { BJJGDM, ...end })],
    ['special procedure', guangdong, 'TBCXZL', ['A', 'B'], (TBCXZL) => gd(5, { TBCXZL, ...special })],
    [
      'operation',
      national,
      'cd_operation',
      ['I', 'U'],
      (cd_operation) => row('up_pro_process', { cd_operation, process_name: '审查', event_end_time: time }),
    ],
    [
      'result',
      national,
      'result_type',
      ['1', '2', '3', '9'],
      (result_type) => row('up_pro_result', { result_type, result_date: time }),
    ],
    [
      'special',
      national,
      'special_type',
      ['1', '2'],
      (special_type) =>
        row('up_pro_special_procedure', {
          special_type,
          special_time: time,
          special_days: 3,
          handle_user_name: '王五',
        }),
    ],
  ];
  it.each(lists)(
    '%s: every code is taken, any other is refused with the list',
    (_name, dialect, field, codes, make) => {
      for (const code of codes) expect(eventsOf(dialect, make(code)).length).toBeGreaterThan(0);
      const other = translate(dialect, make('?'), source);
      expect(other).toMatchObject({ ok: false, field, reason: expect.stringContaining('expected') });
      for (const code of codes) expect((other as { reason: string }).reason).toContain(code);
    },
  );

  it('the ten messages and the four tables are known, and no other', () => {
    for (const [dialect, field, codes] of [
      [guangdong, 'XXLX', ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9']],
      [national, 'table', ['up_pro_accept', 'up_pro_process', 'up_pro_result', 'up_pro_special_procedure']],
    ] as const) {
      const other = translate(dialect, { [field]: 'x' }, source) as { ok: false; field: string; reason: string };
      expect(other.field).toBe(field);
      for (const code of codes) expect(other.reason).toContain(code);
    }
  });

  it('a deletion is a known code that is never carried out', () => {
    const input = row('up_pro_process', { cd_operation: 'D', process_name: '审查', event_end_time: time });
    expect(translate(national, input, source)).toMatchObject({ ok: false, field: 'cd_operation' });
  });
});

describe('GDBLSX', () => {
  const dueOf = (fields: Record<string, unknown>, ...rest: Record<string, unknown>[]): string => {
    const play = new Play(smallWorld());
    for (const input of [gd(2, { SLZTDM: 1, SLSJ: '20261012093000', ...fields }), ...rest])
      for (const event of eventsOf(guangdong, input)) play.tell(event);
    const { promisedDueAt } = [...play.casefiles.values()][0]!;
    return promisedDueAt === undefined ? 'stopped' : new Date(promisedDueAt + 8 * 3_600_000).toISOString().slice(0, 10);
  };
  const special = gd(5, { XH: 1, TBCXZL: 'B', TBCXKSRQ: '20261013', TBCXQDLY: '听证' });

  it('sets the deadline in its own unit, is stopped by a special procedure, and goes on after it', () => {
    // Monday 12 October; the matter itself promises five working days.
    expect(dueOf({})).toBe('2026-10-19');
    expect(dueOf({ GDBLSX: 3, GDBLSXDDW: 'G' })).toBe('2026-10-15');
    expect(dueOf({ GDBLSX: 7 })).toBe('2026-10-21');
    expect(dueOf({ GDBLSX: 6, GDBLSXDDW: 'Z' })).toBe('2026-10-18');
    expect(dueOf({ GDBLSX: 3, GDBLSXDDW: 'G' }, special)).toBe('stopped');
    const ended = gd(6, { XH: 1, TBCXZL: 'B', TBCXJSRQ: '20261014' });
    expect(dueOf({ GDBLSX: 3, GDBLSXDDW: 'G' }, special, ended)).toBe('2026-10-19');
  });
});
