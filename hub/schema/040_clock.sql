-- Days on which a region's halls are closed, or open, unlike the rest of the country.
create table calendar_closure (
  region text not null references region,
  day date not null,
  working boolean not null,
  name text not null,
  primary key (region, day)
);
-- When the work was over (stoppedAt in hub/model/clock.ts): what was returned is over as well, and what comes after the end
-- no longer moves it.
alter table casefile drop column ended_at;
alter table casefile
  add column ended_at bigint generated always as (coalesce(
    least((body->>'decidedAt')::bigint, completed_at),
    (body->>'endedAt')::bigint,
    case when status in ('withdrawn', 'declined') then (body->>'lastEventAt')::bigint end)) stored;
create index casefile_open_opened on casefile (opened_at desc, id desc, due_at) where ended_at is null;
create index casefile_late_opened on casefile (opened_at desc, id desc) where ended_at > due_at;
