-- SC-15: the line of a department's supervision body, ids of departments; no constraint, as elsewhere nothing is deleted.
alter table organ add column departments text[];

-- What is visited as needed is owed by nobody: numbers and missed lists read the index that knows nothing of it.
alter table duty add column as_needed boolean generated always as (coalesce(body->>'of' = 'asNeeded', false)) stored;
drop index duty_numbers;
create index duty_numbers on duty (day) include (organ, hall, region, state, required, done, cause) where not as_needed;

-- Findings of such visits, for the body that made them.
create index finding_organ on finding ((body->>'organ'), at desc) where body ? 'organ';
