-- SZ-27: when the time to correct a signal is over; the recorder's ticker publishes `signal.turned` for that moment.
alter table signal add column next_turn bigint;
create index signal_turn on signal (next_turn) where next_turn is not null;
-- What is claimed or appealed waits for somebody as well; drafts wait to be confirmed (1.X.3).
drop index signal_open;
create index signal_open on signal (hall, issued_at desc) where state in ('issued', 'acknowledged', 'claimed', 'appealed');
create index signal_draft on signal (region text_pattern_ops, issued_at desc) where state = 'draft';
