import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { dayOf, endOf, startOf } from '../model/calendar.ts';
import { identifier } from '../model/fields.ts';
import { isSecret } from '../model/matter.ts';
import {
  boardOf,
  complaintOf,
  mostBoardCases,
  mostGuideMatters,
  publicityOf,
  publicName,
  type Board,
} from '../model/publicBoard.ts';
import {
  guideLine,
  guideMatter,
  guideMatters,
  guideWindows,
  knowsApplicant,
  progressOf,
  type CaseProgress,
  type GuideList,
  type GuideMatter,
} from '../model/publicCase.ts';
import { packOf, type Hall } from '../model/world.ts';
import { networkOf } from '../platform/address.ts';
import type { Context } from '../platform/part.ts';
import { all, answer, one } from './gate.ts';
import { Limiter } from './limiter.ts';
import { read, Refusal, unknown } from './problem.ts';
import type { PresenceBody } from './queries/findings.ts';
import {
  boardCases,
  boardCounts,
  casesByNumber,
  frozenRecord,
  presencesOf,
  type CaseBody,
  type CountRow,
  type RecordBody,
} from './queries/public.ts';

/** A board is made anew at most so often, however many screens ask. */
const boardMs = 5_000;
/** A hall's screens and its visitors' phones share an address. */
const looks = { burst: 120, refillMs: 500 };
/** One touch screen serves a queue: ten enquiries a minute after a first rush. */
const enquiries = { burst: 20, refillMs: 6_000 };
/** Guesses at one number, from wherever. */
const guesses = { burst: 5, refillMs: 60_000 };

const enquiryBody = z.strictObject({
  number: z.string().trim().min(1).max(80),
  /** The applicant's surname, or the name from its beginning. */
  applicant: z.string().trim().min(1).max(80),
});

/** The same whether there is no such case, its applicant is another one, or nobody may know of it. */
const notFound = new Refusal(404, { reason: 'no case has this number and applicant' });

/** 公示屏, 触摸屏查询: the routes that nobody signs in for (QT-11, QT-12). */
export function publicRoutes(app: FastifyInstance, { store, world }: Pick<Context, 'store' | 'world'>): void {
  const ofAddress = new Limiter(looks.burst, looks.refillMs);
  const asked = new Limiter(enquiries.burst, enquiries.refillMs);
  const guessed = new Limiter(guesses.burst, guesses.refillMs);
  const boards = new Map<string, { at: number; board: Promise<Board> }>();

  /** The hall of the address, where its region shows this at all (C-01); else nothing is said of it. */
  function hallOf(request: FastifyRequest, what: 'board' | 'enquiry', now: number): Hall | Refusal {
    const wait = ofAddress.take(networkOf(request.ip), now);
    if (wait > 0) return tooMany(wait);
    const { hall: id = '' } = request.params as { hall?: string };
    const hall = world().halls.get(id);
    return hall && publicityOf(world(), hall, now)[what] ? hall : unknown(`public ${what}`);
  }

  async function makeBoard(hall: Hall, now: number): Promise<Board> {
    const today = dayOf(now);
    const [cases, counts, presences] = await Promise.all([
      all<CaseBody>(store, boardCases(hall.id, startOf(today), mostBoardCases + 1)),
      one<CountRow>(store, boardCounts(hall.id, startOf(today), endOf(today))),
      all<PresenceBody>(store, presencesOf(hall.id)),
    ]);
    return boardOf(
      world(),
      hall,
      cases.map(({ body }) => body),
      presences.map(({ body }) => body),
      counts ?? { received: 0, completed: 0, open: 0, promised: 0, early: 0 },
      now,
    );
  }

  async function board(request: FastifyRequest): Promise<Board | Refusal> {
    const now = Date.now();
    const hall = hallOf(request, 'board', now);
    if (hall instanceof Refusal) return hall;
    const kept = boards.get(hall.id);
    if (kept && now - kept.at < boardMs && now >= kept.at) return kept.board;
    // One a hall of the world, so the map is bounded.
    const made = { at: now, board: makeBoard(hall, now) };
    boards.set(hall.id, made);
    made.board.catch(() => boards.get(hall.id) === made && boards.delete(hall.id));
    return made.board;
  }

  async function enquiry(request: FastifyRequest): Promise<CaseProgress | Refusal> {
    const now = Date.now();
    const hall = hallOf(request, 'enquiry', now);
    if (hall instanceof Refusal) return hall;
    const input = read(enquiryBody, request.body);
    if (input instanceof Refusal) return input;
    const number = input.number.normalize('NFKC');
    const wait = Math.max(asked.take(networkOf(request.ip), now), guessed.take(`${hall.region} ${number}`, now));
    if (wait > 0) return tooMany(wait);
    const rows = await all<CaseBody>(store, casesByNumber(number, hall.id, hall.region));
    const row = rows.find(({ body }) => knowsApplicant(body, input.applicant));
    return (row && progressOf(world(), row.body, now)) ?? notFound;
  }

  const unitOf = (hall: Hall, now: number): GuideList['dayUnit'] =>
    packOf(world(), hall.region, dayOf(now))?.clock.unit ?? 'working';

  function guide(request: FastifyRequest): GuideList | Refusal {
    const now = Date.now();
    const hall = hallOf(request, 'enquiry', now);
    if (hall instanceof Refusal) return hall;
    const matters = guideMatters(world(), hall.region, dayOf(now));
    return {
      hall: publicName(hall),
      demo: world().regions.get(hall.region)?.demo ?? false,
      complaint: complaintOf(hall),
      dayUnit: unitOf(hall, now),
      items: matters.slice(0, mostGuideMatters).map((each) => guideLine(world(), each)),
    };
  }

  async function guided(request: FastifyRequest): Promise<GuideMatter | Refusal> {
    const now = Date.now();
    const hall = hallOf(request, 'enquiry', now);
    if (hall instanceof Refusal) return hall;
    const code = read(identifier, (request.params as { code?: string }).code);
    const matter =
      code instanceof Refusal
        ? undefined
        : guideMatters(world(), hall.region, dayOf(now)).find((each) => each.code === code);
    if (!matter) return unknown('matter');
    const [row, presences] = await Promise.all([
      one<RecordBody>(store, frozenRecord(matter.region, matter.code)),
      all<PresenceBody>(store, presencesOf(hall.id)),
    ]);
    const record = row && !isSecret(row.record) ? row.record : undefined;
    const bodies = presences.map(({ body }) => body);
    const windows = guideWindows(world(), hall, matter.department, bodies, now);
    return guideMatter(world(), matter, record, unitOf(hall, now), windows);
  }

  const told =
    (tell: (request: FastifyRequest) => unknown) =>
    async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> =>
      answer(reply, await tell(request));
  app.get('/public/board/:hall', told(board));
  // The number and the name travel in the body: addresses are written down in many places.
  app.post('/public/enquiry/:hall', told(enquiry));
  app.get('/public/matters/:hall', told(guide));
  app.get('/public/matters/:hall/:code', told(guided));
}

const tooMany = (wait: number): Refusal =>
  new Refusal(429, { reason: 'too many requests: wait a moment' }, Math.ceil(wait / 1000));
