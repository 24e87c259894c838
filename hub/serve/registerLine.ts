/** A line of the register (台账, SC-19) out of what it is about, with the names of places and things as they are now. */
import { dayOf } from '../model/calendar.ts';
import { stateOf } from '../model/finding.ts';
import { handlersOf } from '../model/decideRegister.ts';
import type { RegisterEntry, RegisterLine, Signable } from '../model/register.ts';
import { may, type Identity } from '../model/rights.ts';
import type { Finding, Signal, Visit } from '../model/state.ts';
import { packOf, supervisorOf, type Named, type World } from '../model/world.ts';
import type { RegisterRow } from './queries/register.ts';

type Told = Omit<RegisterLine, 'id' | 'of' | 'at' | 'signs' | 'mayReview'>;

export function lineOf(world: World, who: Identity, row: RegisterRow): RegisterLine {
  const { of, id, at, sequence, hash, patrol, review } = row;
  const told = toldOf(world, row);
  const signs = signsOf(row);
  const isOpen = !review && told.correctedBy === undefined && (row.visit?.state ?? 'finished') === 'finished';
  const makers = of === 'signal' ? handlersOf(row.body as Signal) : [row.visit?.account ?? told.by?.account];
  return {
    id,
    of,
    at,
    ...told,
    ...(sequence === null ? {} : { number: sequence }),
    ...(hash === null ? {} : { hash }),
    ...(patrol === null ? (of === 'visit' && sequence !== null ? { patrol: sequence } : {}) : { patrol }),
    signs,
    ...(review
      ? { review: { name: review.name, at: review.at, ...(review.note === undefined ? {} : { note: review.note }) } }
      : {}),
    mayReview:
      isOpen &&
      may(who, 'register.review', { region: told.region, hall: told.hall?.id }) &&
      !makers.includes(who.account),
  };
}

function signsOf({ of, id, visit }: RegisterRow): { of: Signable; line: string } {
  if (of === 'finding') return { of: 'visit', line: visit?.id ?? id };
  return { of, line: id };
}

function toldOf(world: World, row: RegisterRow): Told {
  switch (row.of) {
    case 'visit':
      return ofVisit(world, row, row.body as Visit);
    case 'finding':
      return ofFinding(world, row, row.body as Finding);
    case 'signal':
      return ofSignal(world, row.body as Signal);
    case 'entry':
      return ofEntry(world, row, row.body as RegisterEntry);
  }
}

function ofVisit(world: World, row: RegisterRow, visit: Visit): Told {
  const { account, name, region, startedAt, finishedAt, windows, verified, needed, counts, blind } = visit;
  return {
    kind: 'video',
    region,
    by: { account, name },
    ...placesOf(world, { organ: row.organ, hall: visit.hall }),
    from: startedAt,
    ...(finishedAt === undefined ? {} : { until: finishedAt }),
    method: 'live',
    found: false,
    visit: {
      windows: windows.length,
      ...(verified === undefined ? {} : { verified }),
      ...(needed === undefined ? {} : { needed }),
      ...(counts === undefined ? {} : { counts }),
      ...(blind === undefined ? {} : { blind }),
    },
  };
}

function ofFinding(world: World, row: RegisterRow, finding: Finding): Told {
  const { account, name, region, hall, window, camera, code, note, snapshotSha256, at, person, points } = finding;
  const { response, rectification, appeal, absence } = finding;
  const reply = rectification ?? appeal ?? response;
  const looked = rectification?.answer?.outcome === 'accepted' ? rectification.answer : undefined;
  const result = appeal?.answer?.reason ?? rectification?.answer?.note;
  const { visit, evidence } = row;
  // What its appeal was right about was no finding, and deducts nothing.
  const isWithdrawn = stateOf(finding) === 'withdrawn';
  const sha256 = snapshotSha256 ?? evidence?.pictureSha256;
  const title = packOf(world, region, dayOf(at))?.findings.find((each) => each.code === code)?.title;
  return {
    kind: 'video',
    region,
    by: { account, name },
    ...placesOf(world, { organ: row.organ, hall, window, camera }),
    from: visit?.startedAt ?? at,
    ...(visit?.finishedAt === undefined ? {} : { until: visit.finishedAt }),
    method: 'live',
    found: !isWithdrawn,
    code,
    ...(title ? { what: title } : {}),
    ...(note === undefined ? {} : { text: { zh: note } }),
    ...(evidence || sha256 !== undefined
      ? { evidence: { ...(evidence ? { id: evidence.id } : {}), ...(sha256 === undefined ? {} : { sha256 }) } }
      : {}),
    ...(person ? { person } : {}),
    ...(absence
      ? {
          leave: {
            kind: absence.kind,
            ...(absence.standIn === undefined ? {} : { standIn: absence.standIn }),
          },
        }
      : {}),
    // Where the pack has a loop the hall is told at once.
    ...(finding.state === undefined ? {} : { notified: { at } }),
    ...(reply ? { reply: { text: reply.text, name: reply.name, at: reply.at } } : {}),
    state: { of: 'finding', is: stateOf(finding) },
    ...(result === undefined ? {} : { result }),
    ...(looked ? { verified: { name: looked.name, at: looked.at } } : {}),
    ...(points === undefined || isWithdrawn ? {} : { points }),
  };
}

