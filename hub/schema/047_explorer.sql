-- Where the cases of a number's beginning are the newest, told by the index alone: a page of them need not be looked for from today.
drop index casefile_number;
create index casefile_number on casefile (number text_pattern_ops) include (opened_at);
-- The few that a list of everything would look for in vain for long.
create index signal_serious on signal (issued_at desc, id desc) where level = 'serious';
create index signal_trial on signal (issued_at desc, id desc) where trial;
