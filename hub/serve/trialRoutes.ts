import { z } from 'zod';
import type { Trial, TrialChanges } from '../model/packApi.ts';
import { may, type Identity } from '../model/rights.ts';
import type { Change, Told } from '../model/whatif.ts';
import { dayOf } from '../model/calendar.ts';
import { matterOf, type World } from '../model/world.ts';
import type { Context } from '../platform/part.ts';
import { fileWriter, type Cell } from './exports.ts';
import type { Route } from './gate.ts';
import { read, Refusal, unknown } from './problem.ts';
import type { Trials } from './trials.ts';

const pageQuery = z.object({
  offset: z.coerce.number().int().min(0).max(10_000).default(0),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});
const fileQuery = z.object({ lang: z.enum(['zh', 'en']).default('zh') });

const heads = {
  zh: [
    '变化',
    '办件',
    '区划',
    '事项',
    '部门',
    '现行规则',
    '现行级别',
    '现行时间',
    '现行内容',
    '新规则',
    '新级别',
    '新时间',
    '新内容',
  ],
  en: [
    'Change',
    'Case',
    'Region',
    'Matter',
    'Department',
    'Rule now',
    'Level now',
    'Day now',
    'Text now',
    'Rule then',
    'Level then',
    'Day then',
    'Text then',
  ],
} as const;
const kinds = {
  zh: { appeared: '新增', vanished: '消失', changed: '改变' },
  en: { appeared: 'appeared', vanished: 'vanished', changed: 'changed' },
} as const;

/** Following a trial, stopping it, and reading what it found. */
export function trialRoutes({ world }: Pick<Context, 'world'>, trials: Trials): Route[] {
  const writeFile = fileWriter();
  function find(who: Identity, id: string | undefined): ReturnType<Trials['find']> {
    const found = trials.find(id ?? '');
    return found && may(who, 'pack.draft', { region: found.region }) ? found : undefined;
  }

  return [
    {
      method: 'GET',
      url: '/packs/trials/:id',
      needs: 'pack.draft',
      handle: async ({ who, params }): Promise<Trial | Refusal> => find(who, params['id'])?.trial ?? unknown('trial'),
    },
    {
      method: 'DELETE',
      url: '/packs/trials/:id',
      needs: 'pack.draft',
      handle: async ({ who, params }): Promise<Trial | Refusal> => {
        const found = find(who, params['id']);
        if (!found) return unknown('trial');
        trials.cancel(found.trial.id);
        return find(who, found.trial.id)?.trial ?? unknown('trial');
      },
    },
    {
      method: 'GET',
      url: '/packs/trials/:id/changes',
      needs: 'pack.draft',
      handle: async ({ who, params, query }): Promise<TrialChanges | Refusal> => {
        const input = read(pageQuery, query);
        if (input instanceof Refusal) return input;
        const found = find(who, params['id']);
        if (!found) return unknown('trial');
        const { offset, limit } = input;
        return { items: found.changes.slice(offset, offset + limit), total: found.changes.length };
      },
    },
    {
      method: 'GET',
      url: '/packs/trials/:id/changes.csv',
      needs: 'pack.draft',
      handle: async ({ who, params, query, now }) => {
        const input = read(fileQuery, query);
        if (input instanceof Refusal) return input;
        const found = find(who, params['id']);
        if (!found) return unknown('trial');
        const table = {
          name: 'what-if',
          heads: heads[input.lang],
          rows: rowsOf(world(), found.changes, input.lang),
        };
        return writeFile('csv', table, now);
      },
    },
  ];
}

async function* rowsOf(world: World, changes: readonly Change[], lang: 'zh' | 'en'): AsyncGenerator<Cell[][]> {
  const side = (told: Told | undefined): Cell[] => {
    if (!told) return [undefined, undefined, undefined, undefined];
    const pack = world.packs.get(told.pack);
    return [
      lang === 'zh' ? told.titleZh : told.titleEn,
      pack?.levels[told.level].word[lang] ?? told.level,
      dayOf(told.at),
      lang === 'zh' ? told.messageZh : told.messageEn,
    ];
  };
  const chunk = 500;
  for (let at = 0; at < changes.length; at += chunk)
    yield changes.slice(at, at + chunk).map((each): Cell[] => {
      const matter = each.matter === undefined ? undefined : matterOf(world, each.region, each.matter);
      const department = each.department === undefined ? undefined : world.departments.get(each.department);
      const named = (thing: { name: string; nameEn?: string } | undefined, other: string | undefined): Cell =>
        (lang === 'en' ? thing?.nameEn : undefined) ?? thing?.name ?? other;
      return [
        kinds[lang][each.kind],
        each.number,
        named(world.regions.get(each.region), each.region),
        named(matter, each.matter),
        named(department, each.department),
        ...side(each.before),
        ...side(each.after),
      ];
    });
}
