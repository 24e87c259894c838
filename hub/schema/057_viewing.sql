-- Whose session it was, for longer than the session lasts: deliveries name sessions only. Not by the code that signs people in,
-- so that no way to a session leaves it out.
create table viewer (
  session text primary key, account text not null, name text not null, role text not null, region text not null, organ text, at bigint not null
);
create index viewer_at on viewer using brin (at);
insert into viewer (session, account, name, role, region, organ, at)
  select s.id, a.name, a.display, a.role, a.region, a.organ, s.created_at from session s join account a on a.name = s.account;
create function keep_viewer() returns trigger language plpgsql as $$
begin
  insert into viewer (session, account, name, role, region, organ, at)
    select new.id, a.name, a.display, a.role, a.region, a.organ, new.created_at from account a where a.name = new.account
    on conflict (session) do nothing;
  return null;
end $$;
create trigger session_viewer after insert on session for each row execute function keep_viewer();

-- What was delivered of recordings to a session. Apart from `delivery`, of which visits are verified: the past earns no second.
create table playback (session text not null, camera text not null, media_from bigint not null, media_to bigint not null, at bigint not null);
create index playback_at on playback using brin (at);

-- 观看: who watched which window, one row a stay; telemetry, made of deliveries by serve/viewings.ts. `spans` in epoch seconds: adding
-- a delivery twice changes nothing. `outside` own visits, `off` the hall's hours. Evidence has moments and no seconds.
create table viewing (
  session text not null, camera text not null, kind text not null check (kind in ('live', 'playback', 'evidence')),
  from_at bigint not null, until_at bigint not null, day date not null,
  account text not null, name text not null, role text not null, region text not null,
  hall text, hall_window text, seconds int not null, outside int not null, off int not null, planned boolean not null,
  visit text, spans int8multirange, primary key (session, camera, kind, from_at)
);
create index viewing_account on viewing (account, day);
create index viewing_day on viewing (day);
-- One row: deliveries before `at`, and events up to `position`, are in.
create table viewing_counting (single boolean primary key default true check (single), at bigint not null, position bigint not null);
insert into viewing_counting (at, position) values ((extract(epoch from now()) * 1000)::bigint, 0);
create index event_evidence_viewed on event (position) where kind = 'evidence.viewed';

-- Numbers for leaders are read from these columns alone, which PostgreSQL computes: no writer has to know of them.
alter table duty
  add column required int generated always as (coalesce((body->>'required')::int, 0)) stored,
  add column done int generated always as (coalesce((body->>'done')::int, 0)) stored,
  add column cause text generated always as (body->>'cause') stored;
create index duty_numbers on duty (day) include (organ, hall, region, state, required, done, cause);
alter table finding
  add column rectified_at bigint generated always as ((body->'rectification'->>'at')::bigint) stored,
  add column late boolean generated always as (coalesce(body->'late'->>'response', body->'late'->>'rectification') is not null) stored;
