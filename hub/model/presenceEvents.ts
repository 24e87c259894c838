import { z } from 'zod';
import { byPerson } from './eventFields.ts';
import { identifier, instant, reasonText, shortText } from './fields.ts';
import { presenceKinds } from './presence.ts';

const ofPresence = { ...byPerson, presence: identifier, hall: identifier, window: identifier };

/** 请假, 暂停服务 is filed. */
const filed = z.strictObject({
  kind: z.literal('presence.filed'),
  ...ofPresence,
  type: z.enum(presenceKinds),
  from: instant,
  until: instant,
  reason: reasonText,
  staff: shortText.optional(),
  standIn: shortText.optional(),
});

/** They are back before the time, or the record was a mistake. */
const ended = z.strictObject({ kind: z.literal('presence.ended'), ...ofPresence });

export const presenceEvents = [filed, ended] as const;
