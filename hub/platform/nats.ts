import type { NatsConnection } from '@nats-io/transport-node';
import type { JetStreamClient, JetStreamManager } from '@nats-io/jetstream';
import type { Event } from '../model/event.ts';
import type { LiveMessage } from '../model/live.ts';

/** What the recorder said of an event: committed, or refused by the rules of its state (kept in the archive as refused). */
export type Verdict = { ok: true; position: number } | { ok: false; field: string; reason: string };

/** Something that could not become an event: kept under `refused.<source>` with its bytes. */
export interface Refusal {
  source: string;
  /** Line of a file or index in a request, from 1 for lines and 0 for indexes. */
  place: string;
  field: string;
  reason: string;
  /** The input as it came, at most 64 KiB of it. */
  bytes: Uint8Array;
}

/** The log (JetStream stream `EVENTS`, subjects `event.>`), refusals (`REFUSED`, `refused.>`) and live messages. */
export interface Bus {
  readonly connection: NatsConnection;
  readonly jetstream: JetStreamClient;
  readonly manager: JetStreamManager;
  /** Resolves once the log has stored it (`Nats-Msg-Id` is the event id). Goes on trying while the server is away, for at most `patienceMs` (default 30,000), then throws `HubError('log.away')`; the caller may repeat safely. */
  publish(event: Event, options?: { patienceMs?: number }): Promise<{ duplicate: boolean }>;
  /** The same for many, at most 256 in flight; resolves when all are stored. */
  publishAll(events: readonly Event[], options?: { patienceMs?: number }): Promise<{ stored: number; duplicates: number }>;
  refuse(refusal: Refusal): Promise<void>;
  /** Publishes a person's command and waits for the recorder's verdict on its id. Throws `HubError('recorder.away')` after `waitMs` (default 5,000); serve answers 503. */
  command(event: Event, options?: { waitMs?: number }): Promise<Verdict>;
  /** Recorder only: announces verdicts (`verdict.<id>`, core NATS) after the commit. */
  announce(id: string, verdict: Verdict): void;
  /** Recorder only: `live.<region>`; core NATS, no history: whoever missed it reads the store by position. */
  publishLive(region: string, message: LiveMessage): void;
  /** Calls back for every live message of every region until the returned function is called. */
  onLive(listen: (region: string, message: LiveMessage) => void): () => void;
  /** Request and reply between parts, for example `stream.snapshot`; JSON in and out. The answer of a handler that throws is a rejected promise here. */
  ask<Answer>(subject: string, question: unknown, timeoutMs: number): Promise<Answer>;
  answer<Question>(subject: string, handle: (question: Question) => Promise<unknown>): () => void;
  close(): Promise<void>;
}
