import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { contactForm, unfitContact, type ContactForm } from '../model/administration.ts';
import type { ContactPage } from '../model/adminApi.ts';
import { dayOf } from '../model/calendar.ts';
import type { Contact } from '../model/contact.ts';
import { regionCode } from '../model/fields.ts';
import { may } from '../model/rights.ts';
import { prefixOf, type World } from '../model/world.ts';
import { saveContacts, writeContacts } from '../platform/contacts.ts';
import type { Context } from '../platform/part.ts';
import { differenceOf, pageOf, wrong, type Administration } from './admin.ts';
import { defined } from './commands.ts';
import { hiddenOfContact } from './contactImport.ts';
import { Download, type Asking, type Route } from './gate.ts';
import { read, Refusal, unknown } from './problem.ts';

const pageSize = 100;
const listQuery = z.object({
  region: regionCode.optional(),
  text: z.string().max(60).optional(),
  after: z.string().max(80).optional(),
});

/** 联系人 (C-08, XY-31, XY-32): who is told of a signal, and where. */
export function adminContactRoutes({ store, world }: Context, { note, announce }: Administration): Route[] {
  const maySee = ({ who }: Pick<Asking, 'who'>, { region }: { region: string }): boolean =>
    may(who, 'place.manage', { region });
  const find = (asking: Asking): Contact | undefined => {
    const found = world().contacts.get(asking.params['id'] ?? '');
    return found && maySee(asking, found) ? found : undefined;
  };

  async function save(asking: Asking, before: Contact | undefined): Promise<Contact | Refusal> {
    const form = read(contactForm, asking.body);
    if (form instanceof Refusal) return form;
    const present = world();
    if (!present.regions.has(form.region) || !maySee(asking, form))
      return wrong({ field: 'region', reason: 'expected your own region or one below it' });
    const fault = unfitContact(form, present);
    if (fault) return wrong(fault);
    const id = before?.id ?? `contact-${randomBytes(5).toString('hex')}`;
    const { fields, ...difference } = differenceOf(before, form, hiddenOfContact);
    const contact = contactOf(id, form);
    if (fields.length === 0) return contact;
    const refused = await note(asking, {
      ...{ region: form.region, what: 'contact', act: before ? 'changed' : 'added', subject: id, title: form.name },
      ...difference,
    });
    if (refused) return refused;
    await store.transaction(async (runner) => {
      await saveContacts(runner, [contact]);
      await runner.query('update contact set changed_at = $2 where id = $1', [id, asking.now]);
    });
    await announce((now) => {
      const known = now.contacts.get(id);
      return known !== undefined && differenceOf(known, form).fields.length === 0;
    });
    return contact;
  }

  return [
    {
      method: 'GET',
      url: '/admin/contacts',
      needs: 'place.manage',
      handle: async (asking): Promise<ContactPage | Refusal> => {
        const query = read(listQuery, asking.query);
        if (query instanceof Refusal) return query;
        const present = world();
        const text = query.text?.trim().toLowerCase() ?? '';
        const found = [...present.contacts.values()]
          .filter(
            (each) =>
              maySee(asking, each) &&
              (query.region === undefined || each.region.startsWith(prefixOf(query.region))) &&
              [each.name, each.post, each.staff, placeOf(present, each)?.name].some((field) =>
                field?.toLowerCase().includes(text),
              ),
          )
          .sort((a, b) => (a.region === b.region ? (a.id < b.id ? -1 : 1) : a.region < b.region ? -1 : 1));
        const { items, next } = pageOf(found, ({ id }) => id, query.after, pageSize);
        return {
          items: items.map((each) => {
            const place = placeOf(present, each);
            return {
              ...each,
              ...(place ? { placeName: place.name } : {}),
              ...(place?.nameEn === undefined ? {} : { placeNameEn: place.nameEn }),
            };
          }),
          ...(next === undefined ? {} : { next }),
        };
      },
    },
    {
      method: 'GET',
      url: '/admin/contacts.csv',
      needs: 'place.manage',
      handle: async (asking) => {
        const own = [...world().contacts.values()].filter((each) => maySee(asking, each));
        const body = Buffer.from(writeContacts(own));
        return new Download(`contacts-${dayOf(asking.now)}.csv`, 'text/csv; charset=utf-8', body);
      },
    },
    {
      method: 'POST',
      url: '/admin/contacts',
      needs: 'place.manage',
      handle: (asking) => save(asking, undefined),
    },
    {
      method: 'POST',
      url: '/admin/contacts/:id',
      needs: 'place.manage',
      handle: async (asking) => {
        const before = find(asking);
        return before ? save(asking, before) : unknown('contact');
      },
    },
    {
      method: 'DELETE',
      url: '/admin/contacts/:id',
      needs: 'place.manage',
      handle: async (asking): Promise<object> => {
        const before = find(asking);
        if (!before) return unknown('contact');
        const { id, region, name: title } = before;
        const { after: was } = differenceOf(undefined, before, hiddenOfContact);
        const refused = await note(asking, {
          ...{ region, what: 'contact', act: 'removed', subject: id, title, before: was, after: {} },
        });
        if (refused) return refused;
        await store.query('delete from contact where id = $1', [id]);
        await announce((now) => !now.contacts.has(id));
        return {};
      },
    },
  ];
}

const placeOf = (world: World, { department, organ }: Contact) =>
  department === undefined ? world.organs.get(organ ?? '') : world.departments.get(department);

const contactOf = (id: string, form: ContactForm): Contact => defined({ id, ...form }) as Contact;
