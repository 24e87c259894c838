-- Opening the picture of a finding is watching as well (SC-29): a moment without seconds, written by the stream part when it gives the
-- picture out. `finding`: of it, and of evidence that was taken with one.
alter table viewing add column finding text;
alter table viewing drop constraint viewing_kind_check;
alter table viewing add constraint viewing_kind_check check (kind in ('live', 'playback', 'evidence', 'finding'));
