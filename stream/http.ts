import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { gzipSync } from 'node:zlib';
import { may } from '../hub/model/rights.ts';
import { qualities, type Quality } from '../hub/model/video.ts';
import type { Context } from '../hub/platform/part.ts';
import { problem, sendProblem } from '../hub/platform/problem.ts';
import type { Camera } from './camera.ts';
import type { Closed, Door, View } from './door.ts';
import { lowLatencyPlaylist, plainPlaylist } from './playlist.ts';
import { isThere, patienceOf, readReload, tooFar } from './reload.ts';
import { findEvidence, noteOpening, type Evidence } from './evidence.ts';

/** A first picture that takes longer is a 503; of a camera that is offline it is one at once, because browsers have few connections. */
const FIRST_PICTURE_MS = 8000;

export interface Serving {
  context: Pick<Context, 'sessions' | 'store'>;
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
  const who = await context.sessions.identify(request);
  const { camera, quality = 'main' } = request.params;
  if (!who) sendProblem(reply, problem(401));
  else if (!isQuality(quality)) sendProblem(reply, problem(404, { detail: `expected ${qualities.join(', ')}` }));
  else {
    const asked = { camera, quality, transport: 'http' } as const;
    const again = (): View | Closed => door.use(who, asked);
    const view = how === 'open' ? door.open(who, asked) : again();
    if (view.ok) return { ...view, again };
    refuse(reply, view);
  }
  return undefined;
}

const isQuality = (text: string): text is Quality => (qualities as readonly string[]).includes(text);

function away(reply: FastifyReply, { state, detail }: Camera): FastifyReply {
  const why = detail === undefined ? state : `${state}: ${detail}`;
  return sendProblem(reply, problem(503, { detail: `no picture from the camera (${why})`, reason: 'camera.away' }));
}

/** Not kept by anybody, because rights apply and it is old within a part; as gzip where that is understood (RFC 8216bis §6.2.1). */
function sendPlaylist(request: FastifyRequest, reply: FastifyReply, text: string): FastifyReply {
  void reply
    .header('cache-control', 'private, no-cache')
    .header('vary', 'accept-encoding')
    .type('application/vnd.apple.mpegurl');
  const zips = /(^|[\s,])gzip(?!\s*;\s*q=0(\.0*)?\s*(,|$))/.test(String(request.headers['accept-encoding'] ?? ''));
  return zips ? reply.header('content-encoding', 'gzip').send(gzipSync(text, { level: 1 })) : reply.send(text);
}

async function lowLatency(serving: Serving, request: Live, reply: FastifyReply): Promise<FastifyReply | void> {
  const granted = await grant(serving, 'open', request, reply);
  if (!granted) return reply;
  const { window } = granted.camera;
  const reload = readReload(request.query);
  if ('reason' in reload) return sendProblem(reply, problem(400, reload));
  const ready = (): boolean => window.segments.some((segment) => segment.closed);
  if (!(await granted.camera.first(ready, FIRST_PICTURE_MS))) return away(reply, granted.camera);
  const far = tooFar(window, reload);
  if (far) return sendProblem(reply, problem(400, far));
  const there = (): boolean => ready() && isThere(window, reload);
  if (!(await window.until(there, patienceOf(window)))) return away(reply, granted.camera);
  const still = granted.again();
  if (!still.ok) return refuse(reply, still);
  return sendPlaylist(request, reply, lowLatencyPlaylist(window, reload));
}

async function plain(serving: Serving, request: Live, reply: FastifyReply): Promise<FastifyReply | void> {
  const granted = await grant(serving, 'open', request, reply);
  if (!granted) return reply;
  const { window } = granted.camera;
  const ready = (): boolean => window.segments.some((segment) => segment.closed);
  if (!(await granted.camera.first(ready, FIRST_PICTURE_MS))) return away(reply, granted.camera);
  const still = granted.again();
  if (!still.ok) return refuse(reply, still);
  return sendPlaylist(request, reply, plainPlaylist(window));
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
    serving.door.sent(lease, found.bytes, at, at + duration * 1000);
    // Counted only when all of it was handed to the connection.
    reply.raw.once('finish', () => serving.door.delivered(lease, at, at + duration * 1000));
  }
  // Names are never used again, so a browser may keep it; others may not.
  return reply.header('cache-control', 'private, max-age=60, immutable').type('video/mp4').send(found.bytes);
}

/** A finding's snapshot, for those who may see evidence of its hall, and for the hall that is to answer it. */
async function evidence(
  serving: Serving,
  request: FastifyRequest<{ Params: { file: string } }>,
  reply: FastifyReply,
): Promise<FastifyReply | void> {
  const who = await serving.context.sessions.identify(request);
  if (!who) return sendProblem(reply, problem(401));
  const mayRead = (where?: { region: string; hall: string; organ?: string }): boolean =>
    may(who, 'evidence.view', where) || may(who, 'finding.read', where);
  if (!mayRead()) return sendProblem(reply, problem(403));
  const sha256 = /^([0-9a-f]{64})\.jpg$/.exec(request.params.file)?.[1];
  const findings = sha256 ? await findEvidence(serving.context.store, sha256) : [];
  if (!sha256 || findings.length === 0) return sendProblem(reply, problem(404));
  const finding = findings.find(mayRead);
  if (!finding) return sendProblem(reply, problem(403));
  const bytes = await serving.evidence.read(sha256);
  if (!bytes) return sendProblem(reply, problem(404, { detail: 'the file is gone' }));
  await noteOpening(serving.context.store, who.session, finding.id, Date.now());
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
