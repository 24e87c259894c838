/** 人工发出 (SZ-27, SZ-38): what only a person can judge, about a casefile, a window, or both. */
import { dayOf } from './calendar.ts';
import { casefileId, handRegister, refuse, type Consequences, type State } from './decide.ts';
import { about, byHand, entry, isOpen, packAt, timeToCorrect, twinOf, withSignal } from './decideSignal.ts';
import type { EventOf, Recorded } from './event.ts';
import { addresseeOf } from './issue.ts';
import type { Register, Signal } from './state.ts';
import { calendarIn, type World } from './world.ts';

/** Signals by hand that may be open at one window without a case. */
const mostAtWindow = 50;

/** There is never a second one of the same window and article (1.X.3). */
const openAtWindow = (window: string, state: State): Signal[] =>
  (state.register(handRegister(window))?.signals ?? []).flatMap((id) => {
    const signal = state.signal(id);
    return signal && isOpen(signal) ? [signal] : [];
  });

const registerOf = (event: Recorded, window: string, signals: string[]): Register => ({
  id: handRegister(window),
  region: event.region,
  signals,
  position: event.position,
});

/** SZ-27, SZ-38: a supervisor issues what only a person can judge. */
export function issueByHand(event: Recorded<EventOf<'signal.issuedByHand'>>, state: State, world: World): Consequences {
  if (state.signal(event.signal)) return refuse('signal', 'a signal of this id was issued already');
  if (event.casefile === undefined && event.window === undefined)
    return refuse('casefile', 'expected a casefile or a window');
  const casefile = event.casefile === undefined ? undefined : state.casefile(casefileId(event.region, event.casefile));
  if (event.casefile !== undefined && !casefile) return refuse('casefile', 'no such casefile');
  const window = event.window ?? casefile?.window;
  const place = window === undefined ? undefined : world.windows.get(window);
  const hall = place?.hall ?? casefile?.hall;
  if (event.window !== undefined && (!place || world.halls.get(place.hall)?.region !== event.region))
    return refuse('window', `no such window in region ${event.region}`);
  const pack = packAt(world, event.region, event.receivedAt);
  if (!pack) return refuse('region', `no rule pack is in force on ${dayOf(event.receivedAt)}`);
  const twin = twinOf(casefile, state, { rule: byHand, level: event.level, article: event.article });
  if (twin) return refuse('article', `the casefile has an open signal of this level by this article: ${twin.id}`);
  const atWindow = casefile || window === undefined ? [] : openAtWindow(window, state);
  const same = atWindow.find((each) => each.article === event.article);
  if (same) return refuse('article', `the window has an open signal by this article: ${same.id}`);
  if (atWindow.length >= mostAtWindow)
    return refuse('window', `the window has ${mostAtWindow} open signals issued by hand: close some first`);
  const department = casefile?.department ?? place?.department;
  const addressee = addresseeOf(pack, department, undefined);
  const signal: Signal = {
    id: event.signal,
    region: event.region,
    level: event.level,
    state: 'issued',
    rule: byHand,
    pack: pack.id,
    packVersion: pack.version,
    article: event.article,
    titleZh: '监察员认定的违规',
    titleEn: 'Found by a supervisor',
    messageZh: event.text,
    messageEn: event.text,
    ...(casefile ? { casefile: casefile.id, matter: casefile.matter } : {}),
    ...(department === undefined ? {} : { department }),
    ...(hall === undefined ? {} : { hall }),
    ...(window === undefined ? {} : { window }),
    ...(addressee === undefined ? {} : { addressee }),
    // XY-09
    ...(pack.trial ? { trial: true as const } : {}),
    issuedBy: { account: event.account, name: event.name, at: event.receivedAt },
    at: event.occurredAt,
    issuedAt: event.receivedAt,
    ...timeToCorrect(pack, calendarIn(world, event.region), event.level, event.receivedAt),
    position: event.position,
  };
  const facts = { level: signal.level, rule: byHand, article: signal.article, note: event.text };
  return {
    puts: [
      { table: 'signal', row: signal },
      ...(casefile
        ? [{ table: 'casefile' as const, row: withSignal(casefile, signal.id, event.position) }]
        : [
            {
              table: 'register' as const,
              row: registerOf(event, window!, [...atWindow.map(({ id }) => id), signal.id]),
            },
          ]),
    ],
    ledger: [entry(event, 'signal.issued', signal, { ...facts, ...about(signal, casefile) })],
  };
}
