import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Counter, Gauge } from 'prom-client';
import type { CameraState } from '../../hub/model/event.ts';
import { open, slack, usualKeeping, type GapCause, type RecordingState } from '../../hub/model/recording.ts';
import { metrics } from '../../hub/platform/metrics.ts';
import type { Context } from '../../hub/platform/part.ts';
import type { Segment } from '../window.ts';
import { beat, lastBeat, markDown } from './down.ts';
import { Index } from './index.ts';
import { Recordings } from './read.ts';
import { repair } from './repair.ts';
import { Retention } from './retention.ts';
import { Writer, type Stopped, type WriterOptions } from './write.ts';

export interface RecordingOptions {
  /** Milliseconds between two rounds of retention. Default 30,000. */
  roundMs?: number | undefined;
  bounds?: WriterOptions['bounds'] | undefined;
}

/** What is known of a camera between two of its segments. */
interface Track {
  /** Where its newest segment ends, epoch ms; undefined when it was let go since. */
  until: number | undefined;
  /** A gap that lasts. */
  gap: { from: number; cause: GapCause } | undefined;
}

/** Cameras that are recorded always are asked for so often, which is more often than they would be let go… */
const ASK_MS = 5_000;
/** …but so many new ones at a time: cameras, the network and this machine start one after the other. */
const AT_ONCE = 4;
/** A hall's files must be closed before one of them can go. */
const SOON_MS = 200;

const segments = new Counter({
  name: 'hallwatch_recording_segments_total',
  help: 'Segments written to the recording.',
  registers: [metrics],
});
const bytes = new Counter({
  name: 'hallwatch_recording_bytes_total',
  help: 'Bytes of video written to the recording.',
  registers: [metrics],
});
const dropped = new Counter({
  name: 'hallwatch_recording_dropped_total',
  help: 'Segments that were not recorded because the disk was too slow, full or broken; each is a gap.',
  registers: [metrics],
});
const waiting = new Gauge({
  name: 'hallwatch_recording_waiting_bytes',
  help: 'Bytes that wait to be written to the recording.',
  registers: [metrics],
});
const stoppedHalls = new Gauge({
  name: 'hallwatch_recording_stopped_halls',
  help: 'Halls whose recording is stopped because the disk is full or broken.',
  registers: [metrics],
});

/** 录像: closed segments → files and index; retention; repair after a crash. Live never waits for any of it. */
export class Recording {
  readonly recordings: Recordings;
  readonly #context: Context;
  readonly #folder: string;
  readonly #index: Index;
  readonly #writer: Writer;
  readonly #retention: Retention;
  readonly #tracks = new Map<string, Track>();
  readonly #urgent = new Set<string>();
  readonly #roundMs: number;
  readonly #counted = { segments: 0, bytes: 0, dropped: 0 };
  /** Cameras that are recorded always and sent nothing since the start, with its time. */
  readonly #missed = new Map<string, number>();
  #timers: NodeJS.Timeout[] = [];
  #round: Promise<void> | undefined;
  #repair: Promise<unknown> = Promise.resolve();
  /** Files of earlier runs have smaller ids. */
  readonly #began = Date.now() * 1000;
  #full = new Set<string>();
  #stopped = false;

