-- 证据, 调阅批准: derived from the log. What the stream part has to do is read from `state`, after a crash as well.
create table evidence (
  id text primary key, region text not null, hall text not null, camera text not null, taken_at bigint not null, until_at bigint not null,
  state text not null, position bigint not null, body jsonb not null
);
create index evidence_pending on evidence (until_at) where state in ('taken', 'begun');
create index evidence_taken on evidence (taken_at desc);
create index evidence_hall on evidence (hall, taken_at desc);
create table evidence_release (
  id text primary key, region text not null, hall text not null, evidence text not null, state text not null, account text not null,
  asked_at bigint not null, position bigint not null, body jsonb not null
);
create index evidence_release_pending on evidence_release (asked_at) where state = 'approved';
create index evidence_release_region on evidence_release (region text_pattern_ops, asked_at desc, id desc);
create index evidence_release_account on evidence_release (account, asked_at desc, id desc);
create index evidence_release_evidence on evidence_release (evidence, asked_at desc);
