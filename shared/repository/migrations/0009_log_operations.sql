-- Operations and schedules of logs (DESIGN 10, 11).
alter table operation drop constraint operation_kind_check;
alter table operation add constraint operation_kind_check check (kind in ('tenantBackup',
  'comparison', 'restorePlan', 'restore', 'logBackup', 'logExport', 'logRestore', 'logRepair',
  'verification'));

-- One of these of each kind and tenant at a time.
drop index operation_exclusive;
create unique index operation_exclusive on operation (tenant_no, kind)
  where kind in ('tenantBackup', 'restore', 'logBackup', 'logRepair')
    and status in ('notStarted', 'running', 'waiting', 'paused', 'canceling');

alter table job drop constraint job_kind_check;
alter table job add constraint job_kind_check check (kind in ('tenantBackup', 'logBackup'));
-- of a log backup; null means all
alter table job add column sources text[];

-- How the collection of each log of a tenant stands: what health, coverage and the operation show. The
-- chain of manifests in the log repository is the truth; counts here are read again from it where a
-- worker ended before it could note them.
create table log_source (
  tenant_no int not null,
  source text collate "C" not null,
  -- the newest run
  operation_id uuid not null,
  -- days that Microsoft keeps the log for this tenant
  retention_days int not null,
  -- of the last slice
  outcome text collate "C" not null check (outcome in ('more', 'caughtUp', 'throttled', 'refused',
    'failed')),
  -- codes of the error catalogue, and the permission Graph has asked for
  code text,
  permission text,
  -- number of the manifest up to which the counts below go; null until the run has seen the chain
  head int,
  -- of the run
  windows int not null default 0,
  gaps int not null default 0,
  read bigint not null default 0,
  added bigint not null default 0,
  changed bigint not null default 0,
  -- everything before was read once or is stated as a gap; 7 digits after the second
  read_through text collate "C",
  -- narrowest windows that Graph does not answer
  unanswered int not null default 0,
  without_cache boolean not null default false,
  -- requests per hour that the volume of this log needs
  needed_requests int not null default 0,
  caught_up_at timestamptz,
  updated_at timestamptz not null default clock_timestamp(),
  primary key (tenant_no, source)
);
select protect_registry_table('log_source');
