import { PassThrough } from 'node:stream';
import { HubError } from '../hub/model/error.ts';
import { transcoding } from './args.ts';
import type { Camera } from './camera.ts';
import { fromFfmpeg, type Ears, type Source } from './source.ts';

const WIDTH = 1280;
const FIRST_MS = 8_000;
/** What waits for the encoder; more means that this machine cannot keep up. */
const MOST_WAITING = 8 * 1024 * 1024;
/** Programme time that jumps so far is another run of the camera. */
const JUMP_MS = 1_000;
const ASK_MS = 1_000;

/** Waits for pictures of the camera that is to be transcoded; throws `camera.away` when there are none. */
export async function pictureOf(main: Camera): Promise<void> {
  main.ask();
  if (!(await main.first(() => main.window.fromKey !== undefined, FIRST_MS)))
    throw new HubError('camera.away', main.detail ?? 'no picture came that could be transcoded');
}

/** H.264 of a camera's pictures, made of those that the hub has anyway: the camera itself is asked for nothing more. */
export function transcode(main: Camera, ears: Ears): Source {
  const start = main.window.fromKey;
  if (!start) throw new HubError('camera.away', 'no picture came that could be transcoded');
  const stdin = new PassThrough({ highWaterMark: MOST_WAITING });
  const source = fromFfmpeg(transcoding(WIDTH), ears, stdin);
  let reason: string | undefined;
  const end = (why: string): void => {
    reason ??= why;
    void source.stop();
  };
  stdin.on('error', () => undefined);
  stdin.write(start.init);
  for (const { bytes } of start.pictures) stdin.write(bytes);
  const last = start.pictures.at(-1)!;
  let edge = last.at + last.duration * 1000;
  const unfollow = main.window.follow((piece, init) => {
    // Another size, or another run with times of its own: begun anew.
    const isNext = Math.abs(piece.at - edge) < JUMP_MS;
    edge = piece.at + piece.duration * 1000;
    if (init !== start.init || !isNext) end('the pictures to be transcoded changed');
    else if (stdin.writableLength + stdin.readableLength > MOST_WAITING)
      end('this machine cannot keep up with transcoding');
    else stdin.write(piece.bytes);
  });
  const asking = setInterval(() => main.ask(), ASK_MS);
  const ended = source.ended.then((said) => {
    unfollow();
    clearInterval(asking);
    stdin.destroy();
    return reason === undefined ? said : { ...said, reason };
  });
  return {
    get pid() {
      return source.pid;
    },
    heardAt: undefined,
    losses: 0,
    ended,
    stop: async () => {
      await source.stop();
      await ended;
    },
  };
}
