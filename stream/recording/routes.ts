import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { dayOf } from '../../hub/model/calendar.ts';
import { HubError } from '../../hub/model/error.ts';
import { instant } from '../../hub/model/fields.ts';
import { longestAnswer, shiftFrom, type RecordedAnswer } from '../../hub/model/recording.ts';
import { may, type Identity } from '../../hub/model/rights.ts';
import { packOf } from '../../hub/model/world.ts';
import type { Context } from '../../hub/platform/part.ts';
import { problem, sendProblem } from '../../hub/platform/problem.ts';
import type { Deliveries } from '../deliveries.ts';
import { recordedPlaylist } from './playlist.ts';
import type { Recordings, RecordedSegment } from './read.ts';

export interface RecordedServing {
  context: Pick<Context, 'sessions' | 'world'>;
  recordings: Recordings;
  /** Who watched what was recorded (SC-29). */
  played: Pick<Deliveries, 'add'>;
  /** Writes the index of what is on the disk now. */
  flush: () => Promise<void>;
}

/** A playlist lists so much at most; whoever wants another hour asks for it. */
const longestList = 3_600_000;
/** What was recorded is in the index after so long. */
const indexed = 15_000;

type Asked = FastifyRequest<{ Params: { camera: string; file: string }; Querystring: Record<string, unknown> }>;

class Bad extends Error {
  readonly field: string;
  constructor(field: string, reason: string) {
    super(reason);
    this.field = field;
  }
}

/** A moment of the query; `usual` where it is absent. */
function momentOf(query: Record<string, unknown>, field: string, usual?: number): number {
  const text = query[field];
  if (text === undefined && usual !== undefined) return usual;
  const value = typeof text === 'string' && /^\d{1,15}$/.test(text) ? Number(text) : text;
  const result = instant.safeParse(value);
  if (!result.success) throw new Bad(field, result.error.issues[0]!.message);
  return result.data;
}

/** Who asks, if they may watch the hall of this camera; otherwise the answer is sent. */
async function grant(
  { context }: RecordedServing,
  request: FastifyRequest,
  reply: FastifyReply,
  hallOf: () => string | undefined,
): Promise<{ who: Identity; hall: string; shiftFrom: number } | undefined> {
  const who = await context.sessions.identify(request);
  const world = context.world();
  if (!who) sendProblem(reply, problem(401));
  else if (!may(who, 'video.watch')) sendProblem(reply, problem(403));
  else {
    const hall = world.halls.get(hallOf() ?? '');
    const now = Date.now();
    if (!hall) sendProblem(reply, problem(404, { detail: 'no such camera or hall' }));
    else if (!may(who, 'video.watch', { region: hall.region, hall: hall.id })) sendProblem(reply, problem(403));
    else {
      const settings = packOf(world, hall.region, dayOf(now))?.settings;
      return { who, hall: hall.id, shiftFrom: shiftFrom(settings, now) };
    }
  }
  return undefined;
}

/** SC-32: what is older than the day's own is viewed with an approval. */
const needsRelease = (reply: FastifyReply, from: number): FastifyReply =>
  sendProblem(
    reply,
    problem(403, {
      field: 'from',
      detail: `recordings before ${new Date(from).toISOString()} are viewed with the approval of the supervision organ`,
      reason: 'recording.release',
    }),
  );

async function playlist(serving: RecordedServing, request: Asked, reply: FastifyReply): Promise<FastifyReply> {
  const { camera } = request.params;
  const granted = await grant(serving, request, reply, () => serving.context.world().cameras.get(camera)?.hall);
  if (!granted) return reply;
  const now = Date.now();
  const from = momentOf(request.query, 'from');
  const to = momentOf(request.query, 'to', from + longestList);
  if (to <= from) throw new Bad('to', 'expected a moment after from');
  if (to - from > longestList) throw new Bad('to', 'expected at most an hour after from');
  if (from > now) throw new Bad('from', 'expected a moment that is over');
  if (from < granted.shiftFrom) return needsRelease(reply, granted.shiftFrom);
  await serving.flush();
  const { recordings } = serving;
  const [segments, { gaps }] = await Promise.all([
    recordings.segments(camera, from, to),
    recordings.spans(camera, from, Math.min(to, now)),
  ]);
  // The one before `from`, for its key picture, may lie in yesterday: it is not handed out.
  const shown = segments.filter(({ at, duration }) => at + duration * 1000 > granted.shiftFrom);
  return reply
    .header('cache-control', 'no-cache')
    .type('application/vnd.apple.mpegurl')
    .send(recordedPlaylist(shown, gaps, to < now - indexed));
}

