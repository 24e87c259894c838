import type { RuleFigures, RuleStatistics } from '../model/api.ts';
import { byHand } from '../model/decideSignal.ts';
import { levels } from '../model/pack.ts';
import { packVersionOf } from '../model/world.ts';
import type { Context } from '../platform/part.ts';
import { all, type Route } from './gate.ts';
import { Kept } from './kept.ts';
import { ruleCounts, type RuleRow } from './queries/rules.ts';

const day = 86_400_000;
const days = 90;
/** Nobody needs it to the second, and every opened signal asks. */
const keptMs = 30_000;
const mostKept = 100;

/** False alarms by rule (P6): what was issued in the last 90 days and turned out to have no ground. */
export function ruleStatisticsRoutes({ store, world }: Context): Route[] {
  const kept = new Kept<RuleStatistics>(keptMs, mostKept);

  return [
    {
      method: 'GET',
      url: '/statistics/rules',
      needs: 'signal.read',
      handle: ({ scope, now }): Promise<RuleStatistics> =>
        kept.get(`${scope.prefix} ${scope.hall ?? ''}`, now, async () => {
          const rows = await all<RuleRow>(store, ruleCounts(scope, now - days * day));
          return {
            days,
            rules: rows.map(figuresOf).sort((one, other) => levels.indexOf(other.level) - levels.indexOf(one.level)),
          };
        }),
    },
  ];

  function figuresOf({
    pack,
    rule,
    version,
    level,
    title_zh: zh,
    title_en: en,
    article,
    ...counts
  }: RuleRow): RuleFigures {
    const known =
      rule === byHand ? undefined : packVersionOf(world(), pack, version)?.rules.find(({ id }) => id === rule);
    const { issued, dropped, revoked } = counts;
    const judged = issued + dropped;
    return {
      pack,
      rule,
      level,
      title: known?.title ?? { zh, en },
      ...(rule === byHand ? {} : { article: known?.article ?? article }),
      ...counts,
      ...(judged === 0 ? {} : { rate: Math.round(((revoked + dropped) / judged) * 1000) / 10 }),
    };
  }
}
