-- Reference data (written by `hallwatch seed`).
create table region (code text primary key, parent text references region, level text not null, name text not null, name_en text, demo boolean not null default false);
create table organ (id text primary key, region text not null references region, name text not null, name_en text);
create table department (id text primary key, region text not null references region, name text not null, name_en text);
create table hall (id text primary key, region text not null references region, name text not null, name_en text, opens int not null, closes int not null);
create table hall_window (id text primary key, hall text not null references hall, number text not null, name text not null, name_en text, department text references department, staff text);
-- `url` is AES-256-GCM sealed with the key under DATA_DIR: it may carry a password.
create table camera (id text primary key, hall text not null references hall, hall_window text references hall_window, name text not null, name_en text, enabled boolean not null default true, url bytea not null);
create table matter (region text not null references region, code text not null, body jsonb not null, primary key (region, code));
create table rule_pack (id text not null, version int not null, region text not null, effective_from date not null, body jsonb not null, primary key (id, version));
create table calendar_day (day date primary key, working boolean not null, name text not null);
create table calendar_year (year int primary key, published boolean not null);

-- Who may come in.
create table account (name text primary key, display text not null, password text not null, role text not null, region text not null, hall text, organ text, demo boolean not null default false, created_at bigint not null);
create table session (id text primary key, token_hash bytea not null unique, account text not null references account on delete cascade, created_at bigint not null, expires_at bigint not null, last_at bigint not null);
create table source (id text primary key, name text not null, token_hash bytea not null unique, region text not null, demo boolean not null default false, created_at bigint not null);

-- The archive of the log. `position` is the recorder's own order, `body` the event as published.
create table event (
  position bigint not null, received_at bigint not null, id text not null, region text not null, kind text not null,
  occurred_at bigint not null, casefile text, hall text, hall_window text, source text not null,
  refused text, refused_field text, body jsonb not null, primary key (position, received_at)
);
-- One row per event id, for ever: a partitioned `event` cannot hold a unique id by itself.
create table event_id (id text primary key, position bigint not null, digest bytea not null);
-- One row: the last position given. Updating it in every transaction makes sure that there is one writer only.
create table recorder (single boolean primary key default true check (single), position bigint not null);
insert into recorder (position) values (0);
create index event_casefile on event (casefile, position);
create index event_window on event (hall_window, position desc);
create index event_region on event (region text_pattern_ops, position);

-- State derived from the log.
create table casefile (
  id text primary key, region text not null, matter text not null, department text, hall text, hall_window text, source text not null,
  status text not null, accepted_at bigint, completed_at bigint, promised_due_at bigint, statutory_due_at bigint, next_turn bigint, position bigint not null, body jsonb not null
);
create index casefile_turn on casefile (next_turn) where next_turn is not null;
create index casefile_position on casefile (position);
create index casefile_source on casefile (source);
create table signal (
  id text primary key, region text not null, level text not null, state text not null, rule text not null, casefile text, hall text, hall_window text,
  at bigint not null, issued_at bigint not null, position bigint not null, body jsonb not null
);
create index signal_position on signal (position);
create index signal_casefile on signal (casefile);
create index signal_open on signal (hall, issued_at desc) where state in ('issued', 'acknowledged');
create index signal_region on signal (region text_pattern_ops, issued_at desc);
create table duty (id text primary key, region text not null, organ text not null, hall text not null, day date not null, state text not null, due_at bigint not null, position bigint not null, body jsonb not null);
create index duty_day on duty (organ, day);
create table visit (id text primary key, region text not null, duty text not null, hall text not null, account text not null, state text not null, started_at bigint not null, position bigint not null, body jsonb not null);
create index visit_duty on visit (duty);
create table finding (id text primary key, region text not null, visit text not null, hall text not null, hall_window text not null, at bigint not null, position bigint not null, body jsonb not null);
create index finding_visit on finding (visit);
create table camera_status (camera text primary key, region text not null, hall text not null, state text not null, position bigint not null, body jsonb not null);
create table ledger (
  region text not null, sequence bigint not null, at bigint not null, act text not null, subject text not null, event text not null,
  previous text not null, hash text not null, body jsonb not null, primary key (region, sequence)
);
create index ledger_subject on ledger (subject);
-- 日锚: the last hash of each day (Asia/Shanghai), per region.
create view ledger_anchor as
  select distinct on (region, (to_timestamp(at / 1000.0) at time zone 'Asia/Shanghai')::date)
    region, (to_timestamp(at / 1000.0) at time zone 'Asia/Shanghai')::date as day, sequence, hash
  from ledger order by region, (to_timestamp(at / 1000.0) at time zone 'Asia/Shanghai')::date, sequence desc;

-- Telemetry: no events, written by the part that makes it (design.md §1).
-- What the server delivered of a camera to a session, in programme time.
create table delivery (session text not null, camera text not null, media_from bigint not null, media_to bigint not null, at bigint not null);
create index delivery_session on delivery (session, camera, media_from);
-- What the page reported as playing.
create table view_report (visit text not null, session text not null, camera text not null, media_from bigint not null, media_to bigint not null, visible boolean not null, width int not null, height int not null, frames int not null, page_at bigint not null, at bigint not null);
create index view_report_visit on view_report (visit, camera, media_from);
