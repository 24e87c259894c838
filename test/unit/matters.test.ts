import { describe, expect, it } from 'vitest';
import { checkRecord, matterOfRecord, matterRecord, type MatterRecord } from '../../hub/model/matter.ts';
import { diffRecords, reconcile } from '../../hub/model/matterDiff.ts';
import { turn, type Act, type Circumstances, type MatterVersion } from '../../hub/model/matterVersion.ts';
import { recordOf } from '../support/matters.ts';

describe('the record of a matter (XY-51…XY-70)', () => {
  it('takes a whole one', () => {
    expect(matterRecord.parse(recordOf())).toEqual(recordOf());
    expect(checkRecord(recordOf())).toEqual([]);
  });

  it('takes null and an empty list for 无, and no blank and no missing field (XY-68)', () => {
    for (const field of matterRecord.keyof().options) {
      const { [field]: _, ...rest } = recordOf();
      expect(matterRecord.safeParse(rest).success, `without ${field}`).toBe(false);
      expect(matterRecord.safeParse(recordOf({ [field]: '' })).success, `blank ${field}`).toBe(false);
    }
    const none = { conditions: null, place: null, promisedDays: null, fees: [], attachments: [], materials: [] };
    expect(matterRecord.safeParse(recordOf(none)).success).toBe(true);
    expect(matterRecord.safeParse(recordOf({ materials: [''] })).success).toBe(false);
  });

  it.each<[string, Partial<MatterRecord>, string | undefined]>([
    ['promised as long as the law (XY-62)', { promisedDays: 10 }, 'promisedDays'],
    ['promised longer', { promisedDays: 11 }, 'promisedDays'],
    ['promised, and no statutory limit', { statutoryDays: null }, undefined],
    ['a sub-item without its item (XY-52)', { subItem: '内资设立' }, 'parent'],
    ['an item without a name below it', { parent: 'SC-100' }, 'subItem'],
    ['its own sub-item', { parent: 'SC-101', subItem: '设立' }, 'parent'],
    ['a directory without an edition (XY-51)', { directoryEdition: null }, 'directoryEdition'],
    ['other applicants unexplained (XY-54)', { applicants: ['other'] }, 'applicantNote'],
    ['other applicants explained', { applicants: ['other'], applicantNote: '社会团体' }, undefined],
    ['a class twice', { applicants: ['person', 'person'] }, 'applicants'],
    ['a monitored node that is no step (JY-14)', { monitored: ['听证'] }, 'monitored'],
    ['a file of no form (XY-66)', { form: null, formFile: '表.doc' }, 'form'],
    ['half a delegation (FS-36)', { delegatedTo: null }, 'delegatedTo'],
    ['a delegation to itself', { delegatedTo: '510100' }, 'delegatedTo'],
  ])('%s', (_name, change, field) => {
    expect(checkRecord(recordOf(change))[0]?.field).toBe(field);
  });

  it('lets a region allow the promised limit to be the statutory one (C-05)', () => {
    expect(checkRecord(recordOf({ promisedDays: 10 }), 'notLater')).toEqual([]);
    expect(checkRecord(recordOf({ promisedDays: 11 }), 'notLater')).toMatchObject([{ field: 'promisedDays' }]);
  });

  it('gives the rules what they compare with: people, limits of steps, fees, procedures, state (JY-21, XY-56…XY-67)', () => {
    const { steps } = recordOf();
    const matter = matterOfRecord(
      recordOf({
        approvers: ['王局长'],
        steps: [
          { ...steps[0]!, days: 2, responsible: '李四' },
          { ...steps[1]!, type: 'hearing' },
        ],
        monitored: ['受理'],
        fees: [{ name: '工本费', amount: 10, unit: null, basis: null }],
        state: 'suspended',
        since: '2026-11-01',
      }),
    );
    expect(matter).toMatchObject({
      approvers: ['王局长'],
      stepDetails: [
        { name: '受理', days: 2, responsible: '李四' },
        { name: '审核', days: 3, responsible: '李科长' },
      ],
      monitored: ['受理'],
      fees: [{ name: '工本费', amount: 10 }],
      procedures: ['hearing'],
      state: 'suspended',
      since: '2026-11-01',
    });
  });

  it('gives the clock its limits, and of a secret matter nothing but that it is one (JY-02)', () => {
    expect(matterOfRecord(recordOf({ parent: 'SC-100', subItem: '新办' }))).toMatchObject({
      code: 'SC-101',
      region: '510104',
      name: '食品经营许可（新办）',
      businessType: 'approval',
      itemClass: 'promised',
      statutoryDays: 10,
      promisedDays: 5,
      legalBasis: '食品安全法 第三十五条；行政许可法',
      steps: ['受理', '审核', '发证'],
    });
    const secret = matterOfRecord(recordOf({ secrecy: 'confidential' }));
    expect(secret).toMatchObject({ code: 'SC-101', secret: true, steps: [] });
    expect(JSON.stringify(secret)).not.toMatch(/食品|许可/);
  });
});

