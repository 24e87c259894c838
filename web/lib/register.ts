/** The register (台账, SC-19): its routes (shapes: hub/model/register.ts), what its page asks for, and a line in words. */
import { dayOf, startOf } from '../../hub/model/calendar.ts';
import type {
  RegisterChoices,
  RegisterKind,
  RegisterLine,
  RegisterPage,
  RegisterText,
  Signable,
} from '../../hub/model/register.ts';
import { ApiError, call } from './api.ts';
import { locale, nameOf, t, tData } from './locale.svelte.ts';
import { inWords } from './problem.ts';
import { r, rData } from './registerWords.ts';
import { fullTime, hourMinute } from './time.ts';

/** What the page asks for; an empty text asks for nothing. Stands in the address. */
export interface RegisterQuery {
  kind: RegisterKind | '';
  region: string;
  organ: string;
  hall: string;
  found: '' | 'true' | 'false';
  account: string;
  from: string;
  to: string;
}
const names = ['kind', 'region', 'organ', 'hall', 'found', 'account', 'from', 'to'] as const;
/** As in hub/model/register.ts, of which a browser runs nothing. */
export const kinds = ['video', 'data', 'callback', 'sample', 'onsite'] as const satisfies readonly RegisterKind[];
const isDay = (text: string): boolean => /^\d{4}-\d{2}-\d{2}$/.test(text) && dayOf(startOf(text) || 0) === text;

/** Reads an address; what it cannot mean is left out. */
export function registerQueryOf(search: string): RegisterQuery {
  const given = new URLSearchParams(search);
  const text = (name: (typeof names)[number]): string => (given.get(name) ?? '').trim().slice(0, 80);
  const day = (name: 'from' | 'to'): string => (isDay(text(name)) ? text(name) : '');
  const found = text('found');
  return {
    kind: kinds.find((each) => each === text('kind')) ?? '',
    region: /^\d{6}$/.test(text('region')) ? text('region') : '',
    organ: text('organ'),
    hall: text('hall'),
    found: found === 'true' || found === 'false' ? found : '',
    account: text('account'),
    from: day('from'),
    to: day('to'),
  };
}

/** `''`, or `?name=value…` of what is asked for, always in one order. */
export function registerSearchOf(query: RegisterQuery, more: Record<string, string> = {}): string {
  const search = new URLSearchParams();
  for (const name of names) if (query[name] !== '') search.set(name, query[name]);
  for (const [name, value] of Object.entries(more)) search.set(name, value);
  const text = search.toString();
  return text === '' ? '' : `?${text}`;
}

export type RegisterInput = RegisterText & { corrects?: string; why?: string };

export const register = {
  list: (query: RegisterQuery, before: string | undefined, limit = 50) =>
    call<RegisterPage>(
      'GET',
      `/api/register${registerSearchOf(query, { limit: String(limit), ...(before === undefined ? {} : { before }) })}`,
    ),
  choices: () => call<RegisterChoices>('GET', '/api/register/choices'),
  enter: (input: RegisterInput, key: string) => call<RegisterLine>('POST', '/api/register', input, key),
  sign: (signs: { of: Signable; line: string }, note: string) =>
    call<{ ok: true }>('POST', '/api/register/review', { ...signs, ...(note === '' ? {} : { note }) }),
  fileUrl: (kind: 'csv' | 'xlsx', query: RegisterQuery) =>
    `/api/register.${kind}${registerSearchOf(query, { lang: locale.current })}`,
};

/** Why the hub refuses, in words of this page where it has them. */
export function trouble(error: unknown): string {
  const field = error instanceof ApiError && error.status < 500 ? error.problem.field : undefined;
  return (field === undefined ? '' : rData(`fault.${field}`)) || inWords(error);
}

/** "09:02–09:14", with the second day where it ends on another. */
export function spanOf({ from, until }: Pick<RegisterLine, 'from' | 'until'>): string {
  const isShort = until === undefined || (until - from < 60_000 && hourMinute(until) === hourMinute(from));
  if (isShort) return hourMinute(from);
  return `${hourMinute(from)}–${dayOf(until) === dayOf(from) ? '' : `${dayOf(until).slice(5)} `}${hourMinute(until)}`;
}

