-- Copies of logs, retention, verification and repair (DESIGN 10).

-- How far each chain of logs is copied to the secondary repository. The chains are the truth: what is
-- lost here is found again by the hourly look at them.
create table log_copy (
  tenant_no int not null,
  source text collate "C" not null,
  -- newest manifest of the primary, and since when there is one that is not copied
  head bigint not null default 0,
  behind_since timestamptz,
  copied bigint not null default 0,
  -- read back and decrypted up to here, but for the defects
  verified bigint not null default 0,
  defects int not null default 0,
  -- when the chains themselves were last looked at
  checked_at timestamptz,
  failure text,
  failed_at timestamptz,
  primary key (tenant_no, source)
);
select protect_registry_table('log_copy');

-- What the last run of retention did in one chain of one repository, and what it could not remove.
create table log_retention (
  tenant_no int not null,
  -- a source of logs, or `directory`
  source text collate "C" not null,
  -- primary, secondary, or what the container of a tenant copy calls itself
  repository text collate "C" not null,
  ran_at timestamptz not null,
  manifests int not null default 0,
  containers int not null default 0,
  bytes bigint not null default 0,
  orphans_removed int not null default 0,
  orphans_retained int not null default 0,
  -- containers of numbers up to here were compared with their manifests
  orphans_through bigint not null default 0,
  -- why older ones than the retention are still there, JSON
  kept text,
  failure text,
  primary key (tenant_no, source, repository)
);
select protect_registry_table('log_retention');

-- A verification or a repair of repositories: what is asked, where it stands, what it has found.
create table inspection (
  tenant_no int not null,
  id uuid not null,
  operation_id uuid not null,
  kind text collate "C" not null check (kind in ('verification', 'logRepair')),
  -- level and parts, or the side that is repaired; JSON
  request text not null,
  state text collate "C" not null default 'running' check (state in ('running', 'done', 'failed')),
  -- where the next slice goes on, JSON; changes with every slice, so that of two workers one goes on
  place text,
  revision int not null default 0,
  -- what was looked at, JSON
  summary text not null default '[]',
  -- all of them; only the first ones have a row
  finding_count int not null default 0,
  created_by text not null,
  created_at timestamptz not null default date_trunc('milliseconds', clock_timestamp()),
  finished_at timestamptz,
  primary key (tenant_no, id)
);
create unique index inspection_operation on inspection (tenant_no, operation_id);

-- One defect, or one thing that could not be repaired: names, kinds and numbers, no personal data.
create table inspection_finding (
  tenant_no int not null,
  inspection_id uuid not null,
  no int not null,
  -- a source of logs, or `tenantCopy`
  part text collate "C" not null,
  repository text not null,
  kind text not null,
  name text not null,
  number bigint,
  frame int,
  message text not null,
  primary key (tenant_no, inspection_id, no)
);
select protect_tenant_table(t::regclass) from unnest(array['inspection', 'inspection_finding']) as t;