const draftOf = (change: Partial<MatterRecord> = {}): MatterVersion => ({
  version: 2,
  state: 'draft',
  record: recordOf(change),
  acts: [],
});
const circumstances: Circumstances = { day: '2026-11-20', unit: 'working', promised: 'earlier', frozen: 1 };
const submit: Act = { act: 'submit', by: '张三', at: 1 };
const establishment: Act = { act: 'approve', office: 'establishment', by: '编办甲', at: 2 };
const legal: Act = { act: 'approve', office: 'legal', by: '法制办乙', at: 3 };
const back: Act = { act: 'return', office: 'legal', by: '法制办乙', at: 4, reason: '依据过期' };
const freeze: Act = { act: 'freeze', by: '管理员', at: 5 };

/** The states after each act, and the reason of the first refusal. */
function play(version: MatterVersion, acts: Act[], change: Partial<Circumstances> = {}): string[] {
  const seen: string[] = [];
  for (const act of acts) {
    const turned = turn(version, act, { ...circumstances, ...change });
    if (!turned.ok) return [...seen, turned.reason];
    version = turned.version;
    seen.push(version.state);
  }
  return seen;
}

describe('a version (XY-14, XY-15)', () => {
  it('of an approval needs both offices, in any order', () => {
    const frozen = ['submitted', 'submitted', 'reviewed', 'frozen'];
    expect(play(draftOf(), [submit, establishment, legal, freeze])).toEqual(frozen);
    expect(play(draftOf(), [submit, legal, establishment, freeze])).toEqual(frozen);
    expect(play(draftOf(), [submit, legal, freeze])[2]).toMatch(/waits for the review by establishment/);
  });

  it.each(['levy', 'penalty'] as const)('of a %s needs the legal office alone', (businessType) => {
    expect(play(draftOf({ businessType }), [submit, legal, freeze])).toEqual(['submitted', 'reviewed', 'frozen']);
    expect(play(draftOf({ businessType }), [submit, establishment])[1]).toMatch(
      /reviewed by legal, not by establishment/,
    );
  });

  it('goes back to a draft with a reason, and then needs every approval again', () => {
    expect(play(draftOf(), [submit, establishment, legal, back, submit, legal, freeze]).slice(3)).toEqual([
      'draft',
      'submitted',
      'submitted',
      expect.stringMatching(/waits for the review by establishment/),
    ]);
    expect(play(draftOf(), [submit, { ...back, reason: ' ' } as Act])[1]).toMatch(/reason/);
  });

  it.each<[string, Partial<MatterRecord>, Act[], Partial<Circumstances>, RegExp]>([
    ['freezing a draft', {}, [freeze], {}, /is draft; only a reviewed one/],
    ['submitting twice', {}, [submit, submit], {}, /is submitted; only a draft/],
    ['reviewing a draft', {}, [legal], {}, /is draft; only a submitted one/],
    ['approving twice', {}, [submit, legal, legal], {}, /legal has approved version 2 already/],
    ['reviewing one’s own', {}, [{ ...submit, by: '法制办乙' }, legal], {}, /somebody else/],
    [
      'one person for both offices',
      {},
      [submit, legal, { ...establishment, by: '法制办乙' } as Act],
      {},
      /somebody else/,
    ],
    ['changing a frozen one', {}, [submit, establishment, legal, freeze, submit], {}, /is frozen/],
    ['no signature (XY-70)', { signedBy: null }, [submit], {}, /^signedBy/],
    ['no seal', { seal: null }, [submit], {}, /^seal/],
    ['no approver (XY-56)', { approvers: [] }, [submit], {}, /^approvers/],
    ['no handler (JY-21)', { handlers: [] }, [submit], {}, /^handlers/],
    ['no steps (XY-60)', { steps: [], monitored: [] }, [submit], {}, /^steps/],
    ['a promise longer than the law', { promisedDays: 10 }, [submit], {}, /^promisedDays/],
    ['before its day', { effectiveFrom: '2026-11-21' }, [submit, establishment, legal, freeze], {}, /2026-11-21/],
    ['in other days', { dayUnit: 'calendar' }, [submit, establishment, legal, freeze], {}, /counts working days/],
    ['behind a later one', {}, [submit, establishment, legal, freeze], { frozen: 3 }, /version 3 is frozen already/],
  ])('refuses %s', (_name, change, acts, given, reason) => {
    expect(play(draftOf(change), acts, given).at(-1)).toMatch(reason);
  });
});

