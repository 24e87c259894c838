-- 三员分立 (SC-29): what an administrator asked for this account and nobody else has confirmed yet (`Awaiting` of model/confirmation.ts).
-- While it stands here, asked, refused or lapsed, the account opens nothing.
alter table account add column awaiting jsonb;
create index account_awaiting on account (region text_pattern_ops) where awaiting is not null;
