/** A signal as a rule of a pack issues it: its words filled in, its addressee, its time to correct. */
import type { WorkCalendar } from './calendar.ts';
import { timeToCorrect } from './decideSignal.ts';
import type { Recorded } from './event.ts';
import type { Rule, RulePack } from './pack.ts';
import { factIn } from './rules/words.ts';
import type { Addressee, Explanation, LedgerDraft, Signal } from './state.ts';

/** What a signal is about: the fields of its row that name something. */
export type About = Pick<
  Signal,
  'region' | 'casefile' | 'matter' | 'department' | 'hall' | 'window' | 'handler' | 'source' | 'day'
>;

interface Issue {
  id: string;
  rule: Rule;
  pack: RulePack;
  calendar: WorkCalendar;
  event: Recorded;
  /** The moment the rule was met. */
  at: number;
  explanation: Explanation;
  about: About;
  /** Who took the step, or answers for the one that is awaited (JY-21), by staff number or name. */
  person?: string | undefined;
  /** What `{matter}`, `{casefile}` and `{subject}` stand for. */
  names: { zh: Record<string, string>; en: Record<string, string> };
}

export function signalOf({ id, rule, pack, calendar, event, at, explanation, about, person, names }: Issue): Signal {
  const isAuto = rule.issue === 'auto';
  const addressee = addresseeOf(pack, about.department, person);
  const { region, ...rest } = about;
  return {
    id,
    region,
    level: rule.level,
    state: isAuto ? 'issued' : 'draft',
    rule: rule.id,
    pack: pack.id,
    packVersion: pack.version,
    article: rule.article,
    titleZh: rule.title.zh,
    titleEn: rule.title.en,
    messageZh: fill(rule.message.zh, 'zh', names.zh, explanation),
    messageEn: fill(rule.message.en, 'en', names.en, explanation),
    explanation,
    ...rest,
    ...(addressee === undefined ? {} : { addressee }),
    // XY-09
    ...(pack.trial ? { trial: true as const } : {}),
    ...(rule.procedure === undefined ? {} : { procedure: rule.procedure }),
    at,
    issuedAt: event.receivedAt,
    ...(isAuto ? timeToCorrect(pack, calendar, rule.level, event.receivedAt) : undefined),
    // YJ-05: the ticker turns it at once, and the procedure begins.
    ...(isAuto && rule.procedure !== undefined ? { nextTurn: event.receivedAt } : undefined),
    position: event.position,
  };
}

/** The ledger's entry of an issued signal; a draft has none before somebody confirms it. */
export function issuedEntry(signal: Signal, at: number, facts: LedgerDraft['facts']): LedgerDraft {
  return {
    region: signal.region,
    at,
    act: 'signal.issued',
    subject: signal.id,
    ...(signal.hall === undefined ? {} : { hall: signal.hall }),
    facts: { level: signal.level, rule: signal.rule, article: signal.article, ...facts },
  };
}

/** C-08: 佛山 the unit's contact, 七台河 and 深圳 the department and each of its staff, 揭阳 the person of the step. */
export function addresseeOf(
  pack: RulePack,
  department: string | undefined,
  person: string | undefined,
): Addressee | undefined {
  const kind = pack.settings?.responsible?.addressee ?? 'department';
  const isPersonal = kind === 'person' || kind === 'departmentAndPerson';
  if (department === undefined && (person === undefined || !isPersonal)) return undefined;
  return {
    kind,
    ...(department === undefined ? {} : { department }),
    ...(person === undefined || !isPersonal ? {} : { person }),
  };
}

function fill(
  template: string,
  language: 'zh' | 'en',
  names: Record<string, string>,
  { dueOn, overDays, facts }: Explanation,
): string {
  const words: Record<string, string> = { due: dueOn, over: String(overDays), ...names };
  return template.replaceAll(/\{(\w+)\}/g, (whole, word: string) => {
    const fact = facts?.[word];
    return words[word] ?? (fact === undefined ? whole : factIn(language, word, fact));
  });
}
