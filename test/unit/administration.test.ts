import { describe, expect, it } from 'vitest';
import {
  accountForm,
  changes,
  forms,
  mayGrant,
  reviewDueAt,
  unfitAccount,
  unfitContact,
  unfitPlace,
  type ContactForm,
  type Place,
} from '../../hub/model/administration.ts';
import { passwordFault } from '../../hub/model/administrationPassword.ts';
import { decideAdministration } from '../../hub/model/administrationEvents.ts';
import {
  asksFor,
  awaitingState,
  confirmWithin,
  isGuarded,
  mayConfirm,
  type Awaiting,
  type Grant,
} from '../../hub/model/confirmation.ts';
import { roles } from '../../hub/model/rights.ts';
import { isOpenOn, type World } from '../../hub/model/world.ts';
import { oneTimePassword } from '../../hub/platform/accounts.ts';
import { differenceOf } from '../../hub/serve/admin.ts';
import { smallWorld } from '../support/world.ts';

const small = smallWorld();
const world: World = {
  ...small,
  organs: new Map([
    ['o1', { id: 'o1', region: '510104', name: '监察局' }],
    ['o2', { id: 'o2', region: '510104', name: '派驻公安局', departments: ['d1'] }],
  ]),
  departments: new Map([
    ['d1', { id: 'd1', region: '510104', name: '公安局' }],
    ['d2', { id: 'd2', region: '510105', name: '公安局' }],
    ['d3', { id: 'd3', region: '510104', name: '档案局', closedFrom: '2026-01-01' }],
  ]),
};
const hall = [...world.halls.values()][0]!;
const today = '2026-11-22';

describe('places', () => {
  const window: Place = { id: 'new', region: '510104', hall: hall.id, number: '99', name: '99号窗口' };
  const taken = [...world.windows.values()][0]!;

  it.each<[string, Partial<Place>, string | undefined]>([
    ['a free number', {}, undefined],
    ['a number that another window has', { number: taken.number }, 'number'],
    ['a department of another region', { department: 'd2' }, 'department'],
    ['a department that is closed', { department: 'd3' }, 'department'],
    ['closed from yesterday', { closedFrom: '2026-11-21' }, 'closedFrom'],
    ['closed from today', { closedFrom: today }, undefined],
  ])('a window: %s', (_name, change, field) => {
    expect(unfitPlace('window', { ...window, ...change }, undefined, world, today)?.field).toBe(field);
  });

  it('takes the number of a window that has closed, and keeps what is closed already', () => {
    const closed = { ...world, windows: new Map([[taken.id, { ...taken, closedFrom: '2026-11-01' }]]) };
    expect(unfitPlace('window', { ...window, number: taken.number }, undefined, closed, today)).toBeUndefined();
    const before: Place = { ...window, closedFrom: '2026-11-01', department: 'd3' };
    expect(unfitPlace('window', { ...before, name: '别的名称' }, before, closed, today)).toBeUndefined();
  });

  const line: Place = { id: 'o2', region: '510104', name: '派驻公安局', departments: ['d1'] };
  const { departments: _, ...unlined } = line;
  it.each<[string, Place, Place | undefined, boolean]>([
    ['a department of its region', line, undefined, true],
    ['one of another region', { ...line, departments: ['d1', 'd2'] }, undefined, false],
    ['one below', { ...line, region: '510100', departments: ['d1', 'd2'] }, undefined, true],
    ['one twice', { ...line, departments: ['d1', 'd1'] }, undefined, false],
    ['one that is closed', { ...line, departments: ['d3'] }, undefined, false],
    ['one that has closed since', { ...line, departments: ['d3'] }, { ...line, departments: ['d1', 'd3'] }, true],
    ['none any more', unlined, line, false],
    ['one, where there was none', line, unlined, false],
  ])('the line of a supervision body (SC-15): %s', (_name, place, before, isFit) => {
    expect(unfitPlace('organ', place, before, world, today)?.field).toBe(isFit ? undefined : 'departments');
  });

  it('opens before it closes', () => {
    const place: Place = { id: 'h', region: '510104', name: '大厅', opens: 1020, closes: 540 };
    expect(unfitPlace('hall', place, undefined, world, today)).toEqual({
      field: 'closes',
      reason: 'expected a time after the hall opens',
    });
  });

  it('forms take no field of another kind, and changes move nothing elsewhere', () => {
    expect(forms.organ.safeParse({ region: '510104', name: '局', nameEn: null, opens: 1 }).success).toBe(false);
    expect(changes.window.safeParse({ hall: 'other' }).success).toBe(false);
    expect(changes.hall.safeParse({ region: '510105' }).success).toBe(false);
    expect(forms.region.safeParse({ code: '51010', name: '区', nameEn: null }).success).toBe(false);
    expect(forms.organ.safeParse({ region: '510104', name: '  ', nameEn: null }).success).toBe(false);
  });

  it('is open until the day before it closes', () => {
    expect(isOpenOn({ closedFrom: '2026-12-01' }, '2026-11-30')).toBe(true);
    expect(isOpenOn({ closedFrom: '2026-12-01' }, '2026-12-01')).toBe(false);
    expect(isOpenOn({}, '2026-12-01')).toBe(true);
  });
});

