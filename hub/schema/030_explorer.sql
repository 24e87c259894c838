-- What the explorer filters and sorts by, computed from the row itself so that no writer has to know of it.
alter table casefile
  add column number text generated always as (body->>'number') stored,
  -- When the case came in. It hardly ever changes later: pages keep their order while events arrive.
  add column opened_at bigint generated always as (coalesce((body->>'receivedAt')::bigint, accepted_at, (body->>'lastEventAt')::bigint)) stored,
  -- The nearer deadline.
  add column due_at bigint generated always as (least(promised_due_at, statutory_due_at)) stored,
  -- When the work was over (stoppedAt in hub/model/clock.ts); null while the case is open.
  add column ended_at bigint generated always as (coalesce(
    least((body->>'decidedAt')::bigint, completed_at),
    case when status in ('withdrawn', 'declined') then (body->>'lastEventAt')::bigint end)) stored;
-- Every list is read newest first (opened_at, id): an index for each filter that can leave out most of the rows.
create index casefile_opened on casefile (opened_at desc, id desc);
create index casefile_region_opened on casefile (region, opened_at desc, id desc);
create index casefile_department_opened on casefile (department, opened_at desc, id desc);
create index casefile_matter_opened on casefile (matter, opened_at desc, id desc);
create index casefile_number on casefile (number text_pattern_ops);
-- The few: open, over and neither completed. due_at is checked in the index, before the row is fetched.
create index casefile_open_opened on casefile (opened_at desc, id desc, due_at) where ended_at is null;
create index casefile_late_opened on casefile (opened_at desc, id desc) where ended_at > due_at;
create index casefile_status_opened on casefile (status, opened_at desc, id desc) where status <> 'completed';
