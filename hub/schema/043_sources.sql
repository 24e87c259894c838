-- Whose cases a post user (岗位用户) may enter by hand (QT-15).
alter table account add column department text references department;

-- A source that signs its batches: what it sends without a good signature is refused. The key is sealed like a camera's address.
alter table source add column signing_key bytea;

-- What follows is telemetry of the doors, written by the part that makes it, and no state of the log.

-- 接入进度 (YJ-19): one row a change; the latest one is where a source stands. A planned source has no token yet.
create table source_stage (
  source text not null, at bigint not null, stage text not null check (stage in ('planned', 'connecting', 'trial', 'live')),
  note text not null, account text not null, by_name text not null, name text, region text, primary key (source, at)
);
-- What a source's agent said last about what waits at its end.
create table source_pulse (
  source text primary key, at bigint not null, events bigint not null, bytes bigint not null, oldest bigint
);

-- Counted from the archive in the order of its positions, each position once: how far, and how far the refusals were read.
create table source_tally (single boolean primary key default true check (single), position bigint not null, refused_sequence bigint not null);
insert into source_tally values (true, 0, 0);
-- A day (Asia/Shanghai) on which events of a region reached the hub. `lag` counts how long after the fact they were entered,
-- by the bounds of hub/model/lag.ts. `unread` are messages that became no event; their region is that of their source.
create table source_day (
  source text not null, region text not null, day date not null, events bigint not null, refused bigint not null, unread bigint not null,
  last_at bigint, lag bigint[] not null, primary key (source, region, day)
);
create index source_day_region on source_day (region text_pattern_ops, day);
-- A day on which something happened: what reconciliation compares (FS-20).
create table source_kind (
  source text not null, day date not null, kind text not null, recorded bigint not null, refused bigint not null, primary key (source, day, kind)
);
-- What a source says that it has of a day. `differed_at`: when a difference was first seen; it stays when the difference is gone.
create table source_count (
  source text not null, day date not null, kind text not null, expected bigint not null, said_at bigint not null,
  checked_at bigint, difference bigint, differed_at bigint, primary key (source, day, kind)
);
create index source_count_differs on source_count (source, day) where difference <> 0;
