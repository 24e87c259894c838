/** `/evidence/released/RELEASE/…`: released copies, to who asked for them, while the release lasts; each view is an event. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { mayNotOpen } from '../../hub/model/decideEvidence.ts';
import type { Evidence, Release } from '../../hub/model/evidence.ts';
import { may, type Identity } from '../../hub/model/rights.ts';
import type { Context } from '../../hub/platform/part.ts';
import { problem, sendProblem } from '../../hub/platform/problem.ts';
import { copyManifest, releaseFolder } from './folder.ts';

const types: Record<string, string> = {
  'copy.mp4': 'video/mp4',
  'picture.jpg': 'image/jpeg',
  [copyManifest]: 'application/json; charset=utf-8',
};
/** A player asks for one file in many pieces: what a session opens again within this time is the same view. */
const oneView = 600_000;
const mostViews = 1_000;

type Asked = FastifyRequest<{ Params: { release: string; file: string } }>;

export function releasedRoutes(context: Pick<Context, 'sessions' | 'store' | 'bus' | 'settings'>) {
  const views = new Map<string, number>();

  async function find(id: string): Promise<{ release: Release; evidence: Evidence } | undefined> {
    const [row] = await context.store.query<{ release: Release; evidence: Evidence }>(
      `select r.body as release, e.body as evidence from evidence_release r join evidence e on e.id = r.evidence where r.id = $1`,
      [id],
    );
    return row;
  }

  /** Writes the view down; false where the recorder says that there is no right to it any more. */
  async function view(who: Identity, { id, region, hall, evidence }: Release): Promise<boolean> {
    const now = Date.now();
    const key = `${who.session} ${id}`;
    if (now - (views.get(key) ?? 0) < oneView) return true;
    const verdict = await context.bus.command({
      kind: 'evidence.viewed',
      id: createHash('sha256').update(`view ${key} ${now}`).digest('hex').slice(0, 40),
      region,
      source: 'stream',
      occurredAt: now,
      account: who.account,
      name: who.name,
      evidence,
      hall,
      release: id,
    });
    if (!verdict.ok) return false;
    views.delete(key);
    views.set(key, now);
    if (views.size > mostViews) views.delete(views.keys().next().value!);
    return true;
  }

  async function send(request: Asked, reply: FastifyReply): Promise<FastifyReply> {
    const who = await context.sessions.identify(request);
    if (!who) return sendProblem(reply, problem(401));
    if (!may(who, 'evidence.request')) return sendProblem(reply, problem(403));
    const { release: id, file } = request.params;
    const type = types[file];
    const found = type === undefined ? undefined : await find(id);
    // What somebody may not see does not exist for them to find out about.
    if (!found || !may(who, 'evidence.request', found.release)) return sendProblem(reply, problem(404));
    const { release, evidence } = found;
    const hindered = mayNotOpen(release, evidence, who.account, Date.now());
    if (hindered) return sendProblem(reply, problem(403, hindered));
    const path = join(releaseFolder(context.settings.dataDir, release.evidence, release.id), file);
    const size = await stat(path).then(
      (stats) => stats.size,
      () => undefined,
    );
    if (size === undefined) return sendProblem(reply, problem(404, { detail: 'the file is gone' }));
    if (!(await view(who, release))) return sendProblem(reply, problem(403, { reason: 'the release has ended' }));
    void reply.headers({
      'cache-control': 'private, no-store',
      'content-type': type,
      'accept-ranges': 'bytes',
      'content-disposition': `${release.act === 'copy' ? 'attachment' : 'inline'}; filename="${file}"`,
    });
    const range = rangeOf(request.headers.range, size);
    if (range === 'beyond') return sendProblem(reply.header('content-range', `bytes */${size}`), problem(416));
    if (!range) return reply.header('content-length', size).send(createReadStream(path));
    return reply
      .code(206)
      .headers({
        'content-range': `bytes ${range.from}-${range.to}/${size}`,
        'content-length': range.to - range.from + 1,
      })
      .send(createReadStream(path, { start: range.from, end: range.to }));
  }

  return (app: FastifyInstance): void => {
    app.get('/evidence/released/:release/:file', { schema: { hide: true } }, (request, reply) =>
      send(request as Asked, reply),
    );
  };
}

/** One range of bytes (RFC 9110 §14); anything else that may be asked for is answered with all of it. */
export function rangeOf(header: string | undefined, size: number): { from: number; to: number } | 'beyond' | undefined {
  const asked = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? '');
  if (!asked || (asked[1] === '' && asked[2] === '')) return undefined;
  const [, first, last] = asked;
  const from = first === '' ? Math.max(0, size - Number(last)) : Number(first);
  const to = first === '' || last === '' ? size - 1 : Math.min(size - 1, Number(last));
  if (first !== '' && last !== '' && Number(last) < Number(first)) return undefined;
  return from >= size || from > to ? 'beyond' : { from, to };
}
