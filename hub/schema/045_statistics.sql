-- A case that was returned is over as well, and when it was over stands in the row (stoppedAt in hub/model/clock.ts).
alter table casefile drop column ended_at;
alter table casefile add column ended_at bigint generated always as (coalesce(
    least((body->>'decidedAt')::bigint, completed_at), (body->>'endedAt')::bigint,
    case when status in ('withdrawn', 'declined') then (body->>'lastEventAt')::bigint end)) stored;
create index casefile_open_opened on casefile (opened_at desc, id desc, due_at) where ended_at is null;
create index casefile_late_opened on casefile (opened_at desc, id desc) where ended_at > due_at;

-- Signals are filtered like cases: the columns are computed from the row, so no writer has to know of them.
alter table signal
  add column department text generated always as (body->>'department') stored,
  add column matter text generated always as (body->>'matter') stored,
  add column trial boolean generated always as (coalesce((body->>'trial')::boolean, false)) stored;
drop index signal_region;
create index signal_issued on signal (issued_at desc, id desc);
create index signal_region_issued on signal (region, issued_at desc, id desc);
create index signal_department_issued on signal (department, issued_at desc, id desc);
create index signal_matter_issued on signal (matter, issued_at desc, id desc);
create index signal_rule_issued on signal (rule, issued_at desc, id desc);

-- Counts a day of what came in and what was completed (FS-32). The recorder knows nothing of them: serve/counting.ts takes
-- up what changed since a position, and whoever asks adds what is not taken up yet, so that the answer is exact.
-- `day` is counted from 1970-01-01 in Asia/Shanghai; an empty text stands for none.
create table casefile_day (
  day int not null, region text not null, department text not null, hall text not null,
  received int not null, completed int not null, early int not null, late int not null, primary key (day, region, department, hall)
);
-- What each case was counted as, to be taken back when it changes.
create table casefile_counted (
  id text primary key, region text not null, department text not null, hall text not null, matter text not null, opened int, completed int,
  early boolean not null, late boolean not null, days int
);
-- One matter across regions (FS-39), answered from the index alone.
create index casefile_counted_matter on casefile_counted (matter, completed) include (region, hall, late, days, id) where completed is not null;
-- One row: every case up to this position of the recorder is counted.
create table casefile_counting (single boolean primary key default true check (single), position bigint not null);
insert into casefile_counting (position) values (0);
