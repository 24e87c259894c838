/** Administration: its routes (shapes: hub/model/adminApi.ts), its words, and why the hub refuses. */
import type {
  AccountGiven,
  AccountLine,
  AccountPage,
  CalendarYear,
  ContactPage,
  PlaceLine,
  PlacePage,
} from '../../hub/model/adminApi.ts';
import type { PlaceKind } from '../../hub/model/administration.ts';
import type { Contact } from '../../hub/model/contact.ts';
import { adminReasons, adminWords } from './adminWords.ts';
import { ApiError, call, query } from './api.ts';
import { locale, textsOf } from './locale.svelte.ts';
import { inWords } from './problem.ts';
import { minutesOfDay } from './time.ts';

/** A text of these pages in the current language; reactive in templates. */
export const a = textsOf(adminWords);

/** Why something was refused, and which field it is about. */
export function trouble(error: unknown): { field: string; text: string } {
  const problem = error instanceof ApiError && error.status < 500 ? error.problem : undefined;
  const known =
    locale.current === 'zh' ? adminReasons.find(([pattern]) => pattern.test(problem?.reason ?? ''))?.[1] : undefined;
  return { field: problem?.field ?? '', text: known ?? inWords(error) };
}

const id = encodeURIComponent;
type Query = Record<string, string | undefined>;
const search = (asked: Query): string =>
  query(Object.fromEntries(Object.entries(asked).map(([name, value]) => [name, value?.trim()])));
/** A form's values; null where a field is empty. */
type Body = Record<string, string | number | boolean | null | string[]>;
const base = '/api/admin';

export const admin = {
  places: (kind: PlaceKind, asked: Query) => call<PlacePage>('GET', `${base}/places/${kind}${search(asked)}`),
  addPlace: (kind: PlaceKind, body: Body) => call<PlaceLine>('POST', `${base}/places/${kind}`, body),
  changePlace: (kind: PlaceKind, place: string, body: Body) =>
    call<PlaceLine>('POST', `${base}/places/${kind}/${id(place)}`, body),
  accounts: (asked: Query) => call<AccountPage>('GET', `${base}/accounts${search(asked)}`),
  addAccount: (body: Body) => call<AccountGiven>('POST', `${base}/accounts`, body),
  changeAccount: (account: string, body: Body) => call<AccountLine>('POST', `${base}/accounts/${id(account)}`, body),
  act: (account: string, what: 'lock' | 'unlock' | 'end-sessions' | 'review', body: Body = {}) =>
    call<AccountLine>('POST', `${base}/accounts/${id(account)}/${what}`, body),
  resetPassword: (account: string) => call<AccountGiven>('POST', `${base}/accounts/${id(account)}/password`, {}),
  ownPassword: (present: string, next: string) => call<object>('POST', '/api/account/password', { present, next }),
  calendar: (asked: Query) => call<CalendarYear>('GET', `${base}/calendar${search(asked)}`),
  effect: (asked: Query) => call<{ cases: number }>('GET', `${base}/closures/effect${search(asked)}`),
  addClosure: (body: Body) => call<{ cases: number }>('POST', `${base}/closures`, body),
  removeClosure: (region: string, day: string) =>
    call<{ cases: number }>('DELETE', `${base}/closures/${region}/${day}`),
  contacts: (asked: Query) => call<ContactPage>('GET', `${base}/contacts${search(asked)}`),
  saveContact: (contact: string | undefined, body: Body) =>
    call<Contact>('POST', `${base}/contacts${contact === undefined ? '' : `/${id(contact)}`}`, body),
  removeContact: (contact: string) => call<object>('DELETE', `${base}/contacts/${id(contact)}`),
};

/** One field of a form. All values are texts; the page makes of them what the hub expects. */
export interface Field {
  key: string;
  label: string;
  hint?: string;
  /** `many`: ids of options, with a space between them. */
  kind?: 'text' | 'time' | 'date' | 'choice' | 'lines' | 'many';
  required?: boolean;
  max?: number;
  options?: readonly { id: string; name: string }[];
}

/** `''` is nothing. */
export const orNull = (text: string | undefined): string | null => (text?.trim() ? text.trim() : null);

/** Minutes after midnight as `08:30`, and back. */
export const clockOf = (minutes: number | undefined): string => (minutes === undefined ? '' : minutesOfDay(minutes));
export const minutesOf = (text: string | undefined): number => {
  const [hours = 0, minutes = 0] = (text ?? '').split(':').map(Number);
  return hours * 60 + minutes;
};

const mostPlaces = 5_000;
/** All the places of a kind, for the choices of a form. */
export async function placesOf(kind: PlaceKind, asked: Query = {}): Promise<PlaceLine[]> {
  const found: PlaceLine[] = [];
  let after: string | undefined;
  do {
    const page = await admin.places(kind, { ...asked, after });
    found.push(...page.items);
    after = page.next;
  } while (after !== undefined && found.length < mostPlaces);
  return found;
}

let regions: Promise<PlaceLine[]> | undefined;
/** The regions a person administers, asked once; again after one was added. */
export function regionsNow(anew = false): Promise<PlaceLine[]> {
  if (anew) regions = undefined;
  return (regions ??= placesOf('region').catch((error: unknown) => {
    regions = undefined;
    throw error;
  }));
}
