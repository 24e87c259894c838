/** Findings (问题) of a visit. */
import { nothing, refuse, type Consequences, type State } from './decide.ts';
import { takenAs } from './decideEvidence.ts';
import type { EventOf, Recorded } from './event.ts';
import { clipAfter, clipBefore } from './evidence.ts';
import type { Finding } from './finding.ts';
import { raiseFrom } from './findingSignals.ts';
import { timesOf } from './findingTimes.ts';
import { levels, type FindingKind } from './pack.ts';
import { presenceAt } from './presence.ts';
import type { Visit } from './state.ts';
import { packOf, type World } from './world.ts';

/** 迟到, 早退, 旷工, 空岗, 离岗: what a leave on record explains. */
const absent = /^A0[1-5]$/;

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
  if (!pack || !kind) return refuse('code', "not in the region's vocabulary of findings");
  const { person, account, name, camera } = event;
  const at = event.snapshot?.at ?? event.occurredAt;
  const record = absent.test(event.code) ? presenceAt(state.presence(event.window), at) : undefined;
  const withClip = camera !== undefined && pack.settings?.evidence?.clipOfFinding === true;
  const evidence = `evidence-${event.finding}`.slice(0, 80);
  const finding: Finding = {
    id: event.finding,
    region: before.region,
    visit: before.id,
    hall: before.hall,
    ...(before.organ === undefined ? {} : { organ: before.organ }),
    window: event.window,
    ...(camera === undefined ? {} : { camera }),
    code: event.code,
    ...(event.note === undefined ? {} : { note: event.note }),
    ...(person ? { person } : {}),
    ...(kind.level === undefined ? {} : { level: kind.level }),
    ...(kind.points === undefined ? {} : { points: kind.points }),
    pack: pack.id,
    packVersion: pack.version,
    ...(event.snapshot ? { snapshotSha256: event.snapshot.sha256, snapshotAt: event.snapshot.at } : {}),
    ...(withClip ? { evidence } : {}),
    ...(record
      ? {
          absence: {
            record: record.id,
            kind: record.kind,
            from: record.from,
            until: record.until,
            filedAt: record.filedBy.at,
            ...(record.standIn === undefined ? {} : { standIn: record.standIn }),
          },
        }
      : {}),
    account,
    name,
    at: event.receivedAt,
    state: 'recorded',
    ...timesOf(pack, world, before, event.receivedAt),
    position: event.position,
  };
  const raised = isRaised(kind, finding)
    ? raiseFrom(event, finding, pack, world, {
        rule: 'finding',
        level: kind.level!,
        title: kind.title,
        zh: (number) => `${number}号窗口巡查发现：${kind.title.zh}${event.note ? `（${event.note}）` : ''}`,
        en: (number) => `Found at window ${number}: ${kind.title.en}${event.note ? ` (${event.note})` : ''}`,
        at,
      })
    : undefined;
  if (raised) finding.signals = [raised.signal.id];
  const visit: Visit = { ...before, findings: before.findings + 1, position: event.position };
  const taken = withClip
    ? takenAs(
        event,
        {
          id: evidence,
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
    puts: [
      { table: 'finding', row: finding },
      { table: 'visit', row: visit },
      ...(raised ? [{ table: 'signal' as const, row: raised.signal }] : []),
      ...taken.puts,
    ],
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
          ...(person?.staff === undefined ? {} : { staff: person.staff }),
          ...(person?.text === undefined ? {} : { person: person.text }),
          ...(record ? { absence: record.id } : {}),
        },
      },
      ...(raised ? [raised.entry] : []),
      ...taken.ledger,
    ],
  };
}

/** Raised directly and by no rule: a rule looks at casefiles or measures, and this is a person's own observation of a window. */
const isRaised = ({ level }: FindingKind, { absence }: Finding): boolean =>
  level !== undefined && levels.indexOf(level) >= levels.indexOf('correction') && absence === undefined;
