import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { may } from '../hub/model/rights.ts';
import { qualities, type Quality } from '../hub/model/video.ts';
import type { Context } from '../hub/platform/part.ts';
import { problem, sendProblem } from '../hub/platform/problem.ts';
import type { Camera } from './camera.ts';
import type { Closed, Door, View } from './door.ts';
import { lowLatencyPlaylist, plainPlaylist } from './playlist.ts';
import { findEvidence, type Evidence } from './evidence.ts';

/** A first picture that takes longer is a 503; of a camera that is offline it is one at once, because browsers have few connections. */
const FIRST_PICTURE_MS = 8000;
/** Blocked requests answer after three target durations at the latest (RFC 8216bis §6.2.5.2), and never hang for good. */
const MOST_BLOCKED_MS = 10_000;
/** A playlist further ahead than this is asked for by mistake (§6.2.5.2). */
const FUTURE_SEGMENTS = 2;

export interface Serving {
  context: Pick<Context, 'identify' | 'store'>;
  door: Door;
  evidence: Evidence;
}

type Live = FastifyRequest<{
  Params: { camera: string; quality?: string; file: string };
  Querystring: Record<string, string>;
}>;

/** The view of one request, and how to ask again whether it is open still after waiting. */
interface Granted extends View {
  again: () => View | Closed;
}

function refuse(reply: FastifyReply, { reason }: Closed): FastifyReply {
  switch (reason) {
    case 'session':
      return sendProblem(reply, problem(401));
    case 'right':
      return sendProblem(reply, problem(403));
    case 'camera':
      return sendProblem(reply, problem(404, { detail: 'no such camera, or it is switched off' }));
    case 'expired':
      return sendProblem(
        reply,
        problem(403, {
          detail: 'this session has no open view of the camera: ask for its playlist',
          reason: 'view.expired',
        }),
      );
    case 'bounds':
      return sendProblem(
        reply.header('retry-after', '5'),
        problem(429, { detail: 'too many views are open at once', reason: 'view.bounds' }),
      );
  }
}

/** The session's view of the camera in the path: playlists open or renew it, media need one that is open. */
async function grant(
  { context, door }: Serving,
  how: 'open' | 'use',
  request: Live,
  reply: FastifyReply,
): Promise<Granted | undefined> {
  const who = await context.identify(request);
  const { camera, quality = 'main' } = request.params;
  if (!who) sendProblem(reply, problem(401));
  else if (!isQuality(quality)) sendProblem(reply, problem(404, { detail: `expected ${qualities.join(', ')}` }));
  else {
    const again = (): View | Closed => door.use(who, camera, quality, 'http');
    const view = how === 'open' ? door.open(who, camera, quality, 'http') : again();
    if (view.ok) return { ...view, again };
    refuse(reply, view);
  }
  return undefined;
}

const isQuality = (text: string): text is Quality => (qualities as readonly string[]).includes(text);

const away = (reply: FastifyReply, camera: Camera): FastifyReply =>
  sendProblem(reply, problem(503, { detail: `no picture from the camera (${camera.state})`, reason: 'camera.away' }));

const sendPlaylist = (reply: FastifyReply, text: string): FastifyReply =>
  reply.header('cache-control', 'no-cache').type('application/vnd.apple.mpegurl').send(text);

/** A directive of the query: undefined when absent, NaN when it is no whole number. */
function directive(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  return /^\d{1,15}$/.test(value) ? Number(value) : NaN;
}

async function lowLatency(serving: Serving, request: Live, reply: FastifyReply): Promise<FastifyReply | void> {
  const granted = await grant(serving, 'open', request, reply);
  if (!granted) return reply;
  const { window } = granted.camera;
  const sequence = directive(request.query['_HLS_msn']);
  const part = directive(request.query['_HLS_part']);
  if (Number.isNaN(sequence) || Number.isNaN(part) || (part !== undefined && sequence === undefined)) {
    return sendProblem(
      reply,
      problem(400, { field: '_HLS_msn', reason: 'expected whole numbers, and _HLS_part only with _HLS_msn' }),
    );
  }
  const ready = (): boolean => window.segments.some((segment) => segment.closed);
  if (!(await granted.camera.first(ready, FIRST_PICTURE_MS))) return away(reply, granted.camera);
  if (sequence !== undefined) {
    const newest = window.segments.at(-1)!.sequence;
    if (sequence > newest + FUTURE_SEGMENTS) {
      return sendProblem(reply, problem(400, { field: '_HLS_msn', reason: `the newest segment is ${newest}` }));
    }
    const there = (): boolean => {
      const last = window.segments.at(-1);
      if (!last) return false;
      if (last.sequence !== sequence) return last.sequence > sequence;
      return last.closed || (part !== undefined && last.parts.length > part);
    };
    const patience = Math.min(MOST_BLOCKED_MS, Math.max(2, window.longest) * 3000);
    if (!(await window.until(there, patience)) || !ready()) return away(reply, granted.camera);
  }
  const still = granted.again();
  if (!still.ok) return refuse(reply, still);
  return sendPlaylist(reply, lowLatencyPlaylist(window));
}

