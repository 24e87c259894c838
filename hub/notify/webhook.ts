import { createHmac } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { isNobodys } from '../platform/address.ts';
import type { NotifySettings } from '../platform/part.ts';
import { request, Undelivered, type Channel } from './channel.ts';

/**
 * HTTP POST of JSON. `X-Hallwatch-Signature: sha256=<hex>` is the HMAC-SHA256 over `<X-Hallwatch-Timestamp>.<body>`, so the
 * receiver can refuse what is not ours and what is old.
 */
export function webhook(
  { url, secret }: NonNullable<NotifySettings['webhook']>,
  now: () => number = Date.now,
): Channel {
  return {
    name: 'webhook',
    addressOf: (contact) => contact.webhook,
    ...(url === undefined ? {} : { everybody: url }),
    async send(address, message, signal) {
      await checkReceiver(address);
      const { notice } = message;
      const body = Buffer.from(
        JSON.stringify({
          id: message.key,
          kind: notice.kind,
          audience: notice.audience,
          at: new Date(notice.at).toISOString(),
          region: notice.region,
          signal: notice.signal,
          level: notice.level,
          title: { zh: notice.titleZh, en: notice.titleEn },
          message: { zh: notice.messageZh, en: notice.messageEn },
          text: message.text,
          recipients: message.recipients,
          ...(notice.hall === undefined ? {} : { hall: notice.hall }),
          ...(notice.department === undefined ? {} : { department: notice.department }),
          ...(notice.correctBy === undefined ? {} : { correctBy: new Date(notice.correctBy).toISOString() }),
          ...(notice.trial ? { trial: true } : {}),
          ...(message.link === undefined ? {} : { link: message.link }),
        }),
      );
      const timestamp = String(Math.floor(now() / 1_000));
      const headers = {
        'content-type': 'application/json',
        'user-agent': 'hallwatch',
        'idempotency-key': message.key,
        'x-hallwatch-timestamp': timestamp,
        'x-hallwatch-signature': `sha256=${createHmac('sha256', secret).update(`${timestamp}.`).update(body).digest('hex')}`,
      };
      await request(address, { method: 'POST', headers, body }, { signal });
    },
  };
}

/** What an administrator types must not make the hub ask what answers to this machine or its cloud alone. */
async function checkReceiver(address: string): Promise<void> {
  const host = new URL(address).hostname.replaceAll(/[[\]]/g, '');
  // A name that nobody knows is told of by the request itself.
  const found = await lookup(host, { all: true }).catch(() => []);
  if (found.some((each) => isNobodys(each.address)))
    throw new Undelivered('the address is none at which notices are received', true);
}
