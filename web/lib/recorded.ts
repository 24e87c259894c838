/** Recordings and evidence for the pages: routes, words, and what is recorded at a moment. */
import type {
  Evidence,
  EvidenceCheck,
  EvidenceDetail,
  EvidencePage,
  Release,
  ReleaseAct,
  ReleasePage,
} from '../../hub/model/evidence.ts';
import type { Gap, Laid, RecordedAnswer } from '../../hub/model/recording.ts';
import { call } from './api.ts';
import { locale } from './locale.svelte.ts';
import { recordedWords } from './recordedWords.ts';
import { filled, type FillOf } from './words.ts';

type RecordedWord = keyof typeof recordedWords;

/** A text of recordings and evidence in the current language; reactive in templates. */
export const r = <W extends RecordedWord>(key: W, ...fill: FillOf<(typeof recordedWords)[W][0]>): string =>
  filled(recordedWords[key][locale.current === 'zh' ? 0 : 1], fill[0]);

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

/** The newest moment that is shown as recorded: what is nearer is written a little later. */
export const nearest = 15_000;

/** Why nothing is recorded at a moment; undefined where something is, or where nothing is known. */
export const gapAt = (laid: Laid | undefined, at: number): Gap | undefined =>
  laid?.gaps.find((gap) => at >= gap.from && at < gap.to);

/** A fragment of a playlist: `start` and `duration` in seconds of the player's time line, `programDateTime` in epoch ms. */
export interface Fragment {
  start: number;
  duration: number;
  programDateTime: number | null;
}

/** Where a moment stands on the player's time line, seconds; undefined where no fragment shows it. */
export function timeOf(fragments: readonly Fragment[], at: number): number | undefined {
  for (const { start, duration, programDateTime } of fragments) {
    if (programDateTime === null) continue;
    const into = (at - programDateTime) / 1000;
    if (into >= 0 && into < duration) return start + into;
  }
  return undefined;
}

/** What moment a place on the player's time line shows. */
export function dateOf(fragments: readonly Fragment[], time: number): number | undefined {
  const found = fragments.findLast(({ start }) => time >= start - 0.001);
  return found?.programDateTime == null ? undefined : found.programDateTime + (time - found.start) * 1000;
}

/** Beyond this many milliseconds a picture jumps to the moment, within it plays a little faster or slower. */
const jumpAt = 400;
const fineWithin = 60;

/** What a picture that shows `date` does to show `at`: jump, or play at this rate. Milliseconds. */
export function correctionOf(date: number | undefined, at: number): 'jump' | number {
  if (date === undefined || Math.abs(at - date) > jumpAt) return 'jump';
  const late = at - date;
  return Math.abs(late) <= fineWithin ? 1 : late > 0 ? 1.1 : 0.9;
}

/** `from` … `to` cut at a view, in parts of a hundred; for drawing on an axis. */
export function placed(span: { from: number; to: number }, from: number, to: number): { left: number; width: number } {
  const part = (at: number): number => (100 * (Math.min(to, Math.max(from, at)) - from)) / (to - from);
  return { left: part(span.from), width: part(span.to) - part(span.from) };
}
