-- 录像: what is recorded of a camera; how long a hall keeps it and how much of it, where that differs from the hub's settings.
alter table camera add column recording text not null default 'watched' check (recording in ('off', 'watched', 'always'));
alter table hall add column recording_days int check (recording_days between 1 and 3650), add column recording_bytes bigint check (recording_bytes >= 0);

-- What follows is telemetry of the stream part and no state of the log. Plain tables on every tier: what goes is chosen by camera
-- and by hold, not by day, so nothing is won by chunks.

-- One camera, ten minutes at most, under DATA_DIR/recording. Its initialization section stands at its beginning. `removing`: the
-- rows stay until the file is gone, so that a hub that is killed in between does not take it for a recording without rows.
create table recording_file (
  id bigint primary key, camera text not null, hall text not null, path text not null unique,
  from_at bigint not null, until_at bigint not null, bytes bigint not null, init_bytes int not null, init_sha256 bytea not null,
  state text not null check (state in ('open', 'closed', 'removing'))
);
create index recording_file_camera on recording_file (camera, from_at);
create index recording_file_hall on recording_file (hall, from_at);
-- `place` is where in the file it begins. `sha256` is that of the segment as it was delivered. `camera_at` by the camera's own clock.
create table recording_segment (
  camera text not null, at bigint not null, duration double precision not null, file bigint not null, place bigint not null, length int not null,
  camera_at bigint, sha256 bytea not null, independent boolean not null, broken boolean not null, primary key (camera, at)
);
-- Why there is nothing, where that is known. A gap that still lasts ends in the year 2100.
create table recording_gap (
  camera text not null, from_at bigint not null, to_at bigint not null, cause text not null, primary key (camera, from_at)
);
create index recording_gap_to on recording_gap (camera, to_at);

-- 封存: derived from the log. Held until `state` is `released`.
create table recording_hold (
  id text primary key, region text not null, hall text not null, camera text not null, from_at bigint not null, to_at bigint not null,
  state text not null, position bigint not null, body jsonb not null
);
create index recording_hold_camera on recording_hold (camera, to_at) where state <> 'released';
create index recording_hold_region on recording_hold (region text_pattern_ops, position desc);
