import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { translate, type Dialect } from '../../ingest/dialects/dialect.ts';
import { guangdong } from '../../ingest/dialects/guangdong.ts';
import { national } from '../../ingest/dialects/national.ts';
import { smallWorld } from '../support/world.ts';
import { judge } from '../../ingest/door.ts';

const source = { id: 'foshan', region: '510104' };
const at = (text: string): number => Date.parse(`${text}+08:00`);

/** The events without what they all share. */
function events(dialect: Dialect, input: Record<string, unknown>): Record<string, unknown>[] {
  const read = translate(dialect, input, source);
  if (!read.ok) throw new Error(`${read.field}: ${read.reason}`);
  return read.events.map(({ event }) => {
    const { id, region, source: from, casefile, ...rest } = event;
    expect(id).toMatch(/^(gd|nat)-[0-9a-f]{32}$/);
    expect({ region, from, casefile }).toEqual({ region: '510104', from: 'foshan', casefile: 'SB-1' });
    return JSON.parse(JSON.stringify(rest)) as Record<string, unknown>;
  });
}

function fault(dialect: Dialect, input: unknown): string {
  const read = translate(dialect, input, source);
  if (read.ok) throw new Error('it was taken');
  return `${read.field}: ${read.reason}`;
}

const ids = (dialect: Dialect, input: unknown): string[] => {
  const read = translate(dialect, input, source);
  return read.ok ? read.events.map(({ event }) => event.id) : [];
};

const gd = (XXLX: number | string, fields: Record<string, unknown>): Record<string, unknown> => ({
  XXLX,
  SBLSH: 'SB-1',
  SXBM: 'M1',
  SJBBH: 1,
  XZQHDM: '510104001002',
  ...fields,
});

