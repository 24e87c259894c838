import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LiveItem } from '../../hub/model/live.ts';
import { may, permissions, type Identity, type Permission, type Role } from '../../hub/model/rights.ts';
import { scopeOf, scopeValues } from '../../hub/serve/queries/scope.ts';
import { chunksOf, isInScope, roomOf } from '../../hub/serve/rooms.ts';

const who = (role: Role, region: string, hall?: string): Identity => ({
  session: 's',
  account: 'a',
  name: 'n',
  role,
  region,
  ...(hall === undefined ? {} : { hall }),
});

describe('rights', () => {
  const table: [Role, Permission[]][] = [
    [
      'inspector',
      [
        'case.read',
        'signal.read',
        'signal.acknowledge',
        'signal.issue',
        'signal.confirm',
        'signal.verify',
        'signal.revoke',
        'signal.urge',
        'inquiry.manage',
        'video.watch',
        'patrol.read',
        'patrol.visit',
        'finding.record',
        'finding.read',
        'finding.verify',
        'evidence.view',
        'evidence.take',
        'evidence.request',
        'evidence.approve',
        'ledger.read',
        'register.write',
        'register.review',
        'pack.read',
        'pack.draft',
        'pack.activate',
        'source.read',
        'matter.read',
        'numbers.read',
      ],
    ],
    [
      'hallManager',
      [
        'case.read',
        'signal.read',
        'signal.acknowledge',
        'signal.correct',
        'signal.appeal',
        'video.watch',
        'patrol.read',
        'finding.read',
        'finding.answer',
        'presence.write',
        'evidence.request',
      ],
    ],
    [
      'lineInspector',
      ['video.watch', 'patrol.read', 'patrol.visit', 'finding.record', 'finding.read', 'finding.verify'],
    ],
    ['administrator', ['camera.manage', 'place.manage', 'account.manage', 'system.read', 'source.manage']],
    ['postUser', ['entry.write']],
    ['cataloguer', ['matter.read', 'matter.edit']],
    ['establishmentOffice', ['matter.read', 'matter.review']],
    ['legalOffice', ['matter.read', 'matter.review']],
    ['overseer', ['ledger.read', 'watchers.oversee', 'numbers.read']],
  ];
  it.each(table)('of the %s are these and no others', (role, granted) => {
    expect(permissions.filter((each) => may(who(role, '510104'), each))).toEqual(granted);
  });

  it('keep administrators and business apart (SC-29)', () => {
    const administrator = new Set(table.find(([role]) => role === 'administrator')![1]);
    for (const [role, granted] of table) {
      if (role !== 'administrator') expect(granted.filter((each) => administrator.has(each))).toEqual([]);
    }
  });

  const places: [string, string, string | undefined, { region: string; hall?: string }, boolean][] = [
    ['a county sees itself', '510104', undefined, { region: '510104', hall: 'h1' }, true],
    ['a county does not see the next', '510104', undefined, { region: '510105' }, false],
    ['a county does not see its city', '510104', undefined, { region: '510100' }, false],
    ['a city sees its counties', '510100', undefined, { region: '510104', hall: 'h1' }, true],
    ['a city does not see the next city', '510100', undefined, { region: '510304' }, false],
    ['a province sees all below', '510000', undefined, { region: '513401', hall: 'h1' }, true],
    ['a province does not see the next', '510000', undefined, { region: '520000' }, false],
    ['a hall manager sees the hall', '510104', 'h1', { region: '510104', hall: 'h1' }, true],
    ['a hall manager does not see the next hall', '510104', 'h1', { region: '510104', hall: 'h2' }, false],
    ['a hall manager does not see what belongs to no hall', '510104', 'h1', { region: '510104' }, false],
  ];
  it.each(places)('%s', (_what, region, hall, where, expected) => {
    const role = hall === undefined ? 'inspector' : 'hallManager';
    expect(may(who(role, region, hall), 'case.read', where)).toBe(expected);
  });
});

