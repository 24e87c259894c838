-- Where else a camera's picture comes from, and how. A second, smaller stream of the same lens (sub-stream), sealed like the first.
-- Sound only with a reason (privacy of those at the window). What an encoder that pushes must say is sealed as well.
alter table camera
  add column sub_url bytea,
  add column transport text not null default 'tcp' check (transport in ('tcp', 'udp')),
  add column audio boolean not null default false,
  add column audio_reason text,
  add column push_key bytea,
  add column changed_at bigint,
  add column changed_by text,
  add constraint camera_audio_reason check (not audio or audio_reason is not null);
