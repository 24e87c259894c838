-- What administrators write of places. `closed_from`: from that day on it is no longer there; history keeps its row. `changed_at`:
-- somebody wrote it by hand, so `hallwatch seed` leaves it as it is.
alter table region add column changed_at bigint;
alter table organ add column closed_from date, add column changed_at bigint;
alter table department add column closed_from date, add column changed_at bigint;
alter table hall add column closed_from date, add column changed_at bigint, add column complaint_phone text, add column board_note text, add column board_note_en text;
alter table hall_window add column closed_from date, add column changed_at bigint;
alter table contact add column changed_at bigint;

-- Accounts: a password that somebody else gave must be changed first; a locked account opens nothing; rights are reviewed (SC-29).
alter table account
  add column must_change boolean not null default false,
  add column locked_at bigint,
  add column locked_reason text,
  add column last_at bigint,
  add column reviewed_at bigint,
  add column reviewed_by text;
create index account_region on account (region text_pattern_ops, name);