  constructor(context: Context, { roundMs = 30_000, bounds }: RecordingOptions = {}) {
    const { settings, store, log } = context;
    const { free, ...limits } = { ...usualKeeping, ...settings.recording };
    this.#context = context;
    this.#folder = join(settings.dataDir, 'recording');
    this.#roundMs = roundMs;
    this.recordings = new Recordings(store, settings.dataDir);
    this.#index = new Index(store, log);
    this.#writer = new Writer({
      folder: this.#folder,
      index: this.#index,
      changed: (hall, stopped) => this.#say(hall, stopped),
      refused: (hall) => {
        this.#urgent.add(hall);
        setTimeout(() => void this.#keep(), SOON_MS).unref();
      },
      ...(bounds ? { bounds } : {}),
    });
    this.#retention = new Retention({ store, folder: this.#folder, limits, free, log });
  }

  /** `ask` pulls a camera. Repairs what an earlier run left while the new recording runs already. */
  async start(ask: (camera: string) => void): Promise<void> {
    const { store, world, log } = this.#context;
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const start = Date.now();
    const beaten = await lastBeat(this.#folder);
    const since = beaten !== undefined && beaten < start ? beaten : undefined;
    await this.#beat();
    // What lasted when the hub ended is over, but for what a person switched off.
    await store.query(
      `update recording_gap set to_at = greatest(from_at, $1) where to_at = $2 and cause <> 'disabled'`,
      [since ?? start, open],
    );
    const off = await store.query<{ camera: string; from: number; cause: GapCause }>(
      'select camera, from_at as "from", cause from recording_gap where to_at = $1',
      [open],
    );
    for (const { camera, ...gap } of off) this.#track(camera).gap = gap;
    const { cameras } = world();
    const before = this.#began;
    this.#repair = repair({ store, folder: this.#folder, index: this.#index, cameras, before, log })
      .then(
        () => undefined,
        (error: unknown) => log.error({ err: error }, 'recordings were not compared with their index'),
      )
      .then(() => (since === undefined ? undefined : markDown(store, since, start, before)))
      .catch((error: unknown) => log.error({ err: error }, 'it was not written down that the hub did not run'));
    if (since !== undefined)
      for (const { id, enabled, recording } of cameras.values())
        if (enabled && recording === 'always') this.#missed.set(id, start);
    this.#timers = [
      setInterval(() => this.#ask(ask), ASK_MS),
      setInterval(() => this.#count(), 1000),
      setInterval(() => void this.#beat(), 1000),
      setInterval(() => void this.#keep(), this.#roundMs),
    ];
    this.#ask(ask);
  }

  /** A segment of a camera closed. */
  take(camera: string, segment: Segment, init: Buffer): void {
    const record = this.#context.world().cameras.get(camera);
    if (!record || record.recording === 'off') return this.#letGo(camera, Date.now());
    const track = this.#track(camera);
    const end = segment.at + segment.duration * 1000;
    const hole = track.until === undefined ? 0 : segment.at - track.until;
    this.#back(camera, segment.at);
    // What was still open when the picture stood still closes late, and takes the gap back: it begins behind that.
    if (track.gap) this.#index.gap(camera, { ...track.gap, to: segment.at });
    else if (hole > slack) this.#index.gap(camera, { from: track.until!, to: segment.at, cause: 'offline' });
    track.gap = undefined;
    const goesOn = track.until !== undefined && Math.abs(hole) <= slack;
    track.until = end;
    this.#writer.take({
      camera,
      hall: record.hall,
      at: segment.at,
      duration: segment.duration,
      cameraAt: segment.cameraAt,
      independent: segment.parts[0]?.independent ?? false,
      broken: segment.discontinuity || !goesOn,
      bytes: segment.bytes,
      init,
    });
  }

  /** A camera's state changed, which tells why nothing is recorded. */
  changed(camera: string, state: CameraState, at: number): void {
    const record = this.#context.world().cameras.get(camera);
    const track = this.#track(camera);
    if (record?.enabled === false) this.#begin(camera, track, 'disabled', at);
    else if (state === 'idle' || record?.recording === 'off') this.#letGo(camera, at);
    else if (state === 'stalled' || state === 'offline') this.#begin(camera, track, 'offline', at);
  }

  /** Writes the index of all that is on the disk now. */
  flush(): Promise<void> {
    return this.#index.flush();
  }

  /** For the page of the system. */
  state(): RecordingState {
    return {
      ...this.#writer.counts,
      waiting: this.#writer.waiting,
      stopped: [...this.#writer.stopped].map(([hall, { cause, since, detail }]) => ({ hall, cause, since, detail })),
    };
  }

  /** After the cameras have stopped: what waits is written. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const timer of this.#timers) clearInterval(timer);
    await this.#repair;
    await this.#round;
    const now = Date.now();
    for (const camera of this.#tracks.keys())
      if (this.#track(camera).gap?.cause !== 'disabled') this.#letGo(camera, now);
    await this.#writer.stop();
    await this.#index.stop();
    await this.#beat();
    this.#count();
  }

  #track(camera: string): Track {
    let track = this.#tracks.get(camera);
    if (!track) this.#tracks.set(camera, (track = { until: undefined, gap: undefined }));
    return track;
  }

  /** A gap begins that lasts until the next segment. */
  #begin(camera: string, track: Track, cause: GapCause, at: number): void {
    if (track.gap?.cause === cause) return;
    this.#back(camera, at);
    if (track.gap) this.#index.gap(camera, { ...track.gap, to: at });
    track.gap = { from: Math.round(Math.max(track.until ?? at, track.gap?.from ?? 0)), cause };
    if (track.until === undefined) track.gap.from = Math.round(at);
    this.#index.gap(camera, { ...track.gap, to: open });
  }

  /** The first that is heard of a camera since the start: until then, nothing was recorded because the hub came back. */
  #back(camera: string, at: number): void {
    const from = this.#missed.get(camera);
    if (from !== undefined && at > from) this.#index.gap(camera, { from, to: at, cause: 'hubDown' });
    this.#missed.delete(camera);
  }

  async #beat(): Promise<void> {
    await beat(this.#folder).catch((error: unknown) =>
      this.#context.log.warn({ err: error }, 'the folder of recordings is not there'),
    );
  }

  /** Nobody wants it recorded any more. */
  #letGo(camera: string, at: number): void {
    const track = this.#tracks.get(camera);
    if (!track) return;
    if (track.gap) this.#index.gap(camera, { ...track.gap, to: at });
    track.gap = undefined;
    track.until = undefined;
    this.#writer.close(camera);
  }

  #ask(ask: (camera: string) => void): void {
    let fresh = 0;
    for (const { id, enabled, recording } of this.#context.world().cameras.values()) {
      if (!enabled || recording !== 'always') continue;
      const isKnown = this.#tracks.has(id);
      if (!isKnown && ++fresh > AT_ONCE) continue;
      this.#track(id);
      ask(id);
    }
    this.#writer.closeIdle();
  }

  #count(): void {
    const { counts } = this.#writer;
    segments.inc(counts.segments - this.#counted.segments);
    bytes.inc(counts.bytes - this.#counted.bytes);
    dropped.inc(counts.dropped - this.#counted.dropped);
    Object.assign(this.#counted, counts);
    waiting.set(this.#writer.waiting);
    stoppedHalls.set(this.#writer.stopped.size);
  }

  /** One round of retention, and another at once where a hall met a full disk meanwhile. */
  async #keep(): Promise<void> {
    if (this.#round || this.#stopped) return;
    this.#round = this.#roundNow().finally(() => (this.#round = undefined));
    await this.#round;
    if (this.#urgent.size > 0) setTimeout(() => void this.#keep(), 1000).unref();
  }

  async #roundNow(): Promise<void> {
    const { log } = this.#context;
    const urgent = new Set(this.#urgent);
    try {
      // Files that were closed just now may be all that can go.
      await this.#index.flush();
      const round = await this.#retention.round(urgent);
      for (const hall of urgent) this.#urgent.delete(hall);
      for (const hall of this.#writer.stopped.keys()) {
        if (round.full.has(hall)) continue;
        if (this.#full.delete(hall) || round.files > 0) this.#writer.retry(hall);
      }
      for (const [hall, why] of round.full) {
        this.#full.add(hall);
        this.#writer.stopHall(hall, why);
      }
      if (round.files > 0)
        log.info({ files: round.files, bytes: round.bytes }, 'recordings whose time or room is over were removed');
    } catch (error) {
      log.warn({ err: error }, 'a round of retention failed; again');
    }
  }

  /** A hall's recording stopped or goes on: an event, because what is missing must be answered for. */
  #say(hall: string, stopped: Stopped | undefined): void {
    const { log, world, bus } = this.#context;
    if (stopped) log.error({ hall, cause: stopped.cause, detail: stopped.detail }, 'recording stopped');
    else log.info({ hall }, 'recording goes on');
    const region = world().halls.get(hall)?.region;
    if (region === undefined) return;
    bus
      .publish({
        kind: 'recording.changed',
        id: randomUUID(),
        region,
        source: 'stream',
        occurredAt: Date.now(),
        hall,
        state: stopped ? 'stopped' : 'running',
        ...(stopped ? { cause: stopped.cause, detail: stopped.detail } : {}),
      })
      .catch((error: unknown) => log.warn({ hall, err: error }, 'the log did not take a change of the recording'));
  }
}
