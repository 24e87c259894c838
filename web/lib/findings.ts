/** 问题: its routes (shapes: hub/model/finding.ts), its photos, and what a person may do next. */
import {
  dueOf,
  stateOf,
  type Finding,
  type FindingDetail,
  type FindingLine,
  type FindingPage,
  type Photo,
} from '../../hub/model/finding.ts';
import type { Permission } from '../../hub/model/rights.ts';
import { ApiError, call, query } from './api.ts';
import { f } from './findingWords.ts';
import { locale, nameOf } from './locale.svelte.ts';
import { inWords } from './problem.ts';
import { duration } from './time.ts';

const base = '/api/findings';
const of = (id: string): string => `${base}/${encodeURIComponent(id)}`;

interface FindingQuery {
  state?: string;
  hall?: string;
  code?: string;
  late?: string;
  limit?: string;
  before?: string | undefined;
}

export const findings = {
  list: (wanted: FindingQuery) => call<FindingPage>('GET', `${base}${query({ ...wanted })}`),
  lookBacks: () => call<FindingPage>('GET', '/api/lookbacks'),
  one: (id: string) => call<FindingDetail>('GET', of(id)),
  act: (id: string, path: string, body: object) => call<FindingLine>('POST', `${of(id)}/${path}`, body),
  upload: (id: string, photo: Blob) => call<Photo>('POST', `${of(id)}/photos`, photo),
};

export const photoUrl = (finding: string, sha256: string): string => `${of(finding)}/photos/${sha256}.jpg`;

/** What is done to a finding: the route, its body, and what has to be said. */
const findingActs = [
  {
    name: 'rectify',
    needs: 'finding.answer',
    states: ['recorded', 'responded'],
    path: 'rectify',
    field: 'text',
    photos: true,
    required: true,
  },
  {
    name: 'respond',
    needs: 'finding.answer',
    states: ['recorded'],
    path: 'respond',
    field: 'text',
    photos: true,
    required: true,
  },
  {
    name: 'appeal',
    needs: 'finding.answer',
    states: ['recorded', 'responded'],
    path: 'appeal',
    field: 'text',
    photos: true,
    required: true,
  },
  {
    name: 'verify',
    needs: 'finding.verify',
    states: ['rectified'],
    path: 'verify',
    body: { outcome: 'accepted' },
    field: 'note',
    photos: false,
    required: false,
  },
  {
    name: 'sendBack',
    needs: 'finding.verify',
    states: ['rectified'],
    path: 'verify',
    body: { outcome: 'sentBack' },
    field: 'note',
    photos: false,
    required: true,
  },
  {
    name: 'accept',
    needs: 'finding.verify',
    states: ['appealed'],
    path: 'decide-appeal',
    body: { outcome: 'accepted' },
    field: 'reason',
    photos: false,
    required: true,
  },
  {
    name: 'reject',
    needs: 'finding.verify',
    states: ['appealed'],
    path: 'decide-appeal',
    body: { outcome: 'rejected' },
    field: 'reason',
    photos: false,
    required: true,
  },
  {
    name: 'lookBack',
    needs: 'finding.verify',
    states: ['verified'],
    path: 'look-back',
    body: { outcome: 'fine' },
    field: 'note',
    photos: false,
    required: false,
  },
  {
    name: 'again',
    needs: 'finding.verify',
    states: ['verified'],
    path: 'look-back',
    body: { outcome: 'again' },
    field: 'note',
    photos: false,
    required: true,
  },
] as const satisfies readonly {
  name: string;
  needs: Permission;
  states: readonly string[];
  path: string;
  body?: object;
  field: string;
  photos: boolean;
  required: boolean;
}[];
export type FindingAct = (typeof findingActs)[number];

/** The acts open to a person, the usual one first; the hub has the last word. `month`: the present one, `YYYY-MM`. */
export function nextFindingActs(
  finding: Finding,
  me: { account?: string | undefined; may: (permission: Permission) => boolean },
  month: string,
): FindingAct[] {
  const state = stateOf(finding);
  return findingActs.filter((act) => {
    if (!(act.states as readonly string[]).includes(state) || !me.may(act.needs)) return false;
    if (act.name === 'appeal') return finding.appeal === undefined;
    // SC-29: who recorded it decides no appeal against it.
    if (act.path === 'decide-appeal') return finding.account !== me.account;
    if (act.path === 'look-back')
      return finding.lookBack !== undefined && !finding.lookBack.done && finding.lookBack.month <= month;
    return true;
  });
}

/** Where it was found; within one hall the hall is not said. */
export const placeOf = (line: FindingLine, isOneHall = false): string =>
  [
    ...(isOneHall ? [] : [nameOf({ name: line.hallName, nameEn: line.hallNameEn })]),
    ...(line.windowNumber === undefined ? [] : [f('window', { number: line.windowNumber })]),
    ...(line.windowName === undefined ? [] : [nameOf({ name: line.windowName, nameEn: line.windowNameEn })]),
  ].join(' · ');

/** The time that is left, or by how much it is over; undefined where no deadline runs. */
export function timeLeft(
  finding: Finding,
  now: number,
): { text: string; isOver: boolean; isClose: boolean } | undefined {
  const due = dueOf(finding);
  if (due === undefined) return undefined;
  const left = due - now;
  const text = f(left < 0 ? 'over' : 'left', { time: duration(Math.abs(left), locale.current) });
  return { text, isOver: left < 0, isClose: left < 1_800_000 };
}

/** Why the hub refuses, in words of these pages where it has them. */
export function findingTrouble(error: unknown): string {
  const { field } = error instanceof ApiError ? error.problem : {};
  const status = error instanceof ApiError ? error.status : 0;
  if (field === 'photo') return f(status === 413 ? 'photoTooBig' : 'photoFailed');
  if (status === 413) return f('photoTooBig');
  if (field === 'photos') return f('needsPhoto');
  if (field === 'finding') return f('changed');
  return field === 'account' ? f('own') : inWords(error);
}

const longest = 2_000;

/** The photo upright and smaller, as JPEG: a telephone's picture need not travel whole. */
export async function smaller(file: Blob): Promise<Blob> {
  const picture = await createImageBitmap(file, { imageOrientation: 'from-image' });
  const scale = Math.min(1, longest / Math.max(picture.width, picture.height));
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(picture.width * scale));
  canvas.height = Math.max(1, Math.round(picture.height * scale));
  canvas.getContext('2d')?.drawImage(picture, 0, 0, canvas.width, canvas.height);
  picture.close();
  const made = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/jpeg', 0.88));
  if (!made) throw new Error('the browser made no picture');
  return made;
}