export function placeOf({ hall, window, department }: RegisterLine): string {
  const unit = nameOf(department);
  const number = window ? r('window', { number: window.number }) : '';
  return [nameOf(hall), number, unit].filter(Boolean).join('\u00a0· ');
}

/** What was seen or learnt, in one line. */
export function seenOf(line: RegisterLine): string {
  const { what, text, visit, channel, reached, satisfaction, found } = line;
  const words = [
    ...(what ? [what[locale.current]] : []),
    ...(visit?.verified === undefined ? [] : [r('windows', { verified: visit.verified, n: visit.windows })]),
    ...(visit?.counts === false ? [r('notCounted')] : []),
    ...(visit?.blind ? [r('blind', { cause: tData(`camera.${visit.blind}`, 'unknown') })] : []),
    ...(channel ? [r(`channel.${channel}`)] : []),
    ...(reached === false ? [r('notReached')] : []),
    ...(satisfaction === undefined ? [] : [rData(`satisfaction.${satisfaction}`)]),
    ...(text ? [locale.current === 'en' ? (text.en ?? text.zh) : text.zh] : []),
    ...(!found && line.kind === 'video' ? [r('nothing')] : []),
  ];
  return words.filter(Boolean).join('\u00a0· ');
}

const stateOf = ({ state }: RegisterLine): string | undefined =>
  state && (state.of === 'signal' ? t(`signal.state.${state.is}`) : rData(`state.${state.is}`));

/** What became of it. */
export function handledOf(line: RegisterLine): string {
  const { result, reply, correctedBy } = line;
  return [correctedBy ? r('correctedBy', { n: correctedBy.number ?? '' }) : stateOf(line), result ?? reply?.text]
    .filter(Boolean)
    .join(' · ');
}

const deed = (name: string | undefined, at: number | undefined): string =>
  [name, at === undefined ? '' : fullTime(at)].filter(Boolean).join(' ');

export const casefileNumber = (id: string): string => id.slice(id.indexOf(':') + 1);

/** Everything that is known of a line, as names and values; what is not known is left out. */
export function factsOf(line: RegisterLine): [name: string, value: string][] {
  const { leave, person, evidence, notified, reply, verified, review, corrects } = line;
  const facts: [string, string | undefined][] = [
    [r('patrol'), line.patrol === undefined ? undefined : `#${line.patrol}`],
    [r('organ'), nameOf(line.organ)],
    [r('start'), fullTime(line.from)],
    [r('end'), line.until === undefined ? undefined : fullTime(line.until)],
    [r('hall'), nameOf(line.hall)],
    [r('unit'), nameOf(line.department)],
    [r('camera'), nameOf(line.camera)],
    [r('method'), line.method && r(`method.${line.method}`)],
    [r('code'), line.what && [line.code, line.what[locale.current]].filter(Boolean).join(' ')],
    [r('staff'), [person?.staff, person?.text].filter(Boolean).join(' ')],
    [
      r('leave'),
      leave &&
        [rData(`leave.${leave.kind}`), leave.standIn === undefined ? '' : r('standIn', { name: leave.standIn })]
          .filter(Boolean)
          .join(' · '),
    ],
    [r('notified'), notified && deed(notified.whom, notified.at)],
    [r('reply'), reply && [reply.text, deed(reply.name, reply.at)].filter(Boolean).join(' — ')],
    [r('result'), [stateOf(line), line.result].filter(Boolean).join(' · ')],
    [r('verified'), verified && deed(verified.name, verified.at)],
    [r('case'), line.casefile === undefined ? undefined : casefileNumber(line.casefile)],
    [r('points'), line.points === undefined ? undefined : String(line.points)],
    [r('note'), line.note],
    [r('correct'), corrects && r('corrects', { n: corrects.number ?? '', why: corrects.why })],
    [r('signed'), review && [deed(review.name, review.at), review.note].filter(Boolean).join(' · ')],
    [r('evidence'), evidence?.sha256],
    [r('hash'), line.hash],
  ];
  return facts.flatMap(([name, value]) => (value ? [[name, value] as [string, string]] : []));
}
