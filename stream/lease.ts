import type { Quality, ViewEnd } from '../hub/model/video.ts';

/** How the pictures reach the viewer. */
export type Transport = 'http' | 'socket' | 'relay';

/** One viewer of one camera: it must be renewed by use, and ends with what it was granted for. */
export interface Lease {
  /** The session it was granted to, or the name of a relay. */
  readonly session: string;
  readonly camera: string;
  readonly quality: Quality;
  readonly transport: Transport;
  /** Tells several viewers of one session apart, where each has a connection of its own. */
  readonly viewer?: string | undefined;
  /** Valid before this moment, epoch ms. */
  until: number;
}

export type Asked = Pick<Lease, 'session' | 'camera' | 'quality' | 'transport' | 'viewer'>;

export interface LeaseBounds {
  /** Milliseconds a lease lasts without use. Default 30,000. */
  lastsMs?: number;
  /** Leases a session may hold. Default 40: two walls of sixteen tiles, and those they have just left. */
  perSession?: number;
  /** Leases of one camera, in all qualities. Default 500. */
  perCamera?: number;
}

const keyOf = ({ session, camera, quality, transport, viewer = '' }: Asked): string =>
  `${session} ${transport} ${viewer} ${quality} ${camera}`;

/** Who watches what at this moment. Knows no clock: the caller says what time it is. */
export class Leases {
  readonly #lastsMs: number;
  readonly #perSession: number;
  readonly #perCamera: number;
  readonly #byKey = new Map<string, Lease>();
  readonly #bySession = new Map<string, Set<Lease>>();
  readonly #byCamera = new Map<string, Set<Lease>>();
  readonly #ended: (lease: Lease, why: ViewEnd) => void;

  /** `ended` is told of each lease that is over, whoever ended it. */
  constructor(ended: (lease: Lease, why: ViewEnd) => void = () => {}, bounds: LeaseBounds = {}) {
    this.#ended = ended;
    this.#lastsMs = bounds.lastsMs ?? 30_000;
    this.#perSession = bounds.perSession ?? 40;
    this.#perCamera = bounds.perCamera ?? 500;
  }

  get size(): number {
    return this.#byKey.size;
  }

  /** Renews the lease of this viewer, or makes one; undefined where a bound is reached. */
  open(asked: Asked, now: number): Lease | undefined {
    const held = this.use(asked, now);
    if (held) return held;
    const { session, camera } = asked;
    const [own, all] = [setOf(this.#bySession, session), setOf(this.#byCamera, camera)];
    // What nobody renewed takes nobody's place.
    for (const each of [...own, ...all]) if (each.until <= now) this.end(each, 'expired');
    if (own.size >= this.#perSession || all.size >= this.#perCamera) {
      drop(this.#bySession, session);
      drop(this.#byCamera, camera);
      return undefined;
    }
    const lease: Lease = { ...asked, until: now + this.#lastsMs };
    this.#byKey.set(keyOf(lease), lease);
    setOf(this.#bySession, session).add(lease);
    setOf(this.#byCamera, camera).add(lease);
    return lease;
  }

  /** Renews the lease of this viewer; undefined when it has none any more. */
  use(asked: Asked, now: number): Lease | undefined {
    const held = this.#byKey.get(keyOf(asked));
    if (!held) return undefined;
    if (held.until <= now) {
      this.end(held, 'expired');
      return undefined;
    }
    held.until = now + this.#lastsMs;
    return held;
  }

  isHeld(lease: Lease, now: number): boolean {
    return this.#byKey.get(keyOf(lease)) === lease && lease.until > now;
  }

  end(lease: Lease, why: ViewEnd): void {
    if (this.#byKey.get(keyOf(lease)) !== lease) return;
    this.#byKey.delete(keyOf(lease));
    this.#bySession.get(lease.session)?.delete(lease);
    this.#byCamera.get(lease.camera)?.delete(lease);
    drop(this.#bySession, lease.session);
    drop(this.#byCamera, lease.camera);
    this.#ended(lease, why);
  }

  endSession(session: string): void {
    for (const lease of [...(this.#bySession.get(session) ?? [])]) this.end(lease, 'session');
  }

  /** Ends what nobody renewed, and what `refused` gives a reason for. */
  sweep(now: number, refused: (lease: Lease) => ViewEnd | undefined): void {
    for (const lease of [...this.#byKey.values()]) {
      const why = lease.until <= now ? 'expired' : refused(lease);
      if (why) this.end(lease, why);
    }
  }
}

function setOf(sets: Map<string, Set<Lease>>, key: string): Set<Lease> {
  const known = sets.get(key);
  if (known) return known;
  const made = new Set<Lease>();
  sets.set(key, made);
  return made;
}

/** An empty set is not kept: names that were asked for once must not fill the memory. */
function drop(sets: Map<string, Set<Lease>>, key: string): void {
  if (sets.get(key)?.size === 0) sets.delete(key);
}
