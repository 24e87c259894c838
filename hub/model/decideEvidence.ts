/** Evidence (证据) and its releases (调阅批准). */
import { dayOf } from './calendar.ts';
import { nothing, refuse, type Consequences, type State } from './decide.ts';
import type { EventOf, Recorded } from './event.ts';
import { mostRequests, releaseDays, type Evidence, type EvidenceAbout, type Release } from './evidence.ts';
import type { PackSettings } from './settings.ts';
import type { LedgerDraft } from './state.ts';
import { packOf, prefixOf, type World } from './world.ts';

type EvidenceEvent = Extract<Recorded, { kind: `evidence.${string}` }>;

/** No clip of what is yet to come; clocks of two machines differ by a little. */
const ahead = 10_000;
const day = 86_400_000;

export function decideEvidence(event: EvidenceEvent, state: State, world: World): Consequences {
  if (event.kind === 'evidence.taken') return take(event, state, world);
  const evidence = state.evidence(event.evidence);
  if (!evidence) return refuse('evidence', 'no such evidence');
  if (evidence.region !== event.region || evidence.hall !== event.hall)
    return refuse('hall', 'the evidence is of another hall');
  if (event.kind === 'evidence.sealed') return seal(event, evidence);
  const release = state.release(event.release);
  if (event.kind === 'evidence.requested') return ask(event, evidence, release, world);
  if (!release || release.evidence !== evidence.id) return refuse('release', 'no such request');
  switch (event.kind) {
    case 'evidence.answered':
      return answer(event, release, world);
    case 'evidence.released':
    case 'evidence.failed':
    case 'evidence.removed':
      return carryOut(event, release, evidence);
    case 'evidence.viewed':
      return view(event, release, evidence);
  }
}

function take(event: Recorded<EventOf<'evidence.taken'>>, state: State, world: World): Consequences {
  if (state.evidence(event.evidence)) return nothing;
  if (event.at > event.receivedAt + ahead) return refuse('at', 'the moment lies in the future');
  if (event.from > event.at || event.until < event.at) return refuse('at', 'expected a moment within the clip');
  const camera = world.cameras.get(event.camera);
  if (!camera || camera.hall !== event.hall) return refuse('camera', 'the camera is not in this hall');
  const { evidence: id, why, about, at, from, until, account, name } = event;
  const what = { id, camera: event.camera, hall: event.hall, at, from, until, why, ...(about ? { about } : {}) };
  return takenAs(event, what, { account, name }, world);
}

export interface Taking {
  id: string;
  hall: string;
  camera: string;
  at: number;
  from: number;
  until: number;
  why: string;
  about?: EvidenceAbout;
}

/** The row and the entry of evidence that is taken, by itself or with a finding. */
export function takenAs(
  event: Recorded,
  what: Taking,
  who: { account: string; name: string },
  world: World,
): Consequences {
  const window = world.cameras.get(what.camera)?.window;
  const row: Evidence = {
    ...what,
    region: event.region,
    ...(window === undefined ? {} : { window }),
    takenBy: { ...who, at: event.receivedAt },
    state: 'taken',
    manifests: [],
    seconds: 0,
    missing: 0,
    requests: 0,
    position: event.position,
  };
  return {
    puts: [{ table: 'evidence', row }],
    ledger: [
      act(event, 'evidence.taken', row.id, row.hall, who.account, {
        camera: row.camera,
        at: row.at,
        from: row.from,
        until: row.until,
        why: row.why,
        ...(window === undefined ? {} : { window }),
        ...(row.about ? { about: `${row.about.kind} ${row.about.id}` } : {}),
      }),
    ],
  };
}

