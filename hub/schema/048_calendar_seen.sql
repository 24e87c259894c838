-- The calendar that the open casefiles were last planned by: where it differs from the present one, they are counted anew
-- (hub/record/replan.ts). Telemetry, as what a sweep measured: a rebuilt store is planned by the present calendar.
create table calendar_seen (one boolean primary key default true check (one), at bigint not null, body text not null);
