import { createTransport } from 'nodemailer';
import type { NotifySettings } from '../platform/part.ts';
import { patience, Undelivered, type Channel } from './channel.ts';

/** E-mail by SMTP (smtp:// tries STARTTLS, smtps:// is TLS from the start). */
export function email({ url, from }: NonNullable<NotifySettings['smtp']>): Channel {
  const transport = createTransport(url, {
    from,
    // @ts-expect-error -- the types know these only beside host and port, the library takes them with an address as well
    connectionTimeout: patience,
    greetingTimeout: patience,
    socketTimeout: patience,
    // What a notice says is text: nothing is read from files or addresses.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  const domain = from.match(/@([\w.-]+)/)?.[1] ?? 'hallwatch.invalid';
  return {
    name: 'email',
    addressOf: (contact) => contact.email,
    async send(address, message) {
      try {
        await transport.sendMail({
          to: { name: message.recipients[0]?.name ?? '', address },
          subject: message.subject,
          text: message.link === undefined ? message.text : `${message.text}\n\n${message.link}\n`,
          messageId: `<${message.key.replaceAll(/[^\w.-]/g, '-')}@${domain}>`,
          headers: { 'Idempotency-Key': message.key, 'Auto-Submitted': 'auto-generated' },
        });
      } catch (error) {
        const { responseCode, code } = error as { responseCode?: number; code?: string };
        // 5xx to this recipient or message is for ever; a refused sign-in (535) may be put right.
        const isFinal = responseCode !== undefined && responseCode >= 550 && responseCode < 560;
        throw new Undelivered(responseCode === undefined ? (code ?? 'failed') : `answered ${responseCode}`, isFinal);
      }
    },
    close: () => transport.close(),
  };
}
