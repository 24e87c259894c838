-- A department that has hardly any of a matter: told by the index, before a row is fetched.
drop index casefile_matter_opened;
create index casefile_matter_opened on casefile (matter, opened_at desc, id desc, department);