describe('the Guangdong family', () => {
  const time = '20261120093000';
  const occurredAt = at('2026-11-20T09:30:00');
  const cases: [name: string, message: Record<string, unknown>, expected: Record<string, unknown>[]][] = [
    [
      '0 申办',
      gd(0, { SBSJ: time, SQRMC: '张三', SQRLX: '1' }),
      [{ kind: 'case.received', matter: 'M1', occurredAt, applicant: { name: '张三', class: 'person' } }],
    ],
    ['1 预受理', gd(1, { YSLZTDM: '1', YSLSJ: time }), [{ kind: 'case.stepped', step: '预受理', occurredAt }]],
    [
      '1 预受理, declined',
      gd(1, { YSLZTDM: 2, YSLSJ: time, BSLYY: '不属于本机关职权' }),
      [{ kind: 'case.declined', occurredAt, reason: '不属于本机关职权' }],
    ],
    [
      '1 预受理, to be corrected',
      gd('预受理', { YSLZTDM: '补交补正', YSLSJ: '2026-11-20 09:30:00', BJBZSM: '缺身份证' }),
      [{ kind: 'case.correctionRequested', occurredAt, reason: '缺身份证' }],
    ],
    [
      '2 受理',
      gd(2, { SLZTDM: 1, SLSJ: time, GDBLSX: 20, GDBLSXDDW: 'G', GDSF: '0' }),
      [
        {
          kind: 'case.accepted',
          matter: 'M1',
          occurredAt,
          promisedDays: 20,
          promisedUnit: 'working',
          note: '规定收费: 0',
        },
      ],
    ],
    [
      '2 受理, declined',
      gd(2, { SLZTDM: '2', SLSJ: time, BSLYY: '材料不齐' }),
      [{ kind: 'case.declined', occurredAt, reason: '材料不齐' }],
    ],
    [
      '3 审批',
      gd(3, { SPBZH: 1, SPHJDM: '2', SPRXM: '李四', SPRZWMC: '科长', SPYJ: '同意', SPSJ: time }),
      [{ kind: 'case.stepped', step: '审核', occurredAt, handler: '李四', note: '同意; 职务: 科长' }],
    ],
    [
      '3 审批 with a name of its own',
      gd(3, { SPBZH: 2, SPHJMC: '现场核查', SPSJ: '20261120' }),
      [{ kind: 'case.stepped', step: '现场核查', occurredAt: at('2026-11-20T00:00:00') }],
    ],
    [
      '4 办结',
      gd(4, { BJJGDM: 0, BJJGMS: '准予', ZJGZMC: '许可证', ZJBH: 'X-1', SFJE: 25.5, BJSJ: time }),
      [
        { kind: 'case.decided', outcome: 'approved', occurredAt },
        { kind: 'case.licenceIssued', name: '许可证', number: 'X-1', occurredAt },
        { kind: 'case.completed', occurredAt, note: '准予' },
        { kind: 'case.feeCharged', name: '办件收费', amount: 25.5, occurredAt },
      ],
    ],
    [
      '4 办结, sent back',
      gd(4, { BJJGDM: '退回办结', ZFHTHYY: '不符合条件', BJSJ: time }),
      [{ kind: 'case.returned', occurredAt, reason: '不符合条件' }],
    ],
    [
      '4 办结, never corrected',
      gd(4, { BJJGDM: '5', ZFHTHYY: '逾期未补正', BJSJ: time }),
      [{ kind: 'case.withdrawn', occurredAt, reason: '逾期未补正' }],
    ],
    [
      '4 办结, sent on',
      gd(4, { BJJGDM: '4', BJSJ: time }),
      [
        { kind: 'case.forwarded', to: '上级机关', occurredAt },
        { kind: 'case.completed', occurredAt },
      ],
    ],
    [
      '5 特别程序申请 A',
      gd(5, { XH: 1, TBCXZL: 'A', TBCXKSRQ: time, TBCXPZR: '王五', TBCXQDLY: '案情复杂', TBCXSX: 10, TBCXSXDW: 'G' }),
      [{ kind: 'case.extended', occurredAt, days: 10, approver: '王五', reason: '案情复杂' }],
    ],
    [
      '5 特别程序申请 B',
      gd(5, { XH: 2, TBCXZL: 'B', TBCXKSRQ: time, TBCXQDLY: '听证', TBCXSX: 30, TBCXSXDW: 'Z' }),
      [{ kind: 'case.suspended', procedure: '听证', occurredAt, reason: '听证', note: '时限: 30; 时限单位: Z' }],
    ],
    [
      '6 特别程序结果',
      gd(6, { XH: 2, TBCXJG: '已听证', JGCSRQ: '20261119', TBCXJSRQ: time, TBCXSFJE: 100 }),
      [
        { kind: 'case.resumed', occurredAt, result: '已听证' },
        { kind: 'case.feeCharged', name: '特别程序收费', amount: 100, occurredAt },
      ],
    ],
    [
      '6 特别程序结果 of an extension',
      gd(6, { XH: 1, TBCXZL: 'A', JGCSRQ: time }),
      [{ kind: 'case.stepped', step: '延长审批结果', occurredAt }],
    ],
    [
      '7 补交告知',
      gd(7, { BZGZFCRXM: '李四', BZGZYY: '缺章', BZCLQD: '申请表', BZGZSJ: time }),
      [{ kind: 'case.correctionRequested', occurredAt, handler: '李四', reason: '缺章; 补正材料: 申请表' }],
    ],
    ['8 补交受理', gd(8, { BZSJ: time }), [{ kind: 'case.corrected', occurredAt }]],
    [
      '9 领取登记',
      gd(9, { LQRXM: '张三', LQSJ: time }),
      [{ kind: 'case.stepped', step: '领取登记', occurredAt, note: '领取人: 张三' }],
    ],
  ];
  it.each(cases)('%s', (_name, message, expected) => {
    expect(events(guangdong, message)).toEqual(expected);
  });

  const wrong: [message: unknown, fault: RegExp][] = [
    [null, /^: expected one message/],
    [gd(10, {}), /^XXLX: expected one of 0 申办, .*9 领取登记; got "10"/],
    [gd(0, { SBSJ: '2026-02-30' }), /^SBSJ: expected a time/],
    [gd(0, {}), /^SBSJ: missing/],
    [gd(0, { SBSJ: time, SBLSH: '' }), /^SBLSH: missing/],
    [gd(0, { SBSJ: time, SBLSH: '#1' }), /^SBLSH: expected letters/],
    [gd(0, { SBSJ: time, SJBBH: null }), /^SJBBH: missing/],
    [gd(0, { SBSJ: time, XZQHDM: '5101' }), /^XZQHDM: expected the six/],
    [gd(0, { SBSJ: '18991231', SXBM: 'M1' }), /^SBSJ: expected a time between 1990/],
    [gd(0, { SBSJ: time, SQRMC: '张三', SQRLX: 'x' }), /^SQRLX: expected one of/],
    [gd(1, { YSLSJ: time }), /^YSLZTDM: missing/],
    [gd(2, { SLZTDM: 1 }), /^SLSJ: missing/],
    [gd(2, { SLZTDM: 1, SLSJ: time, GDBLSX: 'x' }), /^GDBLSX: expected a whole number/],
    [gd(2, { SLZTDM: 1, SLSJ: time, GDBLSX: 1, GDBLSXDDW: 'W' }), /^GDBLSXDDW: expected G/],
    [gd(3, { SPSJ: time, SPHJDM: 1 }), /^SPBZH: missing/],
    [gd(3, { SPSJ: time, SPBZH: 1 }), /^SPHJDM: missing/],
    [gd(3, { SPSJ: time, SPBZH: 1, SPHJDM: 1, SPYJ: 'x'.repeat(3_000) }), /^SPYJ: /],
    [gd(4, { BJSJ: time, BJJGDM: 7 }), /^BJJGDM: expected one of 0 出证办结/],
    [gd(5, { TBCXZL: 'A', TBCXKSRQ: time, TBCXPZR: 'x' }), /^TBCXSX: missing/],
    [gd(5, { TBCXZL: 'A', TBCXKSRQ: time, TBCXSX: 5 }), /^TBCXPZR: missing/],
    [gd(5, { TBCXZL: 'A', TBCXKSRQ: time, TBCXSX: 61, TBCXPZR: 'x' }), /^TBCXSX: .*60/],
    [gd(5, { TBCXZL: 'A', TBCXKSRQ: time, TBCXSX: 5, TBCXSXDW: 'Z', TBCXPZR: 'x' }), /^TBCXSXDW: expected G/],
    [gd(6, {}), /^TBCXJSRQ: missing/],
    [gd(7, {}), /^BZGZSJ: missing/],
    [gd(8, {}), /^BZSJ: missing/],
    [gd(9, { LQSJ: { a: 1 } }), /^LQSJ: expected a text or a number/],
  ];
  it.each(wrong)('refuses %j in the names of the source', (message, expected) => {
    expect(fault(guangdong, message)).toMatch(expected);
  });

  it('makes ids of key, message and version: the same again is the same, another version or step is not', () => {
    const step = gd(3, { SPBZH: 1, SPHJDM: 1, SPSJ: time });
    const same = [step, { ...step, SPYJ: '同意' }].map((each) => ids(guangdong, each)[0]);
    expect(new Set(same).size).toBe(1);
    const others = [{ SJBBH: 2 }, { SPBZH: 2 }, { SXBM: 'M2' }, { SBLSH: 'SB-2' }, { XZQHDM: '510105' }];
    expect(
      new Set([step, ...others.map((change) => ({ ...step, ...change }))].flatMap((each) => ids(guangdong, each))).size,
    ).toBe(6);
    expect(new Set(ids(guangdong, gd(4, { BJJGDM: 0, BJSJ: time }))).size).toBe(2);
  });

  it('is taken whole or refused whole at the door, with what only the hub knows in the names of the source', () => {
    const candidate = (input: unknown) => ({ ok: true as const, input, bytes: () => Buffer.alloc(0) });
    const now = at('2026-11-21T00:00:00');
    const messages = [
      gd(0, { SBSJ: time }),
      gd(0, { SBSJ: time, SXBM: 'NONE' }),
      gd(0, { SBSJ: time, XZQHDM: '510105' }),
      gd(4, { BJSJ: '20261122', BJJGDM: 0 }),
      gd(2, { SLZTDM: 1, SLSJ: time, SBLSH: 'SB-2' }),
      gd(4, { BJSJ: '20261101', BJJGDM: 0, SBLSH: 'SB-2' }),
    ];
    const judged = judge(messages.map(candidate), source, smallWorld(), now, guangdong);
    expect(judged.events.map(({ index }) => index)).toEqual([0, 4]);
    expect(judged.refused.map(({ index, field }) => `${index} ${field}`)).toEqual([
      '1 SXBM',
      '2 XZQHDM',
      '3 BJSJ',
      '5 BJSJ',
    ]);
  });

  it('never throws, whatever comes', () => {
    fc.assert(
      fc.property(
        fc.dictionary(
          fc.constantFrom(
            'XXLX',
            'SBLSH',
            'SXBM',
            'SJBBH',
            'XZQHDM',
            'SLSJ',
            'BJJGDM',
            'table',
            'row_guid',
            '__proto__',
          ),
          fc.oneof(fc.string(), fc.integer(), fc.constant(null)),
        ),
        (input) => {
          for (const dialect of [guangdong, national])
            expect(typeof translate(dialect, input, source).ok).toBe('boolean');
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('the national tables', () => {
  const row = (table: string, fields: Record<string, unknown>): Record<string, unknown> => ({
    table,
    row_guid: 'g-1',
    cd_operation: 'I',
    cd_time: '2026-11-20 20:00:00',
    project_no: 'SB-1',
    ...fields,
  });
  const accept = row('up_pro_accept', {
    apply_date: '2026-11-18 10:00:00',
    accept_date: '2026-11-19 09:00:00',
    promise_date: '2026-11-25',
    task_code: 'M1',
    task_version: 3,
    org_code: 'O-1',
    handle_user_name: '李四',
    applicant_name: '张三',
  });
  const cases: [name: string, row: Record<string, unknown>, expected: Record<string, unknown>[]][] = [
    [
      'up_pro_accept',
      accept,
      [
        {
          kind: 'case.received',
          matter: 'M1',
          occurredAt: at('2026-11-18T10:00:00'),
          applicant: { name: '张三', class: 'other' },
        },
        {
          kind: 'case.accepted',
          matter: 'M1',
          occurredAt: at('2026-11-19T09:00:00'),
          applicant: { name: '张三', class: 'other' },
          promisedDueAt: at('2026-11-25T23:59:59.999'),
          handler: '李四',
          note: '机构: O-1; 事项版本: 3',
        },
      ],
    ],
    [
      'up_pro_process',
      row('up_pro_process', {
        event_name: '审核通过',
        process_name: '审核',
        event_start_time: '2026-11-19 10:00:00',
        event_end_time: '2026-11-19 11:00:00',
        handle_explain: '同意',
      }),
      [{ kind: 'case.stepped', step: '审核', occurredAt: at('2026-11-19T11:00:00'), note: '业务动作: 审核通过; 同意' }],
    ],
    [
      'up_pro_process that has not ended',
      row('up_pro_process', { event_name: '承办', event_start_time: '20261119100000' }),
      [{ kind: 'case.stepped', step: '承办', occurredAt: at('2026-11-19T10:00:00'), note: '业务动作: 承办' }],
    ],
    [
      'up_pro_result',
      row('up_pro_result', { result_type: 1, result_date: '2026-11-20 10:00:00', satisfaction: 5 }),
      [
        { kind: 'case.decided', outcome: 'approved', occurredAt: at('2026-11-20T10:00:00') },
        { kind: 'case.completed', occurredAt: at('2026-11-20T10:00:00'), note: '满意度: 5' },
      ],
    ],
    [
      'up_pro_result: ended early',
      row('up_pro_result', { result_type: '终止', result_date: '2026-11-20' }),
      [{ kind: 'case.withdrawn', occurredAt: at('2026-11-20T00:00:00') }],
    ],
    [
      'up_pro_special_procedure: extension',
      row('up_pro_special_procedure', {
        special_type: 1,
        special_time: '2026-11-20 09:00:00',
        special_days: 10,
        handle_user_name: '王五',
      }),
      [{ kind: 'case.extended', occurredAt: at('2026-11-20T09:00:00'), days: 10, approver: '王五' }],
    ],
    [
      'up_pro_special_procedure: others',
      row('up_pro_special_procedure', {
        special_type: '2',
        special_time: '2026-11-20 09:00:00',
        end_time: '2026-11-20 12:00:00',
        special_reason: '检测',
        result: '合格',
      }),
      [
        { kind: 'case.suspended', procedure: '检测', occurredAt: at('2026-11-20T09:00:00'), reason: '检测' },
        { kind: 'case.resumed', occurredAt: at('2026-11-20T12:00:00'), result: '合格' },
      ],
    ],
  ];
  it.each(cases)('%s', (_name, input, expected) => {
    expect(events(national, input)).toEqual(expected);
  });

  const wrong: [row: unknown, fault: RegExp][] = [
    [row('up_pro_material', {}), /^table: expected one of up_pro_accept/],
    [{ ...accept, row_guid: '' }, /^row_guid: missing/],
    [{ ...accept, project_no: undefined }, /^project_no: /],
    [{ ...accept, cd_operation: 'X' }, /^cd_operation: expected one of I /],
    [{ ...accept, cd_operation: 'D' }, /^cd_operation: a deletion is not carried out/],
    [{ ...accept, cd_time: 'soon' }, /^cd_time: expected a time/],
    [{ ...accept, accept_date: '' }, /^accept_date: missing/],
    [{ ...accept, promise_date: '25/11/2026' }, /^promise_date: expected a time/],
    [{ ...accept, task_code: '' }, /^task_code: missing/],
    [{ ...accept, area_code: 'x' }, /^area_code: /],
    [row('up_pro_process', { event_end_time: '2026-11-19' }), /^event_name: missing/],
    [row('up_pro_result', { result_date: '2026-11-19' }), /^result_type: missing/],
    [row('up_pro_special_procedure', { special_type: 1, special_time: '2026-11-19' }), /^special_days: missing/],
    [row('up_pro_special_procedure', { special_type: 3, special_time: '2026-11-19' }), /^special_type: expected/],
  ];
  it.each(wrong)('refuses %j in the names of the source', (input, expected) => {
    expect(fault(national, input)).toMatch(expected);
  });

  it('knows a row that comes again, and takes only what changed of one that changed', () => {
    const [received, accepted] = ids(national, accept);
    expect(ids(national, { ...accept, cd_operation: 'U', cd_time: '2026-11-21 20:00:00' })).toEqual([
      received,
      accepted,
    ]);
    const changed = ids(national, { ...accept, cd_operation: 'U', promise_date: '2026-11-26' });
    expect(changed[0]).toBe(received);
    expect(changed[1]).not.toBe(accepted);
    expect(ids(national, { ...accept, row_guid: 'g-2' })).not.toContain(received);
  });
});
