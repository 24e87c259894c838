-- The twin of 002_event.timescale.sql for a server without TimescaleDB. Rows arrive in order of time, so block ranges are
-- enough to find and to delete a span of days.
create index event_received on event using brin (received_at);
create index delivery_at on delivery using brin (at);
create index view_report_at on view_report using brin (at);
