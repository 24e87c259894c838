import { identifier, instant, regionCode, shortText } from './fields.ts';

/** What every event says of itself. */
export const common = {
  id: identifier,
  region: regionCode,
  source: identifier.default('unknown'),
  occurredAt: instant,
  enteredAt: instant.optional(),
};

/** What a person did. */
export const byPerson = { ...common, account: identifier, name: shortText };
