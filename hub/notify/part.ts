import type { NotifySettings, StartPart } from '../platform/part.ts';
import type { Channel } from './channel.ts';
import { Sender } from './sender.ts';

/** Tells people outside the pages. A part of its own: it talks to servers of others, which are slow or away, and may fail alone. */
export const start: StartPart = async ({ store, world, log, settings }) => {
  const channels = await channelsOf(settings.notify ?? {});
  const sender = new Sender({ store, world, channels, log, origin: settings.publicOrigin });
  sender.start();
  if (channels.length > 0) log.info({ channels: channels.map(({ name }) => name) }, 'notices are sent');
  return { stop: () => sender.stop() };
};

/** Loaded only where they are set. */
async function channelsOf({ smtp, webhook, sms }: NotifySettings): Promise<Channel[]> {
  const channels: Channel[] = [];
  if (smtp) channels.push((await import('./email.ts')).email(smtp));
  if (webhook) channels.push((await import('./webhook.ts')).webhook(webhook));
  if (sms) channels.push((await import('./sms.ts')).sms(sms));
  return channels;
}