async function plain(serving: Serving, request: Live, reply: FastifyReply): Promise<FastifyReply | void> {
  const granted = await grant(serving, 'open', request, reply);
  if (!granted) return reply;
  const { window } = granted.camera;
  const ready = (): boolean => window.segments.some((segment) => segment.closed);
  if (!(await granted.camera.first(ready, FIRST_PICTURE_MS))) return away(reply, granted.camera);
  const still = granted.again();
  if (!still.ok) return refuse(reply, still);
  return sendPlaylist(reply, plainPlaylist(window));
}

/** Initialization sections, segments and parts. The part that the playlist hints at is answered as soon as it is there. */
async function media(serving: Serving, request: Live, reply: FastifyReply): Promise<FastifyReply | void> {
  const granted = await grant(serving, 'use', request, reply);
  if (!granted) return reply;
  const { lease, camera } = granted;
  const name = request.params.file;
  if (name === camera.window.nextPart) {
    const patience = Math.max(1000, camera.window.partTarget * 6000);
    await camera.window.until(() => camera.window.find(name) !== undefined, patience);
    const still = granted.again();
    if (!still.ok) return refuse(reply, still);
  }
  const found = camera.window.find(name);
  if (!found) return sendProblem(reply, problem(404, { detail: 'not in the window (any more)' }));
  if (found.kind === 'media' && request.method === 'GET') {
    const { at, duration } = found;
    // Counted only when all of it was handed to the connection.
    reply.raw.once('finish', () => serving.door.delivered(lease, at, at + duration * 1000));
  }
  // Names are never used again, so a browser may keep it; others may not.
  return reply.header('cache-control', 'private, max-age=60, immutable').type('video/mp4').send(found.bytes);
}

/** A finding's snapshot, for those who may see evidence of its hall. */
async function evidence(
  serving: Serving,
  request: FastifyRequest<{ Params: { file: string } }>,
  reply: FastifyReply,
): Promise<FastifyReply | void> {
  const who = await serving.context.identify(request);
  if (!who) return sendProblem(reply, problem(401));
  if (!may(who, 'evidence.view')) return sendProblem(reply, problem(403));
  const sha256 = /^([0-9a-f]{64})\.jpg$/.exec(request.params.file)?.[1];
  const findings = sha256 ? await findEvidence(serving.context.store, sha256) : [];
  if (!sha256 || findings.length === 0) return sendProblem(reply, problem(404));
  if (!findings.some((finding) => may(who, 'evidence.view', finding))) return sendProblem(reply, problem(403));
  const bytes = await serving.evidence.read(sha256);
  if (!bytes) return sendProblem(reply, problem(404, { detail: 'the file is gone' }));
  return reply.header('cache-control', 'private, no-cache').type('image/jpeg').send(bytes);
}

export function routes(serving: Serving): (app: FastifyInstance) => void {
  const hide = { schema: { hide: true } };
  return (app) => {
    for (const folder of ['/live/:camera', '/live/:camera/:quality']) {
      app.get(`${folder}/index.m3u8`, hide, (request, reply) => lowLatency(serving, request as Live, reply));
      app.get(`${folder}/plain.m3u8`, hide, (request, reply) => plain(serving, request as Live, reply));
      app.get(`${folder}/:file`, hide, (request, reply) => media(serving, request as Live, reply));
    }
    app.get<{ Params: { file: string } }>('/evidence/:file', hide, (request, reply) =>
      evidence(serving, request, reply),
    );
  };
}
