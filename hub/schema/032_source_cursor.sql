-- How far `hallwatch poll` has read a department's table: everything up to here is in the log.
-- `after_order` and `after_key` as the other database writes them.
create table source_cursor (source text not null, origin text not null, after_order text, after_key text not null, rows bigint not null, at bigint not null, primary key (source, origin));
