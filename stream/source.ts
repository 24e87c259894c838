import type { Readable } from 'node:stream';
import { HubError } from '../hub/model/error.ts';
import { pull, type Command } from './args.ts';
import { Boxes, retime } from './boxes.ts';
import { run as runFfmpeg } from './ffmpeg.ts';
import { announce } from './key.ts';
import { fragmentOf, TIMESCALE } from './mux.ts';
import { readAddress, setting } from './rtsp/address.ts';
import { Session } from './rtsp/session.ts';
import { Sounding } from './sounding.ts';

/** One picture as a source hands it over, before it is put on the server's clock. */
export interface SourcePicture {
  key: boolean;
  /** Seconds, as the camera claims. */
  lasts: number;
  /** Seconds of pictures that were lost before it. */
  gap: number;
  /** When it was taken by the camera's own clock, epoch ms, where the camera tells it. */
  cameraAt: number | undefined;
  /** The picture as a fragment with these times (seconds). */
  fragment(time: number, duration: number): Buffer;
}

/** What is told by a source. Both may throw: then the source ends with that reason. */
export interface Ears {
  init: (bytes: Buffer) => void;
  picture: (picture: SourcePicture) => void;
}

/** How a source ended. */
interface Ended {
  /** For people. */
  reason: string;
  /** ffmpeg may do better. */
  unfit: boolean;
  /** The camera opened no session, so it keeps none. */
  unopened?: boolean;
  /** What one more attempt costs: nothing; a process of this machine; or one more wrong password, of which cameras bear few (default). */
  cost?: Cost;
}

export type Cost = 'nothing' | 'process' | 'password';

/** Pictures on their way from one camera: an RTSP session in this process, or an ffmpeg. */
export interface Source {
  /** Process id of its ffmpeg, if it is one that was spawned. */
  readonly pid: number | undefined;
  /** Something of pictures came at this time (epoch ms) although none could be shown; undefined where nobody knows. */
  readonly heardAt: number | undefined;
  /** How often pictures were lost on the way. */
  readonly losses: number;
  /** Resolves when nothing of it is left. */
  ended: Promise<Ended>;
  /** May be called at any time; resolves when nothing of it is left. */
  stop(): Promise<void>;
}

function fromCamera(address: string, ears: Ears): Source {
  let serial = 0;
  let failure: string | undefined;
  const session = new Session(readAddress(address), ({ units, key, init, lasts, gap, cameraAt }) => {
    if (failure !== undefined) return;
    try {
      if (init) ears.init(init);
      ears.picture({
        ...{ key, lasts, gap, cameraAt },
        fragment: (time, duration) => {
          const from = Math.round(time * TIMESCALE);
          return fragmentOf(units, from, Math.round((time + duration) * TIMESCALE) - from, key, ++serial);
        },
      });
    } catch (error) {
      failure = error instanceof Error ? error.message : String(error);
      void session.stop();
    }
  });
  return {
    pid: undefined,
    get heardAt() {
      return session.heardAt;
    },
    get losses() {
      return session.losses;
    },
    ended: session.ended.then(({ reason, unfit, opened, keptOut }) => ({
      reason: failure ?? reason,
      unfit,
      unopened: !opened,
      cost: keptOut ? 'password' : 'nothing',
    })),
    stop: () => session.stop(),
  };
}

type Take = (chunk: Buffer) => void;

/** What an ffmpeg hands over on its pipe, as `take` understands it. */
function fromPipe(command: Command, take: Take, stdin?: Readable): Source {
  let failure: { reason: string; unfit: boolean } | undefined;
  const running = runFfmpeg(command, stdin, (chunk) => {
    if (failure !== undefined) return;
    try {
      take(chunk);
    } catch (error) {
      const unfit = error instanceof HubError && error.code === 'camera.unfit';
      failure = { reason: error instanceof Error ? error.message : String(error), unfit };
      void running.stop();
    }
  });
  return {
    get pid() {
      return running.pid;
    },
    heardAt: undefined,
    losses: 0,
    ended: running.ended.then((said) => failure ?? { reason: said, unfit: false }),
    stop: () => running.stop(),
  };
}

/** Pictures that an ffmpeg makes, of what it reads by itself or from standard input. */
export function fromFfmpeg(command: Command, ears: Ears, stdin?: Readable): Source {
  const boxes = new Boxes();
  let timescale = 0;
  const take = (chunk: Buffer): void => {
    for (const piece of boxes.push(chunk)) {
      if (piece.kind === 'init') {
        timescale = piece.timescale;
        announce(piece.bytes);
        ears.init(piece.bytes);
        continue;
      }
      ears.picture({
        ...{ key: piece.key, lasts: piece.duration / timescale, gap: 0, cameraAt: undefined },
        fragment: (time, duration) => {
          const from = Math.round(time * timescale);
          retime(piece, from, Math.round((time + duration) * timescale) - from);
          return piece.bytes;
        },
      });
    }
  };
  return fromPipe(command, take, stdin);
}

/** Complaints about sound that nothing here can decode. */
const undecodable = /decoder|codec|sample rate|channel layout/i;

/** Pictures with their sound. Where there is none, or it ends, or cannot be had with these pictures, the source is `unfit`. */
function fromSounding(address: string, ears: Ears): Source {
  const sounding = new Sounding(ears);
  const source = fromPipe(pull(address, true), (chunk) => sounding.push(chunk));
  return ending(source, ({ reason, unfit }) => ({
    reason,
    unfit: unfit || (!sounding.begun && undecodable.test(reason)),
  }));
}

/** A source of an ffmpeg with more told of its end. */
const ending = (source: Source, told: (ended: Ended) => Ended): Source => ({
  get pid() {
    return source.pid;
  },
  heardAt: undefined,
  losses: 0,
  ended: source.ended.then(told),
  stop: () => source.stop(),
});

/** A server that wants another password: `Server returned 401 Unauthorized`. */
const keptOut = /\b40[13]\b/;

/** What is pulled by HTTP keeps no session, so it may be asked soon again; `begin` makes the source that is pulled so. */
function fromServer(ears: Ears, begin: (ears: Ears) => Source): Source {
  let opened = false;
  const init = (bytes: Buffer): void => {
    opened = true;
    ears.init(bytes);
  };
  return ending(begin({ ...ears, init }), (ended) => ({
    ...ended,
    unopened: !opened,
    cost: keptOut.test(ended.reason) ? 'password' : 'process',
  }));
}

/**
 * Begins to pull a camera: `rtsp[s]:` by a session of the hub's own, unless `?via=ffmpeg` stands in its address or `unfit` (the camera
 * was found to send what the hub does not carry); everything else by ffmpeg. Throws `HubError('camera.address')`.
 *
 * With `sound` it is always an ffmpeg, because sound comes in a dozen codecs of which browsers play none but AAC; once found `unfit`, the
 * pictures come without.
 */
export function open(address: string, unfit: boolean, sound: boolean, ears: Ears): Source {
  const { value: via, rest } = setting(address, 'via');
  const isRtsp = /^rtsps?:/.test(rest);
  if (isRtsp && via !== 'ffmpeg' && !unfit && !sound) return fromCamera(rest, ears);
  const begin = (told: Ears): Source => (sound && !unfit ? fromSounding(rest, told) : fromFfmpeg(pull(rest), told));
  return /^https?:/.test(rest) ? fromServer(ears, begin) : begin(ears);
}
