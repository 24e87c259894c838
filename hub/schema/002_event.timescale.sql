-- One chunk a day (in epoch milliseconds). The Apache edition stops here: compression is the community edition's.
select create_hypertable('event', 'received_at', chunk_time_interval => 86400000::bigint, migrate_data => true, create_default_indexes => false);
create index event_received on event (received_at desc);
select create_hypertable('delivery', 'at', chunk_time_interval => 86400000::bigint, migrate_data => true, create_default_indexes => false);
create index delivery_at on delivery (at desc);
select create_hypertable('view_report', 'at', chunk_time_interval => 86400000::bigint, migrate_data => true, create_default_indexes => false);
create index view_report_at on view_report (at desc);

create function epoch_ms() returns bigint language sql stable as $$ select (extract(epoch from now()) * 1000)::bigint $$;
select set_integer_now_func('event', 'epoch_ms');
select set_integer_now_func('delivery', 'epoch_ms');
select set_integer_now_func('view_report', 'epoch_ms');

do $$
begin
  if current_setting('timescaledb.license', true) = 'timescale' then
    alter table event set (timescaledb.compress, timescaledb.compress_segmentby = 'region', timescaledb.compress_orderby = 'position');
    alter table delivery set (timescaledb.compress, timescaledb.compress_segmentby = 'camera', timescaledb.compress_orderby = 'media_from');
    alter table view_report set (timescaledb.compress, timescaledb.compress_segmentby = 'camera', timescaledb.compress_orderby = 'media_from');
    -- A week is what people still page through; older days are read whole.
    perform add_compression_policy('event', compress_after => 7 * 86400000::bigint);
    perform add_compression_policy('delivery', compress_after => 7 * 86400000::bigint);
    perform add_compression_policy('view_report', compress_after => 7 * 86400000::bigint);
  end if;
end $$;