function ofSignal(world: World, signal: Signal): Told {
  const { region, hall, window, department, casefile, state, issuedAt, issuedBy, revokedBy, correction } = signal;
  const { revokedReason, addressee, acknowledgedAt } = signal;
  const by = issuedBy ?? correction?.answer ?? revokedBy ?? signal.appeal?.answer;
  const organ = supervisorOf(world, region)?.id;
  const answer = correction ?? signal.appeal;
  const verified = correction?.answer?.outcome === 'accepted' ? correction.answer : undefined;
  const until = signal.closedAt ?? verified?.at ?? acknowledgedAt;
  return {
    kind: 'data',
    region,
    ...(by ? { by: { account: by.account, name: by.name } } : {}),
    ...placesOf(world, { organ, hall, window, department }),
    from: issuedAt,
    ...(until === undefined ? {} : { until }),
    found: state !== 'revoked',
    what: { zh: signal.titleZh, en: signal.titleEn },
    text: { zh: signal.messageZh, en: signal.messageEn },
    ...(signal.handler === undefined ? {} : { person: { staff: signal.handler } }),
    notified: {
      ...(addressee?.person === undefined ? {} : { whom: addressee.person }),
      at: issuedAt,
    },
    ...(answer ? { reply: { text: answer.text, name: answer.name, at: answer.at } } : {}),
    state: { of: 'signal', is: state },
    ...(revokedReason === undefined ? {} : { result: revokedReason }),
    ...(verified ? { verified: { name: verified.name, at: verified.at } } : {}),
    ...(casefile === undefined ? {} : { casefile }),
  };
}

function ofEntry(world: World, row: RegisterRow, entry: RegisterEntry): Told {
  const { act, region, account, name, organ, hall, window, from, until, text, person, reply, verified, code } = entry;
  const { about, corrects, correctedBy, channel, reached, satisfaction, notified, result, points, note } = entry;
  const title =
    code === undefined
      ? undefined
      : packOf(world, region, dayOf(from))?.findings.find((each) => each.code === code)?.title;
  return {
    kind: act,
    region,
    by: { account, name },
    ...placesOf(world, { organ, hall, window }),
    from,
    until,
    ...(channel === undefined ? {} : { channel }),
    ...(reached === undefined ? {} : { reached }),
    ...(satisfaction === undefined ? {} : { satisfaction }),
    found: entry.found,
    ...(code === undefined ? {} : { code }),
    ...(title ? { what: title } : {}),
    text: { zh: text },
    ...(person === undefined ? {} : { person: { text: person } }),
    ...(notified ? { notified } : {}),
    ...(reply === undefined || reply === '' ? {} : { reply: { text: reply } }),
    ...(result === undefined || result === '' ? {} : { result }),
    ...(verified ? { verified: { name: verified.by, at: verified.at } } : {}),
    ...(about === undefined ? {} : { casefile: about }),
    ...(points === undefined ? {} : { points }),
    ...(note === undefined || note === '' ? {} : { note }),
    ...(corrects ? { corrects: { ...corrects, ...(row.corrects === null ? {} : { number: row.corrects }) } } : {}),
    ...(correctedBy === undefined
      ? {}
      : { correctedBy: { entry: correctedBy, ...(row.corrected === null ? {} : { number: row.corrected }) } }),
  };
}

interface Where {
  organ?: string | null | undefined;
  hall?: string | undefined;
  window?: string | undefined;
  camera?: string | undefined;
  department?: string | undefined;
}

function placesOf(
  world: World,
  where: Where,
): Pick<RegisterLine, 'organ' | 'hall' | 'window' | 'department' | 'camera'> {
  const organ = named(where.organ, world.organs.get(where.organ ?? ''));
  const hall = named(where.hall, world.halls.get(where.hall ?? ''));
  const counter = world.windows.get(where.window ?? '');
  const window = named(where.window, counter);
  const unit = where.department ?? counter?.department;
  const department = named(unit, world.departments.get(unit ?? ''));
  const camera = named(where.camera, world.cameras.get(where.camera ?? ''));
  return {
    ...(organ ? { organ } : {}),
    ...(hall ? { hall } : {}),
    ...(window && counter ? { window: { ...window, number: counter.number } } : {}),
    ...(department ? { department } : {}),
    ...(camera ? { camera } : {}),
  };
}

/** What is gone from the reference data keeps its id for a name, so that the line does not lose its place. */
function named(id: string | null | undefined, thing: Named | undefined): (Named & { id: string }) | undefined {
  if (id === undefined || id === null) return undefined;
  return { id, name: thing?.name ?? id, ...(thing?.nameEn === undefined ? {} : { nameEn: thing.nameEn }) };
}
