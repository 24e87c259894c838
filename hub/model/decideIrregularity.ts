/** Irregularities across cases (P1, P3, P4, P5, P8): the figures stand in the event, the thresholds in the pack. */
import { endOf } from './calendar.ts';
import { nothing, type Consequences } from './decide.ts';
import type { EventOf, Recorded } from './event.ts';
import { issuedEntry, signalOf, type About } from './issue.ts';
import { levels } from './pack.ts';
import { rulesOf } from './rules/compiled.ts';
import { isExceeded } from './rules/measured.ts';
import type { MeasuredRule } from './rules/shape.ts';
import { explainStep } from './rules/steps.ts';
import { isInScope } from './settings.ts';
import type { Facts } from './state.ts';
import { calendarIn, isLive, matterOf, packOf, type World } from './world.ts';

type Measured = Recorded<EventOf<'irregularity.measured'>>;

/** One signal for each subject and day: the highest level that the figures reach. */
export function decideIrregularity(event: Measured, world: World): Consequences {
  const pack = packOf(world, event.region, event.day);
  const matter = event.matter === undefined ? undefined : matterOf(world, event.region, event.matter);
  // JY-02, C-13: what is secret, no longer in force or not supervised is never missed.
  if (!pack || (matter && !isLive(matter, event.day)) || !isInScope(pack.settings, matter)) return nothing;
  let found: { rule: MeasuredRule; facts: Facts } | undefined;
  for (const rule of rulesOf(pack).measured(event.measure)) {
    const facts = isExceeded(rule, event.figures);
    if (facts && (!found || levels.indexOf(rule.level) > levels.indexOf(found.rule.level))) found = { rule, facts };
  }
  if (!found) return nothing;
  const { rule, facts } = found;
  const at = endOf(event.day);
  const hall = event.window === undefined ? undefined : world.windows.get(event.window)?.hall;
  const department = event.department ?? matter?.department;
  const about: About = {
    region: event.region,
    ...(event.matter === undefined ? {} : { matter: event.matter }),
    ...(department === undefined ? {} : { department }),
    ...(hall === undefined ? {} : { hall }),
    ...(event.window === undefined ? {} : { window: event.window }),
    ...(event.handler === undefined ? {} : { handler: event.handler }),
    ...(event.origin === undefined ? {} : { source: event.origin }),
    day: event.day,
  };
  const signal = signalOf({
    id: `s${event.position}-1`,
    rule,
    pack,
    calendar: calendarIn(world, event.region),
    event,
    at,
    explanation: explainStep(at, facts),
    about,
    person: event.handler,
    names: { zh: namesOf(event, world, 'zh'), en: namesOf(event, world, 'en') },
  });
  const ledger = signal.state === 'issued' ? [issuedEntry(signal, event.receivedAt, { day: event.day, ...facts })] : [];
  return { puts: [{ table: 'signal', row: signal }], ledger };
}

/** A person is known by the staff number, a source by the name it had when it was measured. */
function namesOf(event: Measured, world: World, language: 'zh' | 'en'): Record<string, string> {
  const matter = event.matter === undefined ? undefined : matterOf(world, event.region, event.matter);
  const department = event.department === undefined ? undefined : world.departments.get(event.department);
  const named = matter ?? (event.handler === undefined ? department : undefined);
  const name = language === 'en' ? (named?.nameEn ?? named?.name) : named?.name;
  const handler =
    event.handler === undefined ? undefined : `${language === 'zh' ? '工号 ' : 'staff no. '}${event.handler}`;
  return {
    day: event.day,
    subject: name ?? handler ?? event.name ?? event.origin ?? event.matter ?? event.department ?? event.region,
  };
}
