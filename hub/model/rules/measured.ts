/** Measured rules: the figures of one subject and one day, as the recorder's sweep measured them, against a rule's threshold. */
import type { Facts } from '../state.ts';
import type { MeasuredRule } from './shape.ts';

type Figures = Readonly<Record<string, number | string>>;

/** The figures with the threshold they exceed; nothing where they do not, or where one of them is missing. */
export function isExceeded(rule: MeasuredRule, figures: Figures): Facts | undefined {
  const of = (name: string): number => {
    const value = figures[name];
    return typeof value === 'number' ? value : NaN;
  };
  // Comparisons with NaN are false: what was not measured exceeds nothing.
  const facts = (isMet: boolean, limit: number): Facts | undefined => (isMet ? { ...figures, limit } : undefined);
  switch (rule.when) {
    case 'noCases':
      // Said once, on the day on which it comes true, and not again on every day that follows.
      return facts(of('idle') >= rule.days && of('previous') < rule.days, rule.days);
    case 'suddenDrop':
      return facts(of('median') >= rule.minimum && of('cases') <= rule.share * of('median'), percentOf(rule.share));
    case 'numberGap':
      return facts(of('missing') >= rule.missing, rule.missing);
    case 'impossibleThroughput':
      return facts(of('cases') > rule.perHour, rule.perHour);
    case 'batchEntry':
      return facts(of('cases') >= rule.cases && of('minutes') <= rule.minutes, rule.cases);
    case 'entryLagShare':
      return facts(of('steps') >= rule.minimum && of(rule.percentile) > rule.minutes, rule.minutes);
    case 'coverage':
      return facts(of('live') >= rule.minimum && of('covered') <= rule.share * of('live'), percentOf(rule.share));
  }
}

const percentOf = (share: number): number => Math.round(share * 1000) / 10;
