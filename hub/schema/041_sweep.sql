-- Days whose irregularities were measured (hub/record/sweep.ts), so that none is measured twice and none is missed. Telemetry: a
-- rebuilt store measures again, and what it publishes then is known by its id.
create table sweep_day (day date primary key, measured_at bigint not null, published int not null);
