-- What the pages ask for often: a hall's casefiles of today, a camera's history, what changed since a cursor.
create index casefile_hall on casefile (hall, completed_at);
create index event_camera on event ((body->>'camera'), occurred_at) where kind = 'camera.changed';
create index visit_position on visit (position);
create index duty_position on duty (position);
create index finding_position on finding (position);
create index visit_account on visit (account, started_at);
create index finding_snapshot on finding ((body->>'snapshotSha256'));
