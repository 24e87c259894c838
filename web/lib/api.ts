/** The hub's routes as functions (shapes and errors: hub/model/api.ts). */
import type {
  CasefileDetail,
  CasePage,
  ChainStatus,
  Comparison,
  DutyDay,
  HallDetail,
  HallSummary,
  LedgerPage,
  Me,
  Problem,
  SignalPage,
  RuleStatistics,
  Statistics,
  SystemStatus,
  Timeline,
  VisitDetail,
  Vocabulary,
} from '../../hub/model/api.ts';
import type { MatterDetail, MatterImport, MatterPage, MatterReconciliation } from '../../hub/model/matterApi.ts';
import type { InquiryLine, NoticeList, SignalDetail } from '../../hub/model/noticeApi.ts';
import type { EventLine } from '../../hub/model/live.ts';
import type { SeenPerson } from '../../hub/model/finding.ts';
import type { Change } from '../../hub/model/matterDiff.ts';
import type {
  PackChecked,
  PackDetail,
  PackDraft,
  PackList,
  PackText,
  Trial,
  TrialChanges,
} from '../../hub/model/packApi.ts';
import type { Level } from '../../hub/model/pack.ts';
import type { Finding, Signal, Visit } from '../../hub/model/state.ts';
import type { Quality } from '../../hub/model/video.ts';
import { serverOffset } from './clock.svelte.ts';

/** An answer that is no success: `status` 0 when there was none at all. */
export class ApiError extends Error {
  readonly status: number;
  readonly problem: Partial<Problem>;
  constructor(status: number, problem: Partial<Problem>, options?: ErrorOptions) {
    super(problem.detail ?? problem.title ?? `status ${status}`, options);
    this.name = 'ApiError';
    this.status = status;
    this.problem = problem;
  }
}

let onSignedOut: (() => void) | undefined;
/** What to do when the hub says that the session is over. */
export function whenSignedOut(act: () => void): void {
  onSignedOut = act;
}
/** The live connection heard it first: an administrator locked the account or ended its sessions. */
export const signedOut = (): void => onSignedOut?.();

/** The longest a person waits before hearing that the hub is away. */
const patience = 20_000;
/** A file of thousands of rows is read first. */
const longPatience = 120_000;

/** A file goes as it is, everything else as JSON. */
export async function call<T>(method: string, path: string, body?: unknown, key?: string): Promise<T> {
  const isFile = body instanceof Blob;
  const sent = Date.now();
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      headers: {
        accept: 'application/json',
        ...(body === undefined ? {} : { 'content-type': isFile ? 'application/octet-stream' : 'application/json' }),
        ...(key === undefined ? {} : { 'idempotency-key': key }),
      },
      ...(body === undefined ? {} : { body: isFile ? body : JSON.stringify(body) }),
      credentials: 'same-origin',
      signal: AbortSignal.timeout(isFile ? longPatience : patience),
    });
  } catch (cause) {
    throw new ApiError(0, {}, { cause });
  }
  const date = Date.parse(response.headers.get('date') ?? '');
  if (!Number.isNaN(date)) serverOffset.observe(date, sent, Date.now());
  if (response.ok) return response.status === 204 ? (undefined as T) : ((await response.json()) as T);
  const problem = (await response.json().catch(() => ({}))) as Partial<Problem>;
  if (response.status === 401 && !path.endsWith('/session')) onSignedOut?.();
  throw new ApiError(response.status, problem);
}

/** `''`, or `?name=value…` of what is given. */
export function query(values: Record<string, string | number | undefined>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(values))
    if (value !== undefined && value !== '') search.set(name, String(value));
  const text = search.toString();
  return text ? `?${text}` : '';
}

const id = encodeURIComponent;
const kindOf = ({ name }: File): 'xlsx' | 'csv' => (/\.xlsx$/i.test(name) ? 'xlsx' : 'csv');

export interface SignalQuery {
  state?: 'open' | 'draft' | 'all';
  region?: string;
  department?: string;
  matter?: string;
  hall?: string | undefined;
  window?: string | undefined;
  level?: string;
  trial?: string;
  from?: string;
  to?: string;
  before?: string | undefined;
  limit?: number;
}

interface Period {
  region?: string | undefined;
  from?: string | undefined;
  to?: string | undefined;
}

const pack = (path: string): string => `/api/packs${path}`;

/** Routes of the rule packs (shapes: hub/model/packApi.ts). */
export const packApi = {
  list: () => call<PackList>('GET', pack('')),
  one: (which: string, version?: number) => call<PackDetail>('GET', pack(`/${id(which)}${query({ version })}`)),
  text: (which: string) => call<PackText>('GET', pack(`/${id(which)}/text`)),
  check: (text: string) => call<PackChecked>('POST', pack('/check'), { text }),
  begin: (text: string) => call<PackDraft>('POST', pack('/drafts'), { text }),
  draft: (draft: string) => call<PackDraft>('GET', pack(`/drafts/${id(draft)}`)),
  save: (draft: string, body: { text: string; note?: string }) =>
    call<PackDraft>('POST', pack(`/drafts/${id(draft)}`), body),
  remove: (draft: string) => call<object>('DELETE', pack(`/drafts/${id(draft)}`)),
  activate: (draft: string) => call<PackDraft>('POST', pack(`/drafts/${id(draft)}/activate`), {}),
  try: (draft: string, span: { from: string; to: string }) =>
    call<Trial>('POST', pack(`/drafts/${id(draft)}/try`), span),
  trial: (trial: string) => call<Trial>('GET', pack(`/trials/${id(trial)}`)),
  cancel: (trial: string) => call<Trial>('DELETE', pack(`/trials/${id(trial)}`)),
  changes: (trial: string, offset: number) =>
    call<TrialChanges>('GET', pack(`/trials/${id(trial)}/changes${query({ offset })}`)),
  changesUrl: (trial: string, lang: string) => pack(`/trials/${id(trial)}/changes.csv${query({ lang })}`),
};

