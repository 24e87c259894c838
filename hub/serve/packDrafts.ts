import { createHash, randomUUID } from 'node:crypto';
import { z } from 'zod';
import { daysBetween } from '../model/calendar.ts';
import { mayBegin } from '../model/decidePack.ts';
import { longText } from '../model/fields.ts';
import type { PackDraft, PackDraftLine } from '../model/packApi.ts';
import type { RulePack } from '../model/pack.ts';
import { may, type Identity } from '../model/rights.ts';
import { prefixOf, type World } from '../model/world.ts';
import { canonical } from '../model/canonical.ts';
import type { Context } from '../platform/part.ts';
import { dayField } from './filters.ts';
import type { Command } from './commands.ts';
import { all, one, type Asking, type Route } from './gate.ts';
import { longestDays } from './history.ts';
import { away, conflict, forbidden, read, Refusal, unknown } from './problem.ts';
import {
  insertDraft,
  markActivated,
  markTried,
  removeDraft,
  selectDraft,
  updateDraft,
  type DraftRow,
} from './queries/packs.ts';
import { packText, type Shelf } from './shelf.ts';
import { trialRoutes } from './trialRoutes.ts';
import type { Trials } from './trials.ts';

const draftBody = z.strictObject({ text: packText, note: longText.optional() });
const tryBody = z.strictObject({ from: dayField, to: dayField });

export function lineOfDraft(world: World, row: DraftRow): PackDraftLine {
  const region = world.regions.get(row.region);
  const title = world.packs.get(row.pack)?.title ?? { zh: row.pack, en: row.pack };
  return {
    id: row.id,
    pack: row.pack,
    version: row.version,
    region: row.region,
    regionName: region?.name ?? row.region,
    ...(region?.nameEn === undefined ? {} : { regionNameEn: region.nameEn }),
    title,
    author: row.author,
    authorName: row.author_name,
    ...(row.note === null ? {} : { note: row.note }),
    state: row.state,
    changedAt: row.changed_at,
    ...(row.activated_at === null ? {} : { activatedAt: row.activated_at }),
    ...(row.activated_by === null ? {} : { activatedBy: row.activated_by }),
  };
}

/** Graded management (SC-27): a pack is put into force from a region above; a province's by the province itself (SC-28). */
const isAbove = (who: Pick<Identity, 'region'>, region: string): boolean =>
  prefixOf(who.region).length < prefixOf(region).length || who.region.endsWith('0000');

const digestOfPack = (body: string): string => createHash('sha256').update(body).digest('hex');