function seal(event: Recorded<EventOf<'evidence.sealed'>>, before: Evidence): Consequences {
  if (before.state === 'complete' || before.state === 'removed')
    return refuse('evidence', 'the evidence is complete already');
  if (event.version !== before.manifests.length + 1)
    return refuse('version', `expected version ${before.manifests.length + 1}`);
  const { digest, version, complete, picture, seconds, missing } = event;
  const row: Evidence = {
    ...before,
    state: complete ? 'complete' : 'begun',
    manifests: [...before.manifests, { digest, at: event.receivedAt }],
    ...(picture === undefined ? {} : { pictureSha256: picture }),
    seconds,
    missing,
    position: event.position,
  };
  const facts = { version, digest, complete, seconds, missing, ...(picture === undefined ? {} : { picture }) };
  return {
    puts: [{ table: 'evidence', row }],
    ledger: [act(event, 'evidence.sealed', row.id, row.hall, undefined, facts)],
  };
}

const settingsAt = (event: Recorded, world: World): PackSettings['evidence'] =>
  packOf(world, event.region, dayOf(event.receivedAt))?.settings?.evidence;

function ask(
  event: Recorded<EventOf<'evidence.requested'>>,
  evidence: Evidence,
  known: Release | undefined,
  world: World,
): Consequences {
  if (known) return refuse('release', 'the request was made already');
  if (evidence.state === 'removed') return refuse('evidence', 'the evidence was deleted');
  if (evidence.state !== 'complete') return refuse('evidence', 'the evidence is not complete yet');
  if (evidence.requests >= mostRequests) return refuse('evidence', 'there are too many requests for this evidence');
  const settings = settingsAt(event, world);
  const { account, name, purpose } = event;
  // C-17: a region may ask for no approval; deletion is the province's in every region (SC-33).
  const isFree = settings?.approval === 'none' && event.act !== 'delete';
  const row: Release = {
    id: event.release,
    region: evidence.region,
    hall: evidence.hall,
    evidence: evidence.id,
    act: event.act,
    purpose,
    state: isFree ? 'approved' : 'requested',
    requestedBy: { account, name, at: event.receivedAt },
    ...(isFree ? { expiresAt: event.receivedAt + (settings.releaseDays ?? releaseDays) * day } : {}),
    views: 0,
    position: event.position,
  };
  const after: Evidence = { ...evidence, requests: evidence.requests + 1, position: event.position };
  return {
    puts: [
      { table: 'release', row },
      { table: 'evidence', row: after },
    ],
    ledger: [
      act(event, 'evidence.requested', row.evidence, row.hall, account, { release: row.id, act: row.act, purpose }),
    ],
  };
}

/** Why this organ or this person cannot answer a request; undefined when they can. */
export function mayNotAnswer(
  release: Pick<Release, 'act' | 'region' | 'requestedBy'>,
  who: { account: string; region: string },
  world: World,
): { field: string; reason: string } | undefined {
  // SC-29.
  if (release.requestedBy.account === who.account)
    return { field: 'account', reason: 'nobody answers their own request' };
  if (release.act === 'delete') {
    // SC-33: of every level, the province alone.
    const isProvince = world.regions.get(who.region)?.level === 'province';
    return isProvince && release.region.startsWith(prefixOf(who.region))
      ? undefined
      : { field: 'organRegion', reason: 'deletion is approved by the province only' };
  }
  // SC-32: the supervision organ of the same level.
  return release.region === who.region
    ? undefined
    : { field: 'organRegion', reason: 'a release is approved by the supervision organ of the same level' };
}

