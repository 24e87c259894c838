/** Patrol (巡查) and cameras. */
import { nothing, refuse, type Consequences, type State } from './decide.ts';
import { takenAs } from './decideEvidence.ts';
import type { EventOf, Recorded } from './event.ts';
import { clipAfter, clipBefore } from './evidence.ts';
import type { CameraStatus, Duty, Finding, Visit } from './state.ts';
import { packOf, type World } from './world.ts';

export function decideCamera(event: Recorded<EventOf<'camera.changed'>>, state: State, world: World): Consequences {
  const before = state.camera(event.camera);
  const byPerson = event.account !== undefined;
  const isOff = before?.state === 'disabled';
  if (byPerson && event.state !== 'disabled' && event.state !== 'idle')
    return refuse('state', 'a person switches a camera off (disabled) or on (idle)');
  if (byPerson && event.state === 'disabled' && isOff) return refuse('state', 'the camera is switched off already');
  // What the stream part still says of a camera that a person switched off: no second of it counts.
  if (!byPerson && isOff) return refuse('state', 'the camera is switched off');
  // A late report of an older state must not overwrite a newer one.
  if (before && !byPerson && before.since > event.occurredAt) return nothing;
  const codec = event.codec ?? before?.codec;
  const since = Math.max(event.occurredAt, byPerson ? (before?.since ?? 0) : 0);
  const row: CameraStatus = {
    camera: event.camera,
    region: event.region,
    hall: event.hall,
    state: event.state,
    since: before?.state === event.state ? before.since : since,
    ...(event.detail === undefined ? {} : { detail: event.detail }),
    ...(codec === undefined ? {} : { codec }),
    ...(event.state === 'disabled' && event.name !== undefined ? { name: event.name } : {}),
    position: event.position,
  };
  const { region, hall, camera, account, detail, receivedAt: at } = event;
  const act = event.state === 'disabled' ? 'camera.disabled' : 'camera.enabled';
  const facts = { name: world.cameras.get(camera)?.name ?? '', reason: detail ?? '' };
  return {
    puts: [{ table: 'camera', row }],
    ledger: byPerson ? [{ region, at, act, subject: camera, hall, account: account!, facts }] : [],
  };
}

export function decideDuty(event: Recorded<EventOf<'patrol.planned'>>, state: State): Consequences {
  if (state.duty(event.duty)) return nothing;
  const { region, organ, hall, day, required, dueAt, article, position } = event;
  const row: Duty = {
    id: event.duty,
    region,
    organ,
    hall,
    day,
    required,
    done: 0,
    state: 'planned',
    dueAt,
    article,
    position,
  };
  return {
    puts: [{ table: 'duty', row }],
    ledger: [
      { region, at: event.receivedAt, act: 'duty.planned', subject: row.id, hall, facts: { day, required, article } },
    ],
  };
}

export function decideVisitStart(event: Recorded<EventOf<'patrol.visitStarted'>>, state: State): Consequences {
  const duty = state.duty(event.duty);
  if (!duty) return refuse('duty', 'no such duty');
  if (duty.hall !== event.hall) return refuse('hall', 'the duty is for another hall');
  if (state.visit(event.visit)) return refuse('visit', 'the visit was started already');
  const visit: Visit = {
    id: event.visit,
    region: event.region,
    duty: duty.id,
    hall: duty.hall,
    account: event.account,
    name: event.name,
    state: 'open',
    startedAt: event.receivedAt,
    windows: [...new Set(event.windows)],
    views: [],
    findings: 0,
    position: event.position,
  };
  const started: Duty = { ...duty, state: duty.state === 'done' ? 'done' : 'inProgress', position: event.position };
  return {
    puts: [
      { table: 'visit', row: visit },
      { table: 'duty', row: started },
    ],
    ledger: [act(event, 'visit.started', visit.id, visit.hall, { day: duty.day, windows: visit.windows.length })],
  };
}

