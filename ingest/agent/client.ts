/** One POST to the hub's door, bounded in time and in bytes. */
import { readFileSync } from 'node:fs';
import {
  Agent as PlainAgent,
  request as plainRequest,
  type IncomingMessage,
  type OutgoingHttpHeaders,
} from 'node:http';
import { Agent as SafeAgent, request as safeRequest } from 'node:https';
import { HubError } from '../../hub/model/error.ts';

const longestAnswer = 4 * 2 ** 20;

export interface Answered {
  status: number;
  text: string;
  /** The `Date` of the answer, and the middle between asking and hearing, both epoch milliseconds. */
  date: number | undefined;
  heard: number;
  retryAfterMs: number;
}

/** The one door an agent knocks at. */
export const doorPath = '/api/ingest/events';

export class Client {
  readonly #url: URL;
  readonly #timeoutMs: number;
  readonly #now: () => number;
  readonly #agent: PlainAgent | SafeAgent;

  constructor(options: { address: string; certificates?: string | undefined; timeoutMs: number; now: () => number }) {
    this.#url = new URL(doorPath, options.address);
    this.#timeoutMs = options.timeoutMs;
    this.#now = options.now;
    // One connection: the batches go one after the other anyway.
    const usual = { keepAlive: true, maxSockets: 1, timeout: 60_000 };
    this.#agent =
      this.#url.protocol === 'https:'
        ? new SafeAgent({ ...usual, ...(options.certificates ? { ca: readFileSync(options.certificates) } : {}) })
        : new PlainAgent(usual);
  }

  /** Throws `HubError('hub.slow')` when there was no whole answer in time, and what the network throws. */
  async post(body: Buffer, headers: OutgoingHttpHeaders, signal: AbortSignal): Promise<Answered> {
    const slow = AbortSignal.timeout(this.#timeoutMs);
    const asked = this.#now();
    try {
      const response = await this.#send(body, headers, AbortSignal.any([signal, slow]));
      const heard = (asked + this.#now()) / 2;
      const text = await textOf(response);
      const date = Date.parse(response.headers.date ?? '');
      const after = Number(response.headers['retry-after'] ?? 0);
      return {
        status: response.statusCode ?? 0,
        text,
        date: Number.isNaN(date) ? undefined : date,
        heard,
        retryAfterMs: after > 0 ? Math.min(after, 3_600) * 1_000 : 0,
      };
    } catch (error) {
      if (slow.aborted && !signal.aborted)
        throw new HubError('hub.slow', `no whole answer within ${this.#timeoutMs / 1_000} s`, { cause: error });
      throw error;
    }
  }

  close(): void {
    this.#agent.destroy();
  }

  #send(body: Buffer, headers: OutgoingHttpHeaders, signal: AbortSignal): Promise<IncomingMessage> {
    const send = this.#url.protocol === 'https:' ? safeRequest : plainRequest;
    return new Promise((resolve, reject) => {
      const request = send(
        this.#url,
        { method: 'POST', agent: this.#agent, headers: { ...headers, 'content-length': body.length }, signal },
        resolve,
      );
      request.once('error', reject);
      request.end(body);
    });
  }
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > longestAnswer) throw new HubError('hub.answer', `an answer of more than ${longestAnswer} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
