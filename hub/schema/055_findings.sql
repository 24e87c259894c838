-- 问题的闭环: what is looked for in findings, computed by PostgreSQL from the row itself; 请假、暂停服务: one row a window.
alter table finding
  add column state text generated always as (coalesce(body->>'state', 'recorded')) stored,
  add column code text generated always as (body->>'code') stored,
  add column next_turn bigint generated always as ((body->>'nextTurn')::bigint) stored,
  add column due_at bigint generated always as (
    case coalesce(body->>'state', 'recorded')
      when 'recorded' then coalesce((body->>'respondBy')::bigint, (body->>'rectifyBy')::bigint)
      when 'responded' then (body->>'rectifyBy')::bigint
    end) stored,
  add column look_back text generated always as (body->'lookBack'->>'month') stored,
  add column looked_back boolean generated always as (body->'lookBack' ? 'done') stored;
create index finding_turn on finding (next_turn) where next_turn is not null;
create index finding_order on finding (region text_pattern_ops, at desc, id desc);
create index finding_hall on finding (hall, at desc, id desc);
create index finding_look_back on finding (look_back, hall) where looked_back is false;
create table presence (id text primary key, region text not null, hall text not null, position bigint not null, body jsonb not null);
create index presence_hall on presence (hall);
