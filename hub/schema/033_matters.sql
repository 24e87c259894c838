-- The catalogue of matters, version by version (XY-14). `matter` holds what the newest frozen version means for the clocks.
create table matter_version (
  region text not null references region, code text not null, version int not null,
  state text not null check (state in ('draft', 'submitted', 'reviewed', 'frozen')),
  record jsonb not null, acts jsonb not null, changed_at bigint not null, primary key (region, code, version)
);
-- At most one version is under way.
create unique index matter_version_open on matter_version (region, code) where state <> 'frozen';
