-- 三员分立 (SC-29): a wider line that an administrator asked for the supervision body of a department (`LineAsked` of model/confirmation.ts).
-- The line stays what it was until an overseer has confirmed it; what was refused or lapsed stands here until the line is written anew.
alter table organ add column asked jsonb;