describe('the difference between versions', () => {
  it('names each field once, and of a list what came and went', () => {
    expect(diffRecords(recordOf(), recordOf())).toEqual([]);
    expect(diffRecords(recordOf(), recordOf({ promisedDays: 4, materials: ['身份证明', '照片'] }))).toEqual([
      { field: 'promisedDays', from: 5, to: 4 },
      {
        field: 'materials',
        from: ['申请书', '身份证明'],
        to: ['身份证明', '照片'],
        added: ['照片'],
        removed: ['申请书'],
      },
    ]);
  });

  it('sees another order, and does not mind that of the keys', () => {
    const swapped = diffRecords(recordOf(), recordOf({ materials: ['身份证明', '申请书'] }));
    expect(swapped).toMatchObject([{ field: 'materials', added: [], removed: [] }]);
    const turned = Object.fromEntries(Object.entries(recordOf()).reverse()) as MatterRecord;
    expect(diffRecords(recordOf(), turned)).toEqual([]);
  });
});

describe('reconciliation (FS-17, FS-18)', () => {
  const { code, name } = recordOf();
  const none = new Set<string>();

  it('finds nothing where both say the same, in whatever order', () => {
    const materials = ['身份证明', '申请书'];
    expect(reconcile([recordOf()], [{ code, name, promisedDays: 5, materials }], [], none)).toEqual([]);
  });

  it('finds what only one side has, and what differs', () => {
    const fees = [{ name: '工本费', amount: 20, unit: '本', basis: null }];
    const found = reconcile(
      [recordOf(), recordOf({ code: 'A' })],
      [
        { code, promisedDays: 7, fees },
        { code: 'B', name: '乙' },
      ],
      [],
      none,
    );
    expect(found).toEqual([
      { kind: 'differs', code, name, field: 'promisedDays', ours: 5, theirs: 7 },
      { kind: 'differs', code, name, field: 'fees', ours: recordOf().fees, theirs: fees },
      { kind: 'notPublished', code: 'A', name },
      { kind: 'notInSystem', code: 'B', name: '乙' },
    ]);
  });

  it('finds a cancelled matter that is used, or still published, and does not miss it in the list', () => {
    const cancelled = recordOf({ state: 'cancelled', since: '2026-06-01' });
    expect(reconcile([cancelled], [], [], none)).toEqual([]);
    expect(reconcile([cancelled], [{ code }], [{ code, cases: 3 }], none)).toEqual([
      { kind: 'cancelledUsed', code, name, since: '2026-06-01', cases: 3 },
      { kind: 'differs', code, name, field: 'state', ours: 'cancelled', theirs: 'live' },
    ]);
  });

  it('counts no secret matter as a gap (JY-02)', () => {
    expect(reconcile([], [{ code: 'S' }], [], new Set(['S']))).toEqual([]);
  });
});
