import type { PackDraftLine, TrialSummary } from '../../model/packApi.ts';
import type { RulePack } from '../../model/pack.ts';
import type { Statement } from '../../platform/postgres.ts';

export interface PackRow extends Record<string, unknown> {
  body: RulePack;
}

/** Versions of a pack that a list still shows. */
const mostVersions = 100;
const mostPacks = 2_000;

/** Every version, newest first. */
export const selectPacks: Statement = {
  text: 'select body from rule_pack order by region, id, version desc limit $1',
  values: [mostPacks],
};

export const versionsOfPack = (id: string): Statement => ({
  text: 'select body from rule_pack where id = $1 order by version desc limit $2',
  values: [id, mostVersions],
});

export interface DraftRow extends Record<string, unknown> {
  id: string;
  pack: string;
  version: number;
  region: string;
  text: string;
  author: string;
  author_name: string;
  note: string | null;
  state: PackDraftLine['state'];
  tried: TrialSummary | null;
  changed_at: number;
  activated_at: number | null;
  activated_by: string | null;
}

/** Regions that begin with `prefix`; those under way first. */
export const selectDrafts = (prefix: string, limit: number): Statement => ({
  text: `select * from pack_draft where region like $1 order by (state = 'activated'), changed_at desc limit $2`,
  values: [`${prefix}%`, limit],
});

export const selectDraft = (id: string): Statement => ({
  text: 'select * from pack_draft where id = $1',
  values: [id],
});

/** No row comes back where another draft of the pack is under way. */
export const insertDraft = (
  row: Pick<DraftRow, 'id' | 'pack' | 'version' | 'region' | 'text' | 'author' | 'author_name' | 'note'>,
  now: number,
): Statement => ({
  text: `insert into pack_draft (id, pack, version, region, text, author, author_name, note, state, created_at, changed_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, 'draft', $9, $9) on conflict (pack) where state <> 'activated' do nothing returning *`,
  values: [row.id, row.pack, row.version, row.region, row.text, row.author, row.author_name, row.note, now],
});

/** What was tried is no longer what stands there. */
export const updateDraft = (id: string, row: Pick<DraftRow, 'version' | 'text' | 'note'>, now: number): Statement => ({
  text: `update pack_draft set version = $2, text = $3, note = $4, state = 'draft', tried = null, changed_at = $5
    where id = $1 and state <> 'activated' returning *`,
  values: [id, row.version, row.text, row.note, now],
});

export const removeDraft = (id: string): Statement => ({
  text: `delete from pack_draft where id = $1 and state <> 'activated' returning id`,
  values: [id],
});

/** Only where the text is still the one that was tried. */
export const markTried = (id: string, changedAt: number, tried: TrialSummary): Statement => ({
  text: `update pack_draft set state = 'tried', tried = $3::jsonb where id = $1 and changed_at = $2 and state <> 'activated' returning id`,
  values: [id, changedAt, JSON.stringify(tried)],
});

export const markActivated = (id: string, by: string, now: number): Statement => ({
  text: `update pack_draft set state = 'activated', activated_at = $3, activated_by = $2 where id = $1 and state <> 'activated'`,
  values: [id, by, now],
});
