/** Contacts from a file and as one (XY-31, XY-32): all of a file or nothing of it, each contact with an entry in the ledger. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { unfitContact, type ContactForm } from '../model/administration.ts';
import type { Contact, ContactFault, ContactImport } from '../model/contact.ts';
import { HubError } from '../model/error.ts';
import { may, type Identity } from '../model/rights.ts';
import type { Sessions } from '../platform/access.ts';
import { columnOf, largestFile, readContacts, saveContacts } from '../platform/contacts.ts';
import type { Context } from '../platform/part.ts';
import { differenceOf, type Administration } from './admin.ts';
import { answer } from './gate.ts';
import { forbidden, read, Refusal, unsigned } from './problem.ts';

/** More at once are for the command line: each is an entry of the ledger. */
const mostChanged = 1_000;
const atOnce = 50;
const mostFaults = 100;
/** How somebody is reached, and where a webhook leads, stands in no ledger. */
export const hiddenOfContact = ['phone', 'mobile', 'email', 'webhook'];

const importQuery = z.object({
  dryRun: z.enum(['true', 'false'], { error: 'expected true or false' }).transform((text) => text === 'true'),
});

interface Change {
  contact: Contact;
  form: ContactForm;
  before: Contact | undefined;
}

/** Every field: what the file leaves empty is empty. */
const formOf = ({ id: _, ...contact }: Contact): ContactForm => ({
  ...{ department: null, organ: null, hall: null, post: null, staff: null },
  ...{ phone: null, mobile: null, email: null, webhook: null, account: null },
  ...contact,
});

/** `POST /admin/contacts/import?dryRun=`, the file as its body. */
export async function contactImport(
  app: FastifyInstance,
  { store, world }: Pick<Context, 'store' | 'world'>,
  sessions: Pick<Sessions, 'identify'>,
  { note, announce }: Pick<Administration, 'note' | 'announce'>,
): Promise<void> {
  /** What the file would change, or what is wrong with it. */
  function look(who: Identity, bytes: Buffer): { changes: Change[]; unchanged: number; faults: ContactFault[] } {
    const present = world();
    const { contacts, faults } = readContacts(bytes, present);
    const changes: Change[] = [];
    let unchanged = 0;
    contacts.forEach((contact, index) => {
      const add = (field: string, reason: string): number =>
        faults.push({ row: index + 2, column: columnOf(field), reason });
      const before = present.contacts.get(contact.id);
      const form = formOf(contact);
      if (!may(who, 'place.manage', { region: contact.region }))
        add('region', 'expected your own region or one below it');
      // Whose it is stays unsaid.
      else if (before && !may(who, 'place.manage', { region: before.region })) add('id', 'this code is taken already');
      else {
        const unfit = unfitContact(form, present);
        if (unfit) add(unfit.field, unfit.reason);
        else if (differenceOf(before, form).fields.length === 0) unchanged += 1;
        else changes.push({ contact, form, before });
      }
    });
    if (changes.length > mostChanged)
      faults.push({
        row: mostChanged + 2,
        column: '',
        reason: `expected at most ${mostChanged} new and changed contacts`,
      });
    return { changes, unchanged, faults };
  }

  /** The ledger first: a hub that dies between the two has said more than it did. */
  async function write(who: Identity, changes: readonly Change[], now: number): Promise<Refusal | undefined> {
    for (let from = 0; from < changes.length; from += atOnce) {
      const noted = await Promise.all(
        changes.slice(from, from + atOnce).map(({ contact: { id, region, name: title }, form, before }) => {
          const { fields: _, ...difference } = differenceOf(before, form, hiddenOfContact);
          const act = before ? 'changed' : 'added';
          return note({ who, now }, { region, what: 'contact', act, subject: id, title, ...difference });
        }),
      );
      const refused = noted.find((each) => each !== undefined);
      if (refused) return refused;
    }
    const ids = changes.map(({ contact }) => contact.id);
    await store.transaction(async (runner) => {
      await saveContacts(
        runner,
        changes.map(({ contact }) => contact),
      );
      await runner.query('update contact set changed_at = $2 where id = any($1)', [ids, now]);
    });
    await announce(({ contacts }) =>
      changes.every(({ contact: { id }, form }) => {
        const known = contacts.get(id);
        return known !== undefined && differenceOf(known, form).fields.length === 0;
      }),
    );
    return undefined;
  }

  async function take(who: Identity, query: unknown, bytes: Buffer): Promise<ContactImport | Refusal> {
    const input = read(importQuery, query);
    if (input instanceof Refusal) return input;
    const now = Date.now();
    let found: ReturnType<typeof look>;
    try {
      found = look(who, bytes);
    } catch (error) {
      if (!(error instanceof HubError)) throw error;
      return new Refusal(400, { field: 'file', reason: error.message });
    }
    const { changes, unchanged, faults } = found;
    const added = changes.filter(({ before }) => before === undefined).length;
    const told = { added, changed: changes.length - added, unchanged, faults: faults.slice(0, mostFaults) };
    if (faults.length > 0 || input.dryRun) return { ...told, written: false };
    return (await write(who, changes, now)) ?? { ...told, written: true };
  }

  await app.register(async (door) => {
    door.removeAllContentTypeParsers();
    door.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: largestFile }, (_request, body, done) =>
      done(null, body),
    );
    door.post(
      '/admin/contacts/import',
      {
        bodyLimit: largestFile,
        config: { rateLimit: { max: 30, timeWindow: 60_000 } },
        // Nobody's file is read before it is known who sends it.
        onRequest: async (request, reply) => {
          const who = await sessions.identify(request);
          if (!who) return answer(reply, unsigned);
          if (who.mustChange || !may(who, 'place.manage'))
            return answer(reply, forbidden('needs the right place.manage'));
        },
      },
      async (request, reply) => {
        const who = await sessions.identify(request);
        if (!who) return answer(reply, unsigned);
        const bytes = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
        return answer(reply, await take(who, request.query, bytes));
      },
    );
  });
}
