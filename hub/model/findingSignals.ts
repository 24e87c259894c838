/** The signals that a finding raises, and their end with it. */
import type { Consequences, Put, State } from './decide.ts';
import { isOpen } from './decideSignal.ts';
import type { Recorded } from './event.ts';
import type { Finding } from './finding.ts';
import { addresseeOf, issuedEntry } from './issue.ts';
import type { Level, RulePack } from './pack.ts';
import type { Deed, LedgerDraft, Signal } from './state.ts';
import type { World } from './world.ts';

/** Signals that a finding is told of at its end. */
export const mostSignals = 20;

interface Raise {
  rule: string;
  level: Level;
  title: { zh: string; en: string };
  zh: (number: string) => string;
  en: (number: string) => string;
  at: number;
  /** Of several signals of one event, which. */
  place?: number;
}

/** A signal without a time to correct of its own: the deadlines are those of its finding, and it ends with it. */
export function raiseFrom(
  event: Recorded,
  finding: Finding,
  pack: RulePack,
  world: World,
  { rule, level, title, zh, en, at, place = 1 }: Raise,
): { signal: Signal; entry: LedgerDraft } {
  const window = world.windows.get(finding.window);
  const number = window?.number ?? finding.window;
  const addressee = addresseeOf(pack, window?.department, finding.person?.staff);
  const article = pack.settings?.rectification?.article ?? pack.patrol.article;
  const signal: Signal = {
    id: `s${event.position}-${place}`,
    region: finding.region,
    level,
    state: 'issued',
    rule,
    pack: pack.id,
    packVersion: pack.version,
    article,
    titleZh: title.zh,
    titleEn: title.en,
    messageZh: zh(number),
    messageEn: en(number),
    ...(window?.department === undefined ? {} : { department: window.department }),
    hall: finding.hall,
    window: finding.window,
    finding: finding.id,
    ...(finding.person?.staff === undefined ? {} : { handler: finding.person.staff }),
    ...(addressee === undefined ? {} : { addressee }),
    ...(pack.trial ? { trial: true as const } : {}),
    at,
    issuedAt: event.receivedAt,
    position: event.position,
  };
  const facts = { window: finding.window, finding: finding.id };
  return { signal, entry: issuedEntry(signal, event.receivedAt, facts) };
}

/** What ends a finding ends the signals that it raised: they are closed, or revoked where its appeal was accepted. */
export function endSignals(deed: Deed, finding: Finding, state: State, how: 'verified' | 'revoked'): Consequences {
  const puts: Put[] = [];
  const ledger: LedgerDraft[] = [];
  const reason = finding.appeal?.answer?.reason ?? '';
  for (const id of finding.signals ?? []) {
    const before = state.signal(id);
    if (!before || !isOpen(before)) continue;
    const { nextTurn: _, ...rest } = before;
    const row: Signal = {
      ...rest,
      state: how === 'verified' ? 'closed' : 'revoked',
      closedAt: deed.at,
      ...(how === 'revoked' ? { revokedReason: reason, revokedBy: deed } : {}),
      position: finding.position,
    };
    puts.push({ table: 'signal', row });
    const facts = { level: row.level, window: finding.window, finding: finding.id };
    ledger.push({
      region: row.region,
      at: deed.at,
      act: `signal.${how}`,
      subject: id,
      hall: finding.hall,
      account: deed.account,
      facts: how === 'revoked' ? { ...facts, rule: row.rule, reason } : facts,
    });
  }
  return { puts, ledger };
}
