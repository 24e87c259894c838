import { nothing, refuse, type Consequences, type State } from './decide.ts';
import type { EventOf, Recorded } from './event.ts';
import type { CameraStatus } from './state.ts';

/** A camera (点位) as its pictures are, or as a person left it; what a person did to it stands in the ledger. */
export function decideCamera(event: Recorded<EventOf<'camera.changed'>>, state: State): Consequences {
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
  const facts = { name: event.title ?? '', reason: detail ?? '' };
  return {
    puts: [{ table: 'camera', row }],
    ledger: byPerson ? [{ region, at, act, subject: camera, hall, account: account!, facts }] : [],
  };
}