describe('accounts', () => {
  const none = { hall: null, organ: null, department: null };
  it.each<[string, Parameters<typeof unfitAccount>[0], string | undefined]>([
    ['an inspector of an organ', { ...none, role: 'inspector', region: '510104', organ: 'o1' }, undefined],
    ['an inspector of a department’s body', { ...none, role: 'inspector', region: '510104', organ: 'o2' }, 'organ'],
    ['a line inspector of it', { ...none, role: 'lineInspector', region: '510104', organ: 'o2' }, undefined],
    ['a line inspector of the region', { ...none, role: 'lineInspector', region: '510104', organ: 'o1' }, 'organ'],
    ['an inspector of no organ', { ...none, role: 'inspector', region: '510104' }, 'organ'],
    ['a manager of a hall', { ...none, role: 'hallManager', region: '510104', hall: hall.id }, undefined],
    ['a manager of a hall elsewhere', { ...none, role: 'hallManager', region: '510105', hall: hall.id }, 'region'],
    ['a post user without a department', { ...none, role: 'postUser', region: '510104' }, 'department'],
    ['an administrator of an organ', { ...none, role: 'administrator', region: '510104', organ: 'o1' }, 'organ'],
    ['an administrator', { ...none, role: 'administrator', region: '510104' }, undefined],
  ])('%s', (_name, form, field) => expect(unfitAccount(form, world)?.field).toBe(field));

  it('are given in the own region and below, and never to oneself (SC-29)', () => {
    const who = { account: 'admin', region: '510100' };
    expect(mayGrant(who, 'li', '510104')).toBeUndefined();
    expect(mayGrant(who, 'li', '510000')?.field).toBe('region');
    expect(mayGrant(who, 'li', '520100')?.field).toBe('region');
    expect(mayGrant(who, 'admin', '510104')?.field).toBe('account');
    expect(accountForm.safeParse({ account: 'x', name: 'n', role: 'king', region: '510104', ...none }).success).toBe(
      false,
    );
  });

  it('are reviewed every ninety days, the first time after they were made', () => {
    expect(reviewDueAt({ createdAt: 1_000 })).toBe(1_000 + 90 * 86_400_000);
    expect(reviewDueAt({ createdAt: 1_000, reviewedAt: 5_000 })).toBe(5_000 + 90 * 86_400_000);
  });
});

describe('passwords', () => {
  it.each([
    ['short1!', 'short'],
    ['x'.repeat(300), 'long'],
    ['aaaaaaaaaaaaaa', 'few'],
    ['Password2026!!', 'common'],
    ['P@ssw0rd-2026', 'common'],
    ['admin-hallwatch', 'common'],
    ['qwertyuiop12', 'row'],
    ['abcdefgh5678', 'row'],
    ['482193770652', 'digits'],
    ['zhangsan-is-here', 'account'],
    ['窗口今天很忙', 'short'],
    ['早上八点开门的大厅', undefined],
    ['correct horse battery', undefined],
    ['Kq7-vent-31-larch', undefined],
  ] as const)('%s', (password, fault) => expect(passwordFault(password, 'zhangsan')).toBe(fault));

  it('that are given once differ each time and would be taken', () => {
    const given = Array.from({ length: 50 }, oneTimePassword);
    expect(new Set(given).size).toBe(50);
    for (const each of given) expect(each).toMatch(/^[a-z2-9]{4}(-[a-z2-9]{4}){3}$/);
  });
});

describe('contacts', () => {
  const form: ContactForm = {
    region: '510104',
    ...{ department: 'd1', organ: null, hall: null, role: 'liaison', name: '王', post: null, staff: null, phone: null },
    ...{ mobile: null, email: null, webhook: null, account: null },
  };
  it('stand for a department or an organ of their region (C-08)', () => {
    expect(unfitContact(form, world)).toBeUndefined();
    expect(unfitContact({ ...form, organ: 'o1' }, world)?.field).toBe('department');
    expect(unfitContact({ ...form, department: 'd2' }, world)?.field).toBe('department');
    expect(unfitContact({ ...form, hall: 'nowhere' }, world)?.field).toBe('hall');
  });
});

it('the ledger keeps the line of an organ, and what it was', () => {
  const event = {
    kind: 'reference.changed' as const,
    ...{ id: 'e', region: '510104', source: 'desk', occurredAt: 1, receivedAt: 2, account: 'admin', name: '管理员' },
    ...{ what: 'organ' as const, act: 'changed' as const, subject: 'o2', title: '派驻公安局' },
    ...differenceOf({ departments: ['d1'] }, { departments: ['d1', 'd3'] }),
  };
  expect(decideAdministration(event).ledger[0]!.facts).toMatchObject({
    'departments.before': 'd1',
    'departments.after': 'd1 d3',
  });
  expect(differenceOf({ departments: ['d1'] }, { departments: ['d1'] }).fields).toEqual([]);
});

