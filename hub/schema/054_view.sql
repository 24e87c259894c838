-- Which page of a session reported it, and whether that page proved that it has the pictures (hub/model/viewProof.ts).
alter table view_report add column page text, add column proven boolean;
-- Reports of a visit that counted nothing, by cause. Telemetry, as the reports themselves; a finished visit says the sums.
create table view_refused (visit text not null, cause text not null, count int not null, primary key (visit, cause));
