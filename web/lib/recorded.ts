/** Recordings and evidence for the pages: routes and words. */
import type {
  Evidence,
  EvidenceCheck,
  EvidenceDetail,
  EvidencePage,
  Release,
  ReleaseAct,
  ReleasePage,
} from '../../hub/model/evidence.ts';
import type { RecordedAnswer } from '../../hub/model/recording.ts';
import { call } from './api.ts';
import { textsOf } from './locale.svelte.ts';
import { recordedWords } from './recordedWords.ts';

/** A text of recordings and evidence in the current language; reactive in templates. */
export const r = textsOf(recordedWords);

/** In the order of how often they are asked for. */
export const releaseActs: readonly ReleaseAct[] = ['view', 'copy', 'delete'];

const id = encodeURIComponent;
const search = (values: Record<string, string | number | undefined>): string =>
  new URLSearchParams(
    Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])),
  ).toString();

export type ReleaseLine = ReleasePage['items'][number];
export interface Take {
  camera: string;
  at: number;
  why: string;
  casefile?: string;
  signal?: string;
  finding?: string;
}

export const recorded = {
  spans: (hall: string, from: number, to: number) =>
    call<RecordedAnswer>('GET', `/api/recorded?${search({ hall, from: Math.round(from), to: Math.round(to) })}`),
  list: (query: { camera?: string; before?: number | undefined; limit?: number } = {}) =>
    call<EvidencePage>('GET', `/api/evidence?${search(query)}`),
  one: (evidence: string) => call<EvidenceDetail>('GET', `/api/evidence/${id(evidence)}`),
  take: (body: Take, key: string) => call<Evidence>('POST', '/api/evidence', { ...body, at: Math.round(body.at) }, key),
  check: (evidence: string) => call<EvidenceCheck>('POST', `/api/evidence/${id(evidence)}/check`, {}),
  ask: (evidence: string, act: ReleaseAct, purpose: string, key: string) =>
    call<Release>('POST', `/api/evidence/${id(evidence)}/requests`, { act, purpose }, key),
  releases: (before?: number) => call<ReleasePage>('GET', `/api/releases?${search({ before })}`),
  answer: (release: string, outcome: 'approved' | 'refused', reason: string) =>
    call<Release>('POST', `/api/releases/${id(release)}/answer`, { outcome, ...(reason ? { reason } : {}) }),
};

export const recordedUrl = (camera: string, from: number, to: number): string =>
  `/recorded/${id(camera)}/index.m3u8?${search({ from: Math.round(from), to: Math.round(to) })}`;
export const copyUrl = (release: string, file: 'copy.mp4' | 'picture.jpg'): string =>
  `/evidence/released/${id(release)}/${file}`;
export const evidencePage = (evidence: string): string => `/exhibit/${id(evidence)}`;

/** A press that is made twice is one piece of evidence, one request. */
export const newKey = (): string => Array.from(crypto.getRandomValues(new Uint32Array(4)), String).join('-');
