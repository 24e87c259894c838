-- 监察台账 (SC-19): derived from the log. Acts that people enter, and signatures; the other lines are read from what they are about.
create table register_entry (
  id text primary key, region text not null, organ text not null, act text not null, hall text, account text not null,
  from_at bigint not null, found boolean not null, position bigint not null, body jsonb not null
);
create table register_review (id text primary key, region text not null, position bigint not null, body jsonb not null);

-- Which supervisor handled a signal, computed from the row itself so that no writer has to know of it.
alter table signal add column handled_by text generated always as (coalesce(
  body#>>'{issuedBy,account}', body#>>'{correction,answer,account}', body#>>'{revokedBy,account}', body#>>'{appeal,answer,account}')) stored;
create index signal_handler on signal (handled_by, issued_at desc, id desc) where handled_by is not null;

-- The register is read newest first by (moment, id), as a whole or of one region.
create index register_entry_from on register_entry (from_at desc, id desc);
create index register_entry_region on register_entry (region, from_at desc, id desc);
create index visit_clear on visit (started_at desc, id desc) where state = 'finished' and (body->>'findings') = '0';
create index visit_clear_region on visit (region, started_at desc, id desc) where state = 'finished' and (body->>'findings') = '0';
create index finding_at on finding (at desc, id desc);
create index finding_region_at on finding (region, at desc, id desc);
-- Days of a region's chain: what an export begins and ends with.
create index ledger_region_at on ledger (region, at, sequence);
