import type { Contact } from '../model/contact.ts';
import type { Notice } from '../model/notice.ts';

/** What is sent, however: already in words. */
export interface Message {
  /** The same for every attempt: whoever receives it twice can tell. */
  key: string;
  notice: Notice;
  subject: string;
  text: string;
  /** 70 characters to a short message: what fits into four of them. */
  short: string;
  /** Address of the signal's page, where the hub has a public one. */
  link?: string;
  /** Who is meant, for a channel that has one address for all. */
  recipients: Pick<Contact, 'name' | 'post' | 'account'>[];
}

/** A way out of the house. */
export interface Channel {
  name: 'email' | 'webhook' | 'sms';
  /** Where this contact is reached; undefined where they are not. */
  addressOf(contact: Contact): string | undefined;
  /** One address that hears of every notice. */
  everybody?: string;
  /** Returns when the other side has taken it. Throws `Undelivered`; anything else counts as one that may be tried again. */
  send(address: string, message: Message, signal: AbortSignal): Promise<void>;
  close?(): void;
}

/** Why it was not taken, in words that hold no secret. `isFinal`: the same attempt will fail for ever. */
export class Undelivered extends Error {
  readonly isFinal: boolean;
  constructor(reason: string, isFinal: boolean) {
    super(reason);
    this.name = 'Undelivered';
    this.isFinal = isFinal;
  }
}

/** The longest one attempt may take. */
export const patience = 15_000;
const longestAnswer = 64 * 1024;

/**
 * One HTTP request, never redirected. Throws unless the answer is a 2xx and, where `success` is given, holds that text:
 * gateways like to answer 200 to what they refuse.
 */
export async function request(
  url: string,
  init: { method: string; headers: Record<string, string>; body?: Buffer },
  options: { signal: AbortSignal; success?: string | undefined; decode?: (bytes: Buffer) => string },
): Promise<void> {
  const { body, ...rest } = init;
  let status: number;
  let answer: Buffer;
  try {
    const response = await fetch(url, {
      ...rest,
      ...(body === undefined ? {} : { body: new Uint8Array(body) }),
      redirect: 'manual',
      signal: AbortSignal.any([options.signal, AbortSignal.timeout(patience)]),
    });
    ({ status } = response);
    answer = await bounded(response);
  } catch (error) {
    throw new Undelivered(reasonOf(error), false);
  }
  if (status < 200 || status > 299) {
    const isBusy = status === 408 || status === 425 || status === 429 || status >= 500;
    throw new Undelivered(`answered ${status}`, !isBusy);
  }
  if (options.success !== undefined) {
    const text = options.decode ? options.decode(answer) : answer.toString('utf8');
    if (!text.includes(options.success)) throw new Undelivered('the gateway did not confirm it', false);
  }
}

async function bounded(response: Response): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of response.body ?? []) {
    parts.push(part as Uint8Array);
    length += (part as Uint8Array).length;
    if (length >= longestAnswer) break;
  }
  return Buffer.concat(parts);
}

/** The code of a failed connection says enough; its message may hold an address with a password. */
function reasonOf(error: unknown): string {
  const { name, cause } = error as { name?: string; cause?: { code?: unknown } };
  if (name === 'TimeoutError') return `no answer within ${patience / 1_000} s`;
  return typeof cause?.code === 'string' ? cause.code : (name ?? 'unknown failure');
}
