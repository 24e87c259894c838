-- Packs that are being written (design §4): a draft is tried against history, then activated by somebody else as an event;
-- `rule_pack` holds what the recorder wrote of it. `tried` is the summary of the trial and the digest of what was tried.
create table pack_draft (
  id text primary key, pack text not null, version int not null, region text not null, text text not null,
  author text not null, author_name text not null, note text, state text not null check (state in ('draft', 'tried', 'activated')),
  tried jsonb, created_at bigint not null, changed_at bigint not null, activated_at bigint, activated_by text
);
-- At most one draft of a pack is under way: its version is the next one.
create unique index pack_draft_open on pack_draft (pack) where state <> 'activated';
