/** The routes of the sources and of second entry (shapes: hub/model/doors.ts). */
import type { EntryAnswer, EntryCase, EntryDesk, SourceDetail, SourceLine, Stage } from '../../hub/model/doors.ts';
import type { EntryRow } from '../../hub/model/entry.ts';
import { call } from './api.ts';

const id = encodeURIComponent;

export const doors = {
  sources: () => call<SourceLine[]>('GET', '/api/sources'),
  source: (source: string) => call<SourceDetail>('GET', `/api/sources/${id(source)}`),
  setStage: (source: string, body: { stage: Stage; note: string; name?: string; region?: string }) =>
    call<SourceLine>('POST', `/api/sources/${id(source)}/stage`, body),
  desk: () => call<EntryDesk>('GET', '/api/entry'),
  entryCase: (number: string) => call<EntryCase | null>('GET', `/api/entry/casefiles?number=${id(number)}`),
  enter: (rows: readonly EntryRow[]) => call<EntryAnswer>('POST', '/api/entry', { rows }),
};

export const refusedUrl = (source: string): string => `/api/sources/${id(source)}/refused.ndjson`;
