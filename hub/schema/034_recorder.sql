-- How far the log has been written, moved in the transaction that writes: where to read on after a restart. What the log's
-- own server remembers of acknowledgements is not enough: it counts what was delivered and never written as delivered.
alter table recorder add column log_sequence bigint not null default 0;
