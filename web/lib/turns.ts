/**
 * Tiles take turns to start. A browser opens six HTTP/1.1 connections to a host: with sixteen tiles starting at once nothing
 * else would get through.
 */
const atOnce = 3;
/** A start that hangs gives its place away after this, milliseconds. */
const longest = 6_000;

let running = 0;
const waiting: (() => void)[] = [];

export interface Turn {
  begun: Promise<void>;
  /** Gives the place to the next one; may be called twice, and before the turn has begun. */
  end: () => void;
}

/** `urgent`: the picture somebody asked for waits for nobody. */
export function startTurn(urgent = false): Turn {
  let isOver = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let begin: () => void = () => {};
  const begun = new Promise<void>((resolve) => {
    begin = () => {
      running += 1;
      timer = setTimeout(end, longest);
      resolve();
    };
  });
  function end(): void {
    if (isOver) return;
    isOver = true;
    clearTimeout(timer);
    const place = waiting.indexOf(begin);
    if (place >= 0) {
      waiting.splice(place, 1);
      begin();
      running -= 1;
      clearTimeout(timer);
      return;
    }
    running -= 1;
    if (running < atOnce) waiting.shift()?.();
  }
  if (urgent || running < atOnce) begin();
  else waiting.push(begin);
  return { begun, end };
}
