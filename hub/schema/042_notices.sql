-- Reference data: who is told of a signal, and where (XY-31, XY-32). Of a department or of an organ.
create table contact (
  id text primary key, region text not null references region, department text references department, organ text references organ, hall text references hall,
  role text not null, name text not null, post text, staff text, phone text, mobile text, email text, webhook text, account text,
  check ((department is null) <> (organ is null))
);

-- Derived from the log, in the transaction that issues the signal: what is to be told to whom (the outbox of hub/notify).
create table notice (
  id text primary key, region text not null, signal text not null, hall text, audience text not null, at bigint not null, position bigint not null, body jsonb not null
);
create index notice_position on notice (position);
create index notice_signal on notice (signal);
create index notice_region on notice (audience, region text_pattern_ops, at desc);
create index notice_hall on notice (hall, at desc) where hall is not null;
-- 调查 (SZ-50).
create table inquiry (
  id text primary key, region text not null, signal text not null, hall text, state text not null, due_at bigint, position bigint not null, body jsonb not null
);
create index inquiry_open on inquiry (region text_pattern_ops, due_at) where state = 'open';
create index inquiry_signal on inquiry (signal);
-- Running numbers, and what is open at a window.
create table register (id text primary key, region text not null, position bigint not null, body jsonb not null);

-- Telemetry of hub/notify and of the pages; no events.
-- One row for each notice, channel and recipient. `contact` and `address` are empty where a channel has one address for all.
create table notice_delivery (
  notice text not null, channel text not null, contact text not null, recipient text not null, state text not null, attempts int not null default 0,
  next_try bigint not null, at bigint not null, error text, primary key (notice, channel, contact)
);
create index notice_delivery_due on notice_delivery (next_try) where state = 'waiting';
create index notice_delivery_failed on notice_delivery (at desc) where state = 'failed';
create index notice_delivery_at on notice_delivery (at);
-- Up to which position notices have got their deliveries.
create table notice_progress (single boolean primary key default true check (single), position bigint not null);
insert into notice_progress (position) values (0);
-- Read receipts (KF-10): who has opened a notice.
create table notice_read (notice text not null, account text not null, name text not null, at bigint not null, primary key (notice, account));
create index notice_read_account on notice_read (account, at desc);