it('the ledger keeps what was before and after', () => {
  const event = {
    kind: 'reference.changed' as const,
    ...{ id: 'e', region: '510104', source: 'desk', occurredAt: 1, receivedAt: 2, account: 'admin', name: '管理员' },
    ...{ what: 'hall' as const, act: 'changed' as const, subject: 'h1', hall: 'h1', title: '大厅' },
    ...{ before: { opens: 540 }, after: { opens: 510 } },
  };
  expect(decideAdministration(event)).toEqual({
    puts: [],
    ledger: [
      {
        ...{ region: '510104', at: 2, act: 'reference.changed', subject: 'h1', hall: 'h1', account: 'admin' },
        facts: { title: '大厅', 'opens.before': 540, 'opens.after': 510, what: 'hall' },
      },
    ],
  });
});

describe('what another person has to confirm (三员分立, SC-29)', () => {
  it('is every role that supervises, decides, sees pictures or watches the watchers', () => {
    expect(roles.filter((each) => !isGuarded(each))).toEqual(['administrator', 'postUser', 'cataloguer']);
  });

  const inspector: Grant = { role: 'inspector', region: '510100', hall: null, organ: 'o1', department: null };
  it.each<[string, Partial<Grant>, Partial<Grant>, boolean]>([
    ['the same rights', {}, {}, false],
    ['a region below', {}, { region: '510104' }, false],
    ['the region above', {}, { region: '510000' }, true],
    ['a region beside', { region: '510104' }, { region: '510105' }, true],
    ['another organ', {}, { organ: 'o2' }, true],
    ['an inspector becomes a hall manager', {}, { role: 'hallManager', organ: null, hall: 'h1' }, true],
    ['a hall manager of another hall', { role: 'hallManager', hall: 'h1' }, { role: 'hallManager', hall: 'h2' }, true],
    ['a post user becomes an inspector', { role: 'postUser' }, {}, true],
    ['an inspector becomes a post user', {}, { role: 'postUser' }, false],
  ])('%s', (_name, before, after, asks) => {
    expect(asksFor({ ...inspector, ...before }, { ...inspector, ...after }, false)).toBe(asks);
  });

  it('a request that waits is asked anew with every change, until the role needs nobody', () => {
    expect(asksFor(inspector, inspector, true)).toBe(true);
    expect(asksFor(inspector, { ...inspector, role: 'cataloguer' }, true)).toBe(false);
  });

  const at = 1_000_000;
  const awaiting: Awaiting = { at, by: 'admin', byName: '管理员', what: ['added'] };
  const refused = { at: at + 1, name: '监管员', reason: '不符' };
  it.each<[string, string, Awaiting | undefined, number, number, RegExp | undefined]>([
    ['another person', 'jian', awaiting, at, at + confirmWithin, undefined],
    ['a moment too late', 'jian', awaiting, at, at + confirmWithin + 1, /lapsed/],
    ['who asked for it', 'admin', awaiting, at, at, /what they asked for/],
    ['whose it is', 'li', awaiting, at, at, /their own account/],
    ['who read an older request', 'jian', awaiting, at - 1, at, /something else/],
    ['after it was refused', 'jian', { ...awaiting, refused }, at, at, /refused already/],
    ['where nothing waits', 'jian', undefined, at, at, /nothing of this account/],
  ])('%s', (_name, who, request, askedAt, now, reason) => {
    const fault = mayConfirm({ account: who }, 'li', request, askedAt, now);
    if (reason) expect(fault?.reason).toMatch(reason);
    else expect(fault).toBeUndefined();
  });

  it('lapses after seven days and opens nothing when it was refused', () => {
    expect(awaitingState(awaiting, at + confirmWithin)).toBe('asked');
    expect(awaitingState(awaiting, at + confirmWithin + 1)).toBe('lapsed');
    expect(awaitingState({ ...awaiting, refused }, at)).toBe('refused');
  });

  it('the recorder takes no confirmation by who asked', () => {
    const event = {
      kind: 'account.changed' as const,
      act: 'confirmed' as const,
      ...{ id: 'e', region: '510104', source: 'desk', occurredAt: 1, receivedAt: 1 },
      ...{ account: 'jian', name: '监管员', subject: 'li', title: '李', before: {}, after: {} },
    };
    expect(decideAdministration({ ...event, request: { by: 'jian', at } })).toMatchObject({ refused: /./ });
    expect(decideAdministration(event)).toMatchObject({ refused: /./ });
    expect(decideAdministration({ ...event, request: { by: 'admin', at } }).ledger).toMatchObject([
      { act: 'account.confirmed', facts: { askedBy: 'admin', askedAt: at } },
    ]);
  });
});
