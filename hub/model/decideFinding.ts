/** Findings (问题) of a visit. */
import { nothing, refuse, type Consequences, type State } from './decide.ts';
import { takenAs } from './decideEvidence.ts';
import type { EventOf, Recorded } from './event.ts';
import { clipAfter, clipBefore } from './evidence.ts';
import type { Finding, Visit } from './state.ts';
import { packOf, type World } from './world.ts';

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
      {
        region: event.region,
        at: event.receivedAt,
        act: 'finding.recorded',
        subject: finding.id,
        hall: before.hall,
        account: event.account,
        facts: {
          window: event.window,
          code: event.code,
          snapshot: event.snapshot?.sha256 ?? '',
          note: event.note ?? '',
        },
      },
      ...taken.ledger,
    ],
  };
}