function answer(event: Recorded<EventOf<'evidence.answered'>>, before: Release, world: World): Consequences {
  if (before.state !== 'requested') return refuse('release', 'the request was answered already');
  const { account, name, organRegion, outcome } = event;
  const hindered = mayNotAnswer(before, { account, region: organRegion }, world);
  if (hindered) return refuse(hindered.field, hindered.reason);
  const reason = event.reason?.trim() ? event.reason : undefined;
  if (outcome === 'refused' && reason === undefined) return refuse('reason', 'expected a reason for the refusal');
  const isOpen = outcome === 'approved' && before.act !== 'delete';
  const lasting = (settingsAt(event, world)?.releaseDays ?? releaseDays) * day;
  const row: Release = {
    ...before,
    state: outcome,
    answeredBy: { account, name, at: event.receivedAt, ...(reason === undefined ? {} : { reason }) },
    ...(isOpen ? { expiresAt: event.receivedAt + lasting } : {}),
    position: event.position,
  };
  const facts = {
    release: row.id,
    act: row.act,
    ...(reason === undefined ? {} : { reason }),
    ...(row.expiresAt === undefined ? {} : { expiresAt: row.expiresAt }),
  };
  return {
    puts: [{ table: 'release', row }],
    ledger: [act(event, `evidence.${outcome}`, row.evidence, row.hall, account, facts)],
  };
}

function carryOut(
  event: Recorded<EventOf<'evidence.released' | 'evidence.failed' | 'evidence.removed'>>,
  before: Release,
  evidence: Evidence,
): Consequences {
  if (before.state !== 'approved') return refuse('release', 'the request is not approved, or was carried out already');
  const isDeletion = before.act === 'delete';
  if (isDeletion !== (event.kind === 'evidence.removed') && event.kind !== 'evidence.failed')
    return refuse('release', `the approval is to ${before.act}`);
  const { position } = event;
  const facts: LedgerDraft['facts'] = { release: before.id };
  const puts: Consequences['puts'] = [];
  if (event.kind === 'evidence.removed') {
    puts.push({ table: 'release', row: { ...before, state: 'done', position } });
    puts.push({ table: 'evidence', row: { ...evidence, state: 'removed', removedAt: event.receivedAt, position } });
  } else if (event.kind === 'evidence.failed') {
    Object.assign(facts, { reason: event.reason });
    puts.push({ table: 'release', row: { ...before, state: 'failed', failure: event.reason, position } });
  } else {
    const { digest, sha256, bytes } = event;
    Object.assign(facts, { digest, sha256 });
    const copy = { digest, sha256, bytes, at: event.receivedAt };
    puts.push({ table: 'release', row: { ...before, state: 'released', copy, position } });
  }
  return { puts, ledger: [act(event, event.kind, before.evidence, before.hall, undefined, facts)] };
}

/** Why somebody may not open a released copy now; undefined when they may. */
export function mayNotOpen(
  release: Release,
  evidence: Pick<Evidence, 'state'>,
  account: string,
  now: number,
): { field: string; reason: string } | undefined {
  if (release.requestedBy.account !== account) return { field: 'account', reason: 'the release is another person’s' };
  if (release.state !== 'released') return { field: 'release', reason: 'there is no released copy' };
  if (evidence.state === 'removed') return { field: 'evidence', reason: 'the evidence was deleted' };
  if (now >= (release.expiresAt ?? 0)) return { field: 'release', reason: 'the release has expired' };
  return undefined;
}

/** Watching the watchers: each view has its entry. */
function view(event: Recorded<EventOf<'evidence.viewed'>>, before: Release, evidence: Evidence): Consequences {
  const hindered = mayNotOpen(before, evidence, event.account, event.receivedAt);
  if (hindered) return refuse(hindered.field, hindered.reason);
  const row: Release = {
    ...before,
    views: before.views + 1,
    viewedAt: event.receivedAt,
    position: event.position,
  };
  return {
    puts: [{ table: 'release', row }],
    ledger: [act(event, 'evidence.viewed', row.evidence, row.hall, event.account, { release: row.id, act: row.act })],
  };
}

function act(
  event: Recorded,
  kind: LedgerDraft['act'],
  subject: string,
  hall: string,
  account: string | undefined,
  facts: LedgerDraft['facts'],
): LedgerDraft {
  return {
    region: event.region,
    at: event.receivedAt,
    act: kind,
    subject,
    hall,
    ...(account === undefined ? {} : { account }),
    facts,
  };
}
