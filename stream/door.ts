import type { Identity } from '../hub/model/rights.ts';
import { may } from '../hub/model/rights.ts';
import type { ViewEnd } from '../hub/model/video.ts';
import type { Camera } from './camera.ts';
import type { Cameras } from './cameras.ts';
import type { Deliveries } from './deliveries.ts';
import { Leases, type Asked, type Lease, type LeaseBounds } from './lease.ts';
import { Proofs, type Claim } from './proofs.ts';

export interface DoorOptions {
  cameras: Pick<Cameras, 'find'>;
  deliveries: Pick<Deliveries, 'add'>;
  bounds?: LeaseBounds | undefined;
}

/** What somebody wants to watch, and how. */
export type Wanted = Omit<Asked, 'session'>;

/** A camera that may be watched now, and the lease by which. */
export interface View {
  ok: true;
  lease: Lease;
  camera: Camera;
}

/** `session`: it has ended; `right`: 403; `camera`: there is none, or it is switched off; `expired`: no lease; `bounds`: too many. */
export interface Closed {
  ok: false;
  reason: Extract<ViewEnd, 'session' | 'right' | 'camera' | 'expired' | 'bounds'>;
}

const sweepEveryMs = 1_000;
/** Who somebody is, is remembered for some seconds where a session was looked up: the ended ones are remembered for longer. */
const endedKeptMs = 15_000;
const mostEnded = 10_000;

const closed = (reason: Closed['reason']): Closed => ({ ok: false, reason });

/**
 * The one door through which pictures leave, whatever carries them: it grants leases by right, ends them at once with
 * what they were granted for, and writes down what was delivered (SC-11), so that every carrier is verified alike.
 */
export class Door {
  readonly #cameras: DoorOptions['cameras'];
  readonly #deliveries: DoorOptions['deliveries'];
  readonly #leases: Leases;
  readonly #proofs = new Proofs();
  readonly #ends = new Map<Lease, (why: ViewEnd) => void>();
  /** Sessions that ended, and when. */
  readonly #ended = new Map<string, number>();
  readonly #timer: NodeJS.Timeout;

  constructor({ cameras, deliveries, bounds }: DoorOptions) {
    this.#cameras = cameras;
    this.#deliveries = deliveries;
    this.#leases = new Leases((lease, why) => {
      this.#ends.get(lease)?.(why);
      this.#ends.delete(lease);
    }, bounds);
    this.#timer = setInterval(() => this.#sweep(), sweepEveryMs);
  }

  /** Leases that are held now. */
  get views(): number {
    return this.#leases.size;
  }

  /** Opens the view, or renews it. `ended` is told once when it is over, whatever ends it. */
  open(who: Identity, asked: Wanted, ended?: (why: ViewEnd) => void): View | Closed {
    const found = this.#look(who, asked);
    if (!found.ok) return found;
    const lease = this.#leases.open({ ...asked, session: who.session }, Date.now());
    if (!lease) return closed('bounds');
    if (ended) this.#ends.set(lease, ended);
    found.camera.ask();
    return { ok: true, lease, camera: found.camera };
  }

  /** Renews a view that was opened before; a lease that expired or is somebody else's is none. */
  use(who: Identity, asked: Wanted): View | Closed {
    const found = this.#look(who, asked);
    if (!found.ok) return found;
    const lease = this.#leases.use({ ...asked, session: who.session }, Date.now());
    if (!lease) return closed('expired');
    found.camera.ask();
    return { ok: true, lease, camera: found.camera };
  }

  /** False, and the view is over, when nobody renewed it or the camera was switched off meanwhile. */
  isOpen(lease: Lease): boolean {
    if (!this.#leases.isHeld(lease, Date.now())) this.#leases.end(lease, 'expired');
    else if (!this.#cameras.find(lease.camera, lease.quality)) this.#leases.end(lease, 'camera');
    else return true;
    return false;
  }

  /** `bytes` of programme time `from` to `to` (epoch ms) are on their way to the viewer, who can show from now on that they came. */
  sent({ session, camera }: Lease, bytes: Uint8Array, from: number, to: number): void {
    this.#proofs.note(session, camera, bytes, { from, to }, Date.now());
  }

  /** What of the parts that a page of the session says it has was sent to the session, by camera. */
  proven(session: string, claims: readonly Claim[]): ReturnType<Proofs['spans']> {
    return this.#proofs.spans(session, claims);
  }

  /** Media of programme time `from` to `to` (epoch ms) reached the viewer. */
  delivered({ session, camera }: Lease, from: number, to: number): void {
    this.#deliveries.add({ session, camera, from, to, at: Date.now() });
  }

  end(lease: Lease, why: ViewEnd): void {
    this.#leases.end(lease, why);
  }

  /** The session was closed by its owner: nothing leaves for it from now on. */
  endSession(session: string): void {
    this.#ended.delete(session);
    if (this.#ended.size >= mostEnded) this.#ended.delete(this.#ended.keys().next().value!);
    this.#ended.set(session, Date.now());
    this.#leases.endSession(session);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#leases.sweep(Infinity, () => 'camera');
  }

  #look(who: Identity, { camera: id, quality }: Wanted): { ok: true; camera: Camera } | Closed {
    if (this.#ended.has(who.session)) return closed('session');
    // A camera of somebody else's region does not exist for them to find out about.
    if (!may(who, 'video.watch')) return closed('right');
    const placed = this.#cameras.find(id, quality);
    if (!placed) return closed('camera');
    if (!may(who, 'video.watch', placed.place)) return closed('right');
    return { ok: true, camera: placed.camera };
  }

  #sweep(): void {
    const now = Date.now();
    this.#proofs.sweep(now);
    for (const [session, at] of this.#ended) if (now - at > endedKeptMs) this.#ended.delete(session);
    this.#leases.sweep(now, ({ camera, quality }) => (this.#cameras.find(camera, quality) ? undefined : 'camera'));
  }
}
