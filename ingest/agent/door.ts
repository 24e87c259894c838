/** `POST /events` and `GET /status` on loopback, for the systems of the department. Same answers as the hub's door. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { HubError } from '../../hub/model/error.ts';
import { parseCaseEvent, type Fault } from '../../hub/model/parse.ts';
import { isLoopback } from '../../hub/platform/address.ts';
import { problem } from '../../hub/platform/problem.ts';
import { parseJson, parseLines } from '../body.ts';
import { atMost, collect, inflate } from '../inflate.ts';
import { longestPayload } from './record.ts';
import type { Spool } from './spool.ts';

export interface DoorOptions {
  host: string;
  port: number;
  spool: Spool;
  status: () => unknown;
  /** Something was spooled. */
  onSpooled: () => void;
  log: Logger;
}

const bodyBytes = 4 * 2 ** 20;
const inflatedBytes = 16 * 2 ** 20;
const listed = 1_000;
/** Large bodies held at once, and how many small ones count as one of them. */
const bodiesAtOnce = 8;
const smallBytes = 64 * 2 ** 10;
const smallShare = 1 / 32;

/** Resolves when it listens. */
export async function openDoor(options: DoorOptions): Promise<{ address: string; close: () => Promise<void> }> {
  let open = 0;
  const server = createServer((request, response) => {
    const { headers } = request;
    const isSmall =
      headers['content-encoding'] === undefined && Number(headers['content-length'] ?? Infinity) <= smallBytes;
    const share = request.method === 'GET' ? 0 : isSmall ? smallShare : 1;
    if (open + share > bodiesAtOnce) return refuse(response, 503, 'Too many requests at once; repeat the request.');
    open += share;
    void answer(request, response, options)
      .catch((error: unknown) => {
        options.log.error({ err: error }, 'a request failed');
        refuse(response, 500, 'The agent failed; repeat the request.');
      })
      .finally(() => (open -= share));
  });
  server.requestTimeout = 60_000;
  server.headersTimeout = 20_000;
  server.maxConnections = 500;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        new HubError('agent.listen', `cannot listen on ${options.host}:${options.port} (${error.code ?? 'unknown'})`, {
          cause: error,
        }),
      ),
    );
    server.listen(options.port, options.host, resolve);
  });
  return { address: addressOf(server), close: () => closed(server) };
}

async function answer(request: IncomingMessage, response: ServerResponse, options: DoorOptions): Promise<void> {
  // A page in a browser on this machine must not reach the door, also not under a name that somebody points here.
  const host = URL.canParse(`http://${request.headers.host}`) ? new URL(`http://${request.headers.host}`).hostname : '';
  if (request.headers.origin !== undefined || !isLoopback(host.replace(/^\[|\]$/g, '')))
    return refuse(response, 403, 'Only programs of this machine may call, by its loopback address.');
  const path = (request.url ?? '').split('?')[0];
  const wanted = path === '/events' ? 'POST' : path === '/status' ? 'GET' : undefined;
  if (wanted === undefined) return refuse(response, 404, 'There are POST /events and GET /status.');
  if (request.method !== wanted) return refuse(response, 405, `Expected ${wanted}.`);
  if (path === '/status') return send(response, 200, options.status());

  const type = (request.headers['content-type'] ?? '').split(';')[0]!.trim().toLowerCase();
  const isLines = ['application/x-ndjson', 'application/ndjson', 'application/jsonl'].includes(type);
  if (!isLines && type !== 'application/json')
    return refuse(response, 415, 'Send application/json or application/x-ndjson.');
  const encoding = (request.headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  if (encoding !== 'gzip' && encoding !== 'identity') return refuse(response, 415, 'Send gzip or nothing.');
  let bytes: Buffer;
  try {
    const raw = atMost(request.iterator({ destroyOnReturn: false }), bodyBytes);
    bytes = await collect(encoding === 'gzip' ? inflate(raw, inflatedBytes) : raw, inflatedBytes);
  } catch (error) {
    if (request.destroyed && !request.complete) return;
    if (!(error instanceof HubError)) throw error;
    return refuse(response, error.code === 'gzip.broken' ? 400 : 413, `${error.message}. Nothing of it was kept.`);
  }
  const body = isLines ? parseLines(bytes) : parseJson(bytes);
  if (!body.ok) return refuse(response, body.status, `${body.reason}. Nothing of it was kept.`);

  const payloads: Buffer[] = [];
  const refused: (Fault & { index: number })[] = [];
  body.candidates.forEach((candidate, index) => {
    const read = candidate.ok
      ? payloadOf(candidate.input)
      : { ok: false as const, field: '', reason: candidate.reason };
    if (read.ok) payloads.push(read.payload);
    else refused.push({ index, field: read.field, reason: read.reason });
  });
  const kept = await options.spool.append(payloads);
  if (!kept.ok) return notKept(response, kept.reason, kept.detail, options.spool);
  if (payloads.length > 0) options.onSpooled();
  send(response, 200, {
    accepted: payloads.length,
    // Known only at the hub, by the ids.
    duplicates: 0,
    refused: refused.slice(0, listed),
    refusedCount: refused.length,
  });
}

/** An event as it is spooled: checked, with its times in milliseconds. */
export function payloadOf(input: unknown): { ok: true; payload: Buffer } | ({ ok: false } & Fault) {
  const parsed = parseCaseEvent(input);
  if (!parsed.ok) return parsed;
  const payload = Buffer.from(JSON.stringify(parsed.event));
  if (payload.length > longestPayload) return { ok: false, field: '', reason: `longer than ${longestPayload} bytes` };
  return { ok: true, payload };
}

function notKept(response: ServerResponse, reason: 'full' | 'disk', detail: string, spool: Spool): void {
  const { events, bytes } = spool.state;
  if (reason === 'full')
    return refuse(response, 503, `The spool is full: ${detail}. Repeat the request when the link is back.`, {
      backlog: { events, bytes },
    });
  return refuse(
    response,
    507,
    `The spool cannot be written (${detail}). Nothing of this request was kept: make room on the disk of the spool and repeat it.`,
    { backlog: { events, bytes } },
  );
}

function refuse(response: ServerResponse, status: number, detail: string, more: Record<string, unknown> = {}): void {
  if (response.headersSent) return;
  const title = status === 507 ? { title: 'no room on the disk' } : {};
  if (status === 503) response.setHeader('retry-after', '30');
  // Bytes that nobody wants are not waited for.
  if (status === 413 || status === 403) response.setHeader('connection', 'close');
  send(response, status, { ...problem(status, { ...title, detail }), ...more }, 'application/problem+json');
}

function send(response: ServerResponse, status: number, body: unknown, type = 'application/json'): void {
  response.writeHead(status, { 'content-type': `${type}; charset=utf-8`, 'cache-control': 'no-store' });
  response.end(JSON.stringify(body));
}

function addressOf(server: Server): string {
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new HubError('agent.listen', 'the door has no address');
  return `http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`;
}

function closed(server: Server): Promise<void> {
  return new Promise((done) => {
    server.close(() => done());
    server.closeIdleConnections();
    // A request that is being answered ends; one that never comes to an end does not keep us.
    setTimeout(() => server.closeAllConnections(), 5_000).unref();
  });
}
