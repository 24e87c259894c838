-- When the planner looks at a duty next: before its time is over, and when it is.
alter table duty add column next_turn bigint;
create index duty_turn on duty (next_turn) where next_turn is not null;

-- 抽签: derived from the log.
create table draw (
  id text primary key, region text not null, organ text not null, day date not null, state text not null,
  position bigint not null, body jsonb not null
);
create index draw_day on draw (day desc, organ);
create index draw_unpublished on draw (day) where state <> 'published';

-- The seeds of draws, sealed, until they are published: whoever could read them would know whom a draw will choose. No state of the log.
create table draw_seed (draw text primary key, day date not null, made_at bigint not null, seed bytea not null);