export const api = {
  signIn: (account: string, password: string) => call<Me>('POST', '/api/session', { account, password }),
  signOut: () => call<void>('DELETE', '/api/session'),
  me: () => call<Me>('GET', '/api/session'),
  halls: () => call<HallSummary[]>('GET', '/api/halls'),
  hall: (hall: string) => call<HallDetail>('GET', `/api/halls/${id(hall)}`),
  timeline: (hall: string, minutes = 60) =>
    call<Timeline>('GET', `/api/halls/${id(hall)}/timeline${query({ minutes })}`),
  windowEvents: (window: string, limit = 50) =>
    call<EventLine[]>('GET', `/api/windows/${id(window)}/events${query({ limit })}`),
  signals: (which: SignalQuery) => call<SignalPage>('GET', `/api/signals${query({ ...which })}`),
  actOnSignal: (signal: string, path: string, body: Record<string, string | number>) =>
    call<Signal>('POST', `/api/signals/${id(signal)}/${path}`, body),
  signal: (signal: string) => call<SignalDetail>('GET', `/api/signals/${id(signal)}`),
  inquiries: (state: 'open' | 'all') => call<InquiryLine[]>('GET', `/api/inquiries${query({ state })}`),
  notices: (limit: number) => call<NoticeList>('GET', `/api/notices${query({ limit })}`),
  readNotices: (ids?: string[]) => call<{ unread: number }>('POST', '/api/notices/read', ids ? { ids } : { all: true }),
  issueSignal: (
    signal: { casefile?: string; window?: string; level: Level; article: string; text: string },
    key: string,
  ) => call<Signal>('POST', '/api/signals', signal, key),
  /** `search` begins with `?` or is empty (lib/explorer.ts). */
  casefiles: (search: string) => call<CasePage>('GET', `/api/casefiles${search}`),
  statistics: (period: Period) => call<Statistics>('GET', `/api/statistics${query({ ...period })}`),
  comparison: (period: Period & { matter: string }) =>
    call<Comparison>('GET', `/api/statistics/comparison${query({ ...period })}`),
  casefile: (casefile: string) => call<CasefileDetail>('GET', `/api/casefiles/${id(casefile)}`),
  duties: () => call<DutyDay>('GET', '/api/duties'),
  startVisit: (of: { duty: string } | { hall: string }) => call<Visit>('POST', '/api/visits', of),
  visit: (visit: string) => call<VisitDetail>('GET', `/api/visits/${id(visit)}`),
  finishVisit: (visit: string) => call<Visit>('POST', `/api/visits/${id(visit)}/finish`, {}),
  recordFinding: (visit: string, finding: { window: string; code: string; note?: string; person?: SeenPerson }) =>
    call<Finding>('POST', `/api/visits/${id(visit)}/findings`, finding),
  /** `search` begins with `?` or is empty (lib/matters.ts). */
  matters: (search: string) => call<MatterPage>('GET', `/api/matters${search}`),
  matter: (region: string, code: string) => call<MatterDetail>('GET', `/api/matters/${id(region)}/${id(code)}`),
  matterDiff: (region: string, code: string, from: number, to: number) =>
    call<Change[]>('GET', `/api/matters/${id(region)}/${id(code)}/diff${query({ from, to })}`),
  actOnMatter: (region: string, code: string, path: string, body: Record<string, string>) =>
    call<MatterDetail>('POST', `/api/matters/${id(region)}/${id(code)}/${path}`, body),
  importMatters: (region: string, file: File, dryRun: boolean) =>
    call<MatterImport>(
      'POST',
      `/api/matters/import${query({ region, kind: kindOf(file), dryRun: String(dryRun) })}`,
      file,
    ),
  reconcileMatters: (region: string, file: File) =>
    call<MatterReconciliation>('POST', `/api/matters/reconcile${query({ region, kind: kindOf(file) })}`, file),
  ledger: (before?: number, limit = 50) => call<LedgerPage>('GET', `/api/ledger${query({ before, limit })}`),
  checkLedger: () => call<ChainStatus>('GET', '/api/ledger/check'),
  ruleStatistics: () => call<RuleStatistics>('GET', '/api/statistics/rules'),
  vocabulary: () => call<Vocabulary>('GET', '/api/vocabulary'),
  system: () => call<SystemStatus>('GET', '/api/system'),
};

/** Signals as a file, in the language and with the filters given. */
export const signalFileUrl = (kind: 'csv' | 'xlsx', values: Record<string, string | undefined>): string =>
  `/api/signals.${kind}${query(values)}`;
export const evidenceUrl = (sha256: string): string => `/evidence/${id(sha256)}.jpg`;
export const streamUrl = (camera: string, mode: 'live' | 'plain', quality: Quality = 'main'): string =>
  `/live/${id(camera)}/${quality === 'main' ? '' : `${quality}/`}${mode === 'live' ? 'index' : 'plain'}.m3u8`;
