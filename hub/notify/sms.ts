import iconv from 'iconv-lite';
import type { NotifySettings } from '../platform/part.ts';
import { request, type Channel } from './channel.ts';

type Settings = NonNullable<NotifySettings['sms']>;

/** Short messages by any HTTP gateway: `{mobile}`, `{text}` and `{id}` stand in its address and in its body. */
export function sms({ url, method, headers, body, charset, success }: Settings): Channel {
  return {
    name: 'sms',
    addressOf: (contact) => contact.mobile,
    async send(mobile, message, signal) {
      const values = { mobile: mobile.replaceAll('-', ''), text: message.short, id: message.key };
      const type = contentType(headers);
      await request(
        fill(url, values, (text) => percent(text, charset)),
        {
          method,
          headers: { 'user-agent': 'hallwatch', 'idempotency-key': message.key, ...headers },
          ...(body === undefined ? {} : { body: iconv.encode(fill(body, values, escapeFor(type, charset)), charset) }),
        },
        { signal, success, decode: (bytes) => iconv.decode(bytes, charset) },
      );
    },
  };
}

const fill = (template: string, values: Record<string, string>, escape: (text: string) => string): string =>
  template.replaceAll(/\{(mobile|text|id)\}/g, (_, name: string) => escape(values[name]!));

function contentType(headers: Record<string, string>): string {
  const found = Object.entries(headers).find(([name]) => name.toLowerCase() === 'content-type')?.[1];
  return found?.split(';')[0]!.trim().toLowerCase() ?? '';
}

/** What is filled in must not end the text it stands in. */
function escapeFor(type: string, charset: Settings['charset']): (text: string) => string {
  if (type.endsWith('json')) return (text) => JSON.stringify(text).slice(1, -1);
  if (type === 'application/x-www-form-urlencoded') return (text) => percent(text, charset);
  if (type.endsWith('xml')) return (text) => text.replaceAll(/[<>&'"]/g, (each) => `&#${each.charCodeAt(0)};`);
  return (text) => text;
}

const plain = /[\w.~-]/;

/** `encodeURIComponent` knows UTF-8 only. */
function percent(text: string, charset: Settings['charset']): string {
  return [...iconv.encode(text, charset)]
    .map((byte) => {
      const character = String.fromCharCode(byte);
      return byte < 128 && plain.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    })
    .join('');
}