/** A segment, by when it begins, or the initialization section of the one that begins then. */
async function media(serving: RecordedServing, request: Asked, reply: FastifyReply): Promise<FastifyReply> {
  const { camera, file } = request.params;
  const granted = await grant(serving, request, reply, () => serving.context.world().cameras.get(camera)?.hall);
  if (!granted) return reply;
  const named = /^(?:([0-9a-f]{64})-)?(\d{1,15})\.mp4$/.exec(file);
  const segment = named ? await serving.recordings.segment(camera, Number(named[2])) : undefined;
  if (!segment || (named![1] !== undefined && named![1] !== segment.initSha256))
    return sendProblem(reply, problem(404, { detail: 'not recorded, or not kept any more' }));
  if (segment.at + segment.duration * 1000 < granted.shiftFrom) return needsRelease(reply, granted.shiftFrom);
  const bytes = await readOf(segment, named![1] !== undefined, reply);
  if (bytes && named![1] === undefined) {
    const { session } = granted.who;
    const to = segment.at + segment.duration * 1000;
    reply.raw.once('finish', () => serving.played.add({ session, camera, from: segment.at, to, at: Date.now() }));
  }
  // Names say all there is; a browser may keep it for as long as it plays.
  return bytes ? reply.header('cache-control', 'private, max-age=600').type('video/mp4').send(bytes) : reply;
}

async function readOf(segment: RecordedSegment, isInit: boolean, reply: FastifyReply): Promise<Buffer | undefined> {
  try {
    return await (isInit ? segment.init() : segment.bytes());
  } catch (error) {
    if (!(error instanceof HubError)) throw error;
    const isGone = error.code === 'recording.gone';
    sendProblem(reply, problem(isGone ? 404 : 409, { detail: error.message, reason: error.code }));
    return undefined;
  }
}

/** What there is of each camera of a hall, and why there is nothing in between. */
async function spans(serving: RecordedServing, request: Asked, reply: FastifyReply): Promise<FastifyReply> {
  const { hall: asked } = request.query;
  const granted = await grant(serving, request, reply, () => (typeof asked === 'string' ? asked : undefined));
  if (!granted) return reply;
  const now = Date.now();
  const from = momentOf(request.query, 'from');
  const to = Math.min(now, momentOf(request.query, 'to', now));
  if (to <= from) throw new Bad('to', 'expected a moment after from, and from one that is over');
  if (to - from > longestAnswer) throw new Bad('to', 'expected at most 31 days after from');
  await serving.flush();
  const cameras = [...serving.context.world().cameras.values()].filter(({ hall }) => hall === granted.hall);
  const found: (Awaited<ReturnType<Recordings['spans']>> & { camera: string })[] = [];
  // One after the other: a hall has a hundred cameras, and the store has other things to do.
  for (const { id } of cameras) found.push({ camera: id, ...(await serving.recordings.spans(id, from, to)) });
  const until = Math.min(to, ...found.map((each) => each.to));
  const answer: RecordedAnswer = {
    hall: granted.hall,
    from,
    to: until,
    shiftFrom: granted.shiftFrom,
    cameras: found.map(({ camera, spans: there, gaps }) => ({
      camera,
      spans: upTo(there, until),
      gaps: upTo(gaps, until),
    })),
  };
  return reply.header('cache-control', 'no-store').send(answer);
}

const upTo = <T extends { from: number; to: number }>(list: readonly T[], until: number): T[] =>
  list.filter((each) => each.from < until).map((each) => ({ ...each, to: Math.min(each.to, until) }));

export function recordedRoutes(serving: RecordedServing): (app: FastifyInstance) => void {
  const hide = { schema: { hide: true } };
  const answer =
    (handle: typeof playlist) =>
    async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
      try {
        return await handle(serving, request as Asked, reply);
      } catch (error) {
        if (!(error instanceof Bad)) throw error;
        return sendProblem(reply, problem(400, { field: error.field, reason: error.message }));
      }
    };
  return (app) => {
    app.get('/recorded/:camera/index.m3u8', hide, answer(playlist));
    app.get('/recorded/:camera/:file', hide, answer(media));
    app.get('/api/recorded', hide, answer(spans));
  };
}