export function packDraftRoutes(context: Context, command: Command, trials: Trials, shelf: Shelf): Route[] {
  const { store, world } = context;

  async function find({ who, params }: Asking): Promise<DraftRow | Refusal> {
    const row = await one<DraftRow>(store, selectDraft(params['id'] ?? ''));
    return row && may(who, 'pack.draft', { region: row.region }) ? row : unknown('draft');
  }

  async function shown(row: DraftRow, { who, now }: Pick<Asking, 'who' | 'now'>): Promise<PackDraft> {
    const checked = await shelf.check(row.text);
    const isOpen = row.state !== 'activated';
    const whyNot = !isAbove(who, row.region)
      ? 'above'
      : row.author === who.account
        ? 'own'
        : row.state === 'draft'
          ? 'untried'
          : checked.ok && !mayBegin(checked.pack.effectiveFrom, now)
            ? 'begun'
            : undefined;
    return {
      ...lineOfDraft(world(), row),
      ...(checked.ok ? { title: checked.pack.title } : {}),
      text: row.text,
      ...(row.tried === null ? {} : { tried: row.tried }),
      mayEdit: isOpen && row.author === who.account,
      mayActivate: isOpen && whyNot === undefined && may(who, 'pack.activate', { region: row.region }),
      ...(isOpen && whyNot !== undefined ? { whyNot } : {}),
    };
  }

  /** The pack that a text says, if it may become the next version. */
  async function next(who: Identity, text: string): Promise<RulePack | Refusal> {
    const checked = await shelf.check(text);
    if (!checked.ok) {
      const [first] = checked.mistakes;
      return new Refusal(400, { field: 'text', reason: `line ${first?.line}: ${first?.place}: ${first?.message}` });
    }
    const { pack } = checked;
    if (!may(who, 'pack.draft', { region: pack.region }) || !world().regions.has(pack.region))
      return new Refusal(400, { field: 'region', reason: `expected a region within ${who.region}` });
    if (canonical(pack).length > 262_144) return new Refusal(400, { field: 'text', reason: 'expected a smaller pack' });
    const [newest] = await shelf.versions(pack.id);
    if (newest && newest.region !== pack.region)
      return new Refusal(400, { field: 'id', reason: `${pack.id} is a pack of region ${newest.region}` });
    if (newest && pack.version <= newest.version)
      return conflict('version', `expected a version above ${newest.version}`);
    return pack;
  }

  return [
    {
      method: 'POST',
      url: '/packs/drafts',
      needs: 'pack.draft',
      handle: async (asking): Promise<PackDraft | Refusal> => {
        const input = read(draftBody, asking.body);
        if (input instanceof Refusal) return input;
        const pack = await next(asking.who, input.text);
        if (pack instanceof Refusal) return pack;
        const { account, name } = asking.who;
        const { id, version, region } = pack;
        const row = { id: randomUUID(), pack: id, version, region, text: input.text, note: input.note ?? null };
        const made = await one<DraftRow>(
          store,
          insertDraft({ ...row, author: account, author_name: name }, asking.now),
        );
        return made ? shown(made, asking) : conflict('id', 'another draft of this pack is under way');
      },
    },
    {
      method: 'GET',
      url: '/packs/drafts/:id',
      needs: 'pack.draft',
      handle: async (asking): Promise<PackDraft | Refusal> => {
        const row = await find(asking);
        return row instanceof Refusal ? row : shown(row, asking);
      },
    },
    {
      method: 'POST',
      url: '/packs/drafts/:id',
      needs: 'pack.draft',
      handle: async (asking): Promise<PackDraft | Refusal> => {
        const input = read(draftBody, asking.body);
        if (input instanceof Refusal) return input;
        const row = await find(asking);
        if (row instanceof Refusal) return row;
        if (row.author !== asking.who.account) return forbidden('only its author changes a draft');
        const pack = await next(asking.who, input.text);
        if (pack instanceof Refusal) return pack;
        if (pack.id !== row.pack || pack.region !== row.region)
          return conflict('id', `expected the pack ${row.pack} of region ${row.region}`);
        const { version } = pack;
        const changed = await one<DraftRow>(
          store,
          updateDraft(row.id, { version, text: input.text, note: input.note ?? null }, asking.now),
        );
        return changed ? shown(changed, asking) : conflict('state', 'the draft is activated');
      },
    },
    {
      method: 'DELETE',
      url: '/packs/drafts/:id',
      needs: 'pack.draft',
      handle: async (asking) => {
        const row = await find(asking);
        if (row instanceof Refusal) return row;
        if (row.author !== asking.who.account) return forbidden('only its author removes a draft');
        return (await one(store, removeDraft(row.id))) ? {} : conflict('state', 'the draft is activated');
      },
    },
    {
      method: 'POST',
      url: '/packs/drafts/:id/try',
      needs: 'pack.draft',
      handle: async (asking) => {
        const input = read(tryBody, asking.body);
        if (input instanceof Refusal) return input;
        const { from, to } = input;
        const days = daysBetween(from, to);
        if (days < 0) return new Refusal(400, { field: 'to', reason: `expected a day not before ${from}` });
        if (days >= longestDays)
          return new Refusal(400, { field: 'from', reason: `expected at most ${longestDays} days` });
        const row = await find(asking);
        if (row instanceof Refusal) return row;
        const pack = await next(asking.who, row.text);
        if (pack instanceof Refusal) return pack;
        const digest = digestOfPack(canonical(pack));
        const trial = trials.start({
          draft: row.id,
          pack,
          span: { prefix: prefixOf(pack.region), from, to },
          onDone: async ({ changes: _, ...result }) => {
            const summary = { ...result, digest, from, to, at: Date.now() };
            await all(store, markTried(row.id, row.changed_at, summary));
          },
        });
        return trial ?? away('too many trials wait: try again in a moment', 10);
      },
    },
    {
      method: 'POST',
      url: '/packs/drafts/:id/activate',
      needs: 'pack.activate',
      handle: async (asking): Promise<PackDraft | Refusal> => {
        const { who, now } = asking;
        const row = await find(asking);
        if (row instanceof Refusal) return row;
        // A double click, or an answer that got lost: it is done.
        if (row.state === 'activated') return shown(row, asking);
        if (row.author === who.account) return forbidden('nobody activates his own draft (SC-29)');
        if (!isAbove(who, row.region)) return forbidden('a pack is activated by the region above (SC-27)');
        const pack = await next(who, row.text);
        if (pack instanceof Refusal) return pack;
        const body = canonical(pack);
        const digest = digestOfPack(body);
        if (row.tried?.digest !== digest) return conflict('state', 'the draft must be tried first, as it stands now');
        const refused = await command(
          {
            kind: 'pack.activated',
            // One draft, one event, whoever sends it and however often; a refusal may be asked again.
            id: `pack-${row.id}`,
            region: pack.region,
            source: 'serve',
            occurredAt: now,
            account: who.account,
            name: who.name,
            pack: pack.id,
            version: pack.version,
            effectiveFrom: pack.effectiveFrom,
            digest,
            body,
            author: row.author,
            ...(row.note === null ? {} : { note: row.note }),
          },
          false,
        );
        if (refused) return refused;
        await all(store, markActivated(row.id, who.name, now));
        const done = await one<DraftRow>(store, selectDraft(row.id));
        return done ? shown(done, asking) : unknown('draft');
      },
    },
    ...trialRoutes(context, trials),
  ];
}
