import { decide, follows, needsOf, type Consequences, type State } from '../../hub/model/decide.ts';
import type { Event } from '../../hub/model/event.ts';
import type { Draw } from '../../hub/model/draw.ts';
import type { Evidence, Release } from '../../hub/model/evidence.ts';
import type { RecordingHold } from '../../hub/model/recording.ts';
import type { Presence } from '../../hub/model/presence.ts';
import type { RegisterEntry, RegisterReview } from '../../hub/model/register.ts';
import type { Notice } from '../../hub/model/notice.ts';
import type {
  CameraStatus,
  Casefile,
  Duty,
  Finding,
  Inquiry,
  LedgerDraft,
  Register,
  Signal,
  Visit,
} from '../../hub/model/state.ts';
import type { World } from '../../hub/model/world.ts';

/** Plays events through `decide` and keeps the rows, without store or log: the pure part of the recorder. */
export class Play implements State {
  readonly casefiles = new Map<string, Casefile>();
  readonly signals = new Map<string, Signal>();
  readonly duties = new Map<string, Duty>();
  readonly draws = new Map<string, Draw>();
  readonly visits = new Map<string, Visit>();
  readonly findings = new Map<string, Finding>();
  readonly cameras = new Map<string, CameraStatus>();
  readonly inquiries = new Map<string, Inquiry>();
  readonly registers = new Map<string, Register>();
  readonly evidences = new Map<string, Evidence>();
  readonly releases = new Map<string, Release>();
  readonly holds = new Map<string, RecordingHold>();
  readonly entries = new Map<string, RegisterEntry>();
  readonly reviews = new Map<string, RegisterReview>();
  readonly presences = new Map<string, Presence>();
  readonly notices: Notice[] = [];
  readonly ledger: LedgerDraft[] = [];
  readonly #world: World;
  #position = 0;

  constructor(world: World) {
    this.#world = world;
  }

  casefile = (id: string) => this.casefiles.get(id);
  signal = (id: string) => this.signals.get(id);
  duty = (id: string) => this.duties.get(id);
  draw = (id: string) => this.draws.get(id);
  visit = (id: string) => this.visits.get(id);
  camera = (id: string) => this.cameras.get(id);
  inquiry = (id: string) => this.inquiries.get(id);
  register = (id: string) => this.registers.get(id);
  evidence = (id: string) => this.evidences.get(id);
  release = (id: string) => this.releases.get(id);
  hold = (id: string) => this.holds.get(id);
  entry = (id: string) => this.entries.get(id);
  review = (id: string) => this.reviews.get(id);
  finding = (id: string) => this.findings.get(id);
  presence = (id: string) => this.presences.get(id);

  /** Decides one event; every row it read must be one it said it needs. */
  tell(event: Event, receivedAt = event.occurredAt): Consequences {
    this.#position += 1;
    const consequences = decide({ ...event, receivedAt, position: this.#position }, this.#limited(event), this.#world);
    for (const put of consequences.puts) {
      if (put.table === 'casefile') this.casefiles.set(put.row.id, put.row);
      else if (put.table === 'signal') this.signals.set(put.row.id, put.row);
      else if (put.table === 'duty') this.duties.set(put.row.id, put.row);
      else if (put.table === 'draw') this.draws.set(put.row.id, put.row);
      else if (put.table === 'visit') this.visits.set(put.row.id, put.row);
      else if (put.table === 'finding') this.findings.set(put.row.id, put.row);
      else if (put.table === 'presence') this.presences.set(put.row.id, put.row);
      else if (put.table === 'inquiry') this.inquiries.set(put.row.id, put.row);
      else if (put.table === 'register') this.registers.set(put.row.id, put.row);
      else if (put.table === 'evidence') this.evidences.set(put.row.id, put.row);
      else if (put.table === 'release') this.releases.set(put.row.id, put.row);
      else if (put.table === 'hold') this.holds.set(put.row.id, put.row);
      else if (put.table === 'entry') this.entries.set(put.row.id, put.row);
      else if (put.table === 'review') this.reviews.set(put.row.id, put.row);
      else if (put.table === 'notice') this.notices.push(put.row);
      else this.cameras.set(put.row.camera, put.row);
    }
    this.ledger.push(...consequences.ledger);
    return consequences;
  }

  /** Publishes the turns that are due, as the ticker does. */
  turnUntil(now: number): void {
    for (;;) {
      const due = [...this.casefiles.values()].filter((each) => each.nextTurn !== undefined && each.nextTurn <= now);
      if (due.length === 0) return;
      for (const { region, number, nextTurn } of due) {
        this.tell(
          {
            kind: 'clock.turned',
            id: `t${this.#position}`,
            region,
            source: 'ticker',
            occurredAt: nextTurn!,
            casefile: number,
          },
          now,
        );
      }
    }
  }

  #limited(event: Event): State {
    const needs = needsOf(event);
    const of = <T>(rows: Map<string, T>, id: string | undefined) => (id === undefined ? undefined : rows.get(id));
    const signalRow = of(this.signals, needs.signal);
    const ofSignal = signalRow ? follows.signal(signalRow) : {};
    const casefile = needs.casefile ?? ofSignal.casefile?.[0];
    const registers = [needs.register, ofSignal.register?.[0]];
    const visit = of(this.visits, needs.visit);
    const duty = needs.duty ?? (visit && follows.visit(visit).duty[0]);
    const casefileRow = of(this.casefiles, casefile);
    const findingRow = of(this.findings, needs.finding);
    const dutyRow = of(this.duties, duty);
    const signals = new Set([
      needs.signal,
      ...(casefileRow ? follows.casefile(casefileRow).signal : []),
      ...(findingRow ? follows.finding(findingRow).signal : []),
      ...(dutyRow ? follows.duty(dutyRow).signal : []),
      ...registers.flatMap((id) => {
        const row = of(this.registers, id);
        return row ? follows.register(row).signal : [];
      }),
    ]);
    const only =
      <T>(rows: Map<string, T>, isAllowed: (id: string) => boolean) =>
      (id: string) => {
        if (!isAllowed(id)) throw new Error(`${event.kind} read ${id}, which it did not say it needs`);
        return rows.get(id);
      };
    return {
      casefile: only(this.casefiles, (id) => id === casefile),
      signal: only(this.signals, (id) => signals.has(id)),
      duty: only(this.duties, (id) => id === duty),
      draw: only(this.draws, (id) => id === needs.draw),
      visit: only(this.visits, (id) => id === needs.visit),
      camera: only(this.cameras, (id) => id === needs.camera),
      inquiry: only(this.inquiries, (id) => id === needs.inquiry),
      register: only(this.registers, (id) => registers.includes(id)),
      evidence: only(this.evidences, (id) => id === needs.evidence),
      release: only(this.releases, (id) => id === needs.release),
      hold: only(this.holds, (id) => id === needs.hold),
      entry: only(this.entries, (id) => id === needs.entry),
      review: only(this.reviews, (id) => id === needs.review),
      finding: only(this.findings, (id) => id === needs.finding),
      presence: only(this.presences, (id) => id === needs.presence),
    };
  }
}