/** SC-11, 1.X.6: a visit is kept however it went; it counts when enough windows were verified for long enough. */
export function decideVisitFinish(
  event: Recorded<EventOf<'patrol.visitFinished'>>,
  state: State,
  world: World,
): Consequences {
  const before = state.visit(event.visit);
  if (!before) return refuse('visit', 'no such visit');
  if (before.state === 'finished') return refuse('visit', 'the visit is finished already');
  if (before.account !== event.account) return refuse('account', 'only the person who started a visit can finish it');
  const duty = state.duty(before.duty);
  if (!duty) return refuse('visit', 'its duty is gone');
  const quota = packOf(world, before.region, duty.day)?.patrol;
  if (!quota) return refuse('region', `no rule pack is in force on ${duty.day}`);
  const views = event.views
    .filter((view) => before.windows.includes(view.window))
    .map((view) => ({ ...view, verified: view.seconds >= quota.secondsPerWindow }));
  const verified = new Set(views.filter((view) => view.verified).map((view) => view.window)).size;
  const needed = Math.max(1, Math.ceil(quota.share * before.windows.length));
  const counts = verified >= needed;
  const visit: Visit = {
    ...before,
    state: 'finished',
    finishedAt: event.receivedAt,
    views,
    counts,
    verified,
    needed,
    digest: event.digest,
    position: event.position,
  };
  const done = duty.done + (counts ? 1 : 0);
  const after: Duty = { ...duty, done, state: done >= duty.required ? 'done' : 'planned', position: event.position };
  return {
    puts: [
      { table: 'visit', row: visit },
      { table: 'duty', row: after },
    ],
    ledger: [
      act(event, 'visit.finished', visit.id, visit.hall, {
        counts,
        verified,
        needed,
        findings: visit.findings,
        digest: event.digest,
      }),
    ],
  };
}

export function decideFinding(
  event: Recorded<EventOf<'patrol.findingRecorded'>>,
  state: State,
  world: World,
): Consequences {
  const before = state.visit(event.visit);
  if (!before) return refuse('visit', 'no such visit');
  if (before.state !== 'open') return refuse('visit', 'the visit is finished: a finding belongs to an open visit');
  if (before.account !== event.account) return refuse('account', 'only the person on the visit can record a finding');
  if (world.windows.get(event.window)?.hall !== before.hall)
    return refuse('window', 'the window is not in the hall that is visited');
  const day = state.duty(before.duty)?.day;
  const pack = day === undefined ? undefined : packOf(world, before.region, day);
  const kind = pack?.findings?.find((each) => each.code === event.code);
  if (!kind) return refuse('code', "not in the region's vocabulary of findings");
  const finding: Finding = {
    id: event.finding,
    region: before.region,
    visit: before.id,
    hall: before.hall,
    window: event.window,
    ...(event.camera === undefined ? {} : { camera: event.camera }),
    code: event.code,
    ...(event.note === undefined ? {} : { note: event.note }),
    ...(event.snapshot ? { snapshotSha256: event.snapshot.sha256, snapshotAt: event.snapshot.at } : {}),
    account: event.account,
    name: event.name,
    at: event.receivedAt,
    position: event.position,
  };
  const visit: Visit = { ...before, findings: before.findings + 1, position: event.position };
  const { account, name, camera } = event;
  const at = finding.snapshotAt ?? event.occurredAt;
  const taken =
    camera !== undefined && pack?.settings?.evidence?.clipOfFinding
      ? takenAs(
          event,
          {
            id: `evidence-${finding.id}`.slice(0, 80),
            hall: before.hall,
            camera,
            at,
            from: at - clipBefore,
            until: at + clipAfter,
            why: [kind.title.zh, event.note].filter(Boolean).join(': ').slice(0, 2000),
            about: { kind: 'finding', id: finding.id },
          },
          { account, name },
          world,
        )
      : nothing;
  return {
    puts: [{ table: 'finding', row: finding }, { table: 'visit', row: visit }, ...taken.puts],
    ledger: [
      act(event, 'finding.recorded', finding.id, before.hall, {
        window: event.window,
        code: event.code,
        snapshot: event.snapshot?.sha256 ?? '',
        note: event.note ?? '',
      }),
      ...taken.ledger,
    ],
  };
}

function act(
  event: Recorded<EventOf<'patrol.visitStarted' | 'patrol.visitFinished' | 'patrol.findingRecorded'>>,
  kind: Consequences['ledger'][number]['act'],
  subject: string,
  hall: string | undefined,
  facts: Record<string, string | number | boolean>,
): Consequences['ledger'][number] {
  return {
    region: event.region,
    at: event.receivedAt,
    act: kind,
    subject,
    ...(hall === undefined ? {} : { hall }),
    account: event.account,
    facts,
  };
}