describe('the line of a department (SC-15)', () => {
  const at = { region: '510104', hall: 'h1' };
  const housing = { ...who('lineInspector', '510100'), organ: 'o-housing', departments: ['510100-h', '510104-h'] };
  const table: [string, Identity, Parameters<typeof may>[2], boolean][] = [
    ['a window of its own', housing, { ...at, region: '510100', department: '510100-h' }, true],
    ['a window of a subordinate department', housing, { ...at, department: '510104-h' }, true],
    ['a window of another department', housing, { ...at, department: '510104-tax' }, false],
    ['a window of nobody', housing, { ...at, department: undefined }, false],
    ['a hall, or what belongs to no hall', housing, at, false],
    ['a window of its line in a region elsewhere', housing, { region: '520100', department: '510104-h' }, false],
    ['what its organ made', housing, { ...at, organ: 'o-housing' }, true],
    ['what another organ made', housing, { ...at, organ: 'organ-510100' }, false],
    ['what nobody is said to have made', { ...housing, organ: undefined } as never, { ...at, organ: undefined }, false],
    ['anything, without a line', who('lineInspector', '510100'), { ...at, department: '510104-h' }, false],
  ];
  it.each(table)('opens or closes %s', (_what, person, where, expected) => {
    expect(may(person, 'video.watch', where)).toBe(expected);
  });

  it('keeps whoever has one to what its inspectors may, whatever their role', () => {
    const inspector: Identity = { ...housing, role: 'inspector' };
    const granted = permissions.filter((each) => may(inspector, each));
    expect(granted).toEqual(permissions.filter((each) => may(housing, each)));
    expect(may(inspector, 'video.watch', at)).toBe(false);
  });

  it('opens no list and no room', () => {
    expect(roomOf(housing)).toBeUndefined();
    expect(roomOf({ ...housing, role: 'inspector' })).toBeUndefined();
    const scope = scopeOf(housing);
    expect(scopeValues(scope)).toEqual(['5101%', '']);
    const item = { topic: 'visit', region: '510104', position: 1, body: { hall: '' } } as LiveItem;
    expect(isInScope(scope, item)).toBe(false);
    const duty = { topic: 'duty', region: '510100', position: 1, body: { of: 'asNeeded', hall: 'h1' } } as LiveItem;
    expect(isInScope(scopeOf(who('inspector', '510100')), duty)).toBe(false);
  });
});

describe('rooms', () => {
  const region = fc.constantFrom('510000', '510100', '510104', '510105', '520000', '511000');
  const hall = fc.option(fc.constantFrom('h1', 'h2'), { nil: undefined });
  const item = fc
    .record({ region, hall, position: fc.integer({ min: 1, max: 40 }) })
    .map(
      ({ region: code, hall: at, position }) =>
        ({ topic: 'event', region: code, position, body: at === undefined ? {} : { hall: at } }) as LiveItem,
    );

  it('let through exactly what the right says', () => {
    fc.assert(
      fc.property(region, hall, item, (code, at, each) => {
        const person = who(at === undefined ? 'inspector' : 'hallManager', code, at);
        const where = { region: each.region, hall: each.body.hall };
        expect(isInScope(roomOf(person)!.scope, each)).toBe(may(person, 'signal.read', where));
      }),
    );
  });

  it('are shared by equal scopes only, and closed to administrators', () => {
    expect(roomOf(who('administrator', '510104'))).toBeUndefined();
    const names = [
      who('inspector', '510104'),
      who('inspector', '510100'),
      who('hallManager', '510104', 'h1'),
      who('hallManager', '510104', 'h2'),
    ].map((each) => roomOf(each)!.name);
    expect(new Set(names).size).toBe(4);
  });

  it('cut messages between positions, never within one, and lose nothing', () => {
    fc.assert(
      fc.property(fc.array(item, { maxLength: 400 }), (list) => {
        const items = list.sort((a, b) => a.position - b.position);
        const end = (items.at(-1)?.position ?? 0) + 5;
        const chunks = chunksOf(items, end);
        expect(chunks.flatMap((each) => each.items)).toEqual(items);
        if (chunks.length > 0) expect(chunks.at(-1)!.position).toBe(end);
        for (const [index, chunk] of chunks.entries()) {
          const next = chunks[index + 1];
          if (next) expect(next.items[0]!.position).toBeGreaterThan(chunk.position);
          expect(chunk.items.at(-1)!.position).toBeLessThanOrEqual(chunk.position);
        }
      }),
    );
  });
});
