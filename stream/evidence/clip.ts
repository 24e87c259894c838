/** Segments → files that play: joined without touching a picture, times from 0. */
import { createHash } from 'node:crypto';
import { Boxes, retime, type Fragment } from '../boxes.ts';
import { follows, type Footage } from './footage.ts';

/** One file of a clip. A hole, a break or another initialization section begins another one. */
export interface Piece {
  bytes: Buffer;
  /** `offset` seconds from the beginning of the file; `sha256` of the segment as it was delivered and recorded. */
  segments: { offset: number; seconds: number; at: number; cameraAt?: number; sha256: string }[];
}

/** A clip of a minute is some seconds' worth of segments; many more pieces than breaks are likely are a broken camera. */
const mostPieces = 60;
const mostBytes = 256 * 1024 * 1024;

/** Reads and joins; a segment whose bytes are gone or damaged is left out, and what cannot be decoded without it. */
export async function join(footage: readonly Footage[], tell: (error: unknown) => void): Promise<Piece[]> {
  const pieces: { init: Buffer; parts: { footage: Footage; bytes: Buffer }[] }[] = [];
  let total = 0;
  for (const each of footage) {
    let read: { init: Buffer; bytes: Buffer };
    try {
      read = await each.read();
    } catch (error) {
      tell(error);
      continue;
    }
    total += read.bytes.length;
    if (total > mostBytes) break;
    const last = pieces.at(-1);
    const goesOn = last && !each.broken && follows(last.parts.at(-1)!.footage, each) && last.init.equals(read.init);
    if (goesOn) last.parts.push({ footage: each, bytes: read.bytes });
    else if (each.independent && pieces.length < mostPieces)
      pieces.push({ init: read.init, parts: [{ footage: each, bytes: read.bytes }] });
  }
  return pieces.map(({ init, parts }) => piece(init, parts));
}

function piece(init: Buffer, parts: readonly { footage: Footage; bytes: Buffer }[]): Piece {
  const boxes = new Boxes();
  const head = boxes.push(init)[0];
  const timescale = head?.kind === 'init' ? head.timescale : 1;
  const chunks: Buffer[] = [init];
  const segments: Piece['segments'] = [];
  let base: number | undefined;
  for (const { footage, bytes } of parts) {
    const fragments = boxes.push(bytes).filter((each): each is Fragment => each.kind === 'fragment');
    const first = fragments[0];
    if (!first) continue;
    base ??= first.time;
    const { at, cameraAt } = footage;
    segments.push({
      offset: (first.time - base) / timescale,
      seconds: fragments.reduce((sum, each) => sum + each.duration, 0) / timescale,
      at: Math.round(at),
      ...(cameraAt === undefined ? {} : { cameraAt: Math.round(cameraAt) }),
      sha256: createHash('sha256').update(bytes).digest('hex'),
    });
    for (const fragment of fragments) {
      retime(fragment, Math.max(0, fragment.time - base), fragment.duration);
      chunks.push(fragment.bytes);
    }
  }
  return { bytes: Buffer.concat(chunks), segments };
}

/** What a decoder needs to show the picture of a moment. */
export interface Shown {
  /** Initialization section and pictures, the wanted one last. */
  mp4: Buffer;
  pictures: number;
  /** The time of the wanted picture by the server's clock, epoch ms. */
  at: number;
  cameraAt?: number;
}

/** The newest picture at or before `at`, else the first one there is. `footage` begins with key pictures. */
export async function pictureAt(footage: readonly Footage[], at: number): Promise<Shown | undefined> {
  const index = Math.max(
    0,
    footage.findLastIndex((each) => each.at <= at),
  );
  let lead = index;
  while (lead > 0 && !footage[lead]!.independent) lead--;
  if (!footage[lead]?.independent) return undefined;
  const boxes = new Boxes();
  const chunks: Buffer[] = [];
  let pictures = 0;
  let shows = footage[lead]!.at;
  let cameraAt: number | undefined;
  for (const each of footage.slice(lead, index + 1)) {
    const { init, bytes } = await each.read();
    if (chunks.length === 0) chunks.push(init);
    const head = boxes.push(init)[0];
    const timescale = head?.kind === 'init' ? head.timescale : 1;
    let passed = 0;
    for (const fragment of boxes.push(bytes)) {
      if (fragment.kind !== 'fragment') continue;
      const time = each.at + passed * 1000;
      if (pictures > 0 && time > at) break;
      shows = time;
      cameraAt = each.cameraAt === undefined ? undefined : each.cameraAt + passed * 1000;
      passed += fragment.duration / timescale;
      chunks.push(fragment.bytes);
      pictures++;
    }
  }
  if (pictures === 0) return undefined;
  return {
    mp4: Buffer.concat(chunks),
    pictures,
    at: Math.round(shows),
    ...(cameraAt === undefined ? {} : { cameraAt: Math.round(cameraAt) }),
  };
}
