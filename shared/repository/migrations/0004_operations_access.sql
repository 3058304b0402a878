-- Operations, jobs, access, audit events and what the API remembers (DESIGN 5, 8, 11).
-- These are registry tables: they are read before a tenant is known, or over several tenants. A
-- transaction of a tenant still sees and writes the rows of that tenant only.

create table operation (
  id uuid primary key,
  tenant_no int not null,
  -- kept when the tenant is removed
  tenant_id uuid not null,
  kind text collate "C" not null check (kind in ('tenantBackup', 'comparison', 'restorePlan',
    'restore')),
  requested_by text not null,
  trigger text not null check (trigger in ('schedule', 'api', 'system')),
  reason text,
  status text collate "C" not null default 'notStarted' check (status in ('notStarted', 'running',
    'waiting', 'paused', 'canceling', 'succeeded', 'failed', 'canceled')),
  result text check (result in ('complete', 'partial', 'nothingToDo')),
  phase text not null default '',
  progress text not null default '{}',
  counts text,
  estimated_completion timestamptz,
  waiting_for text,
  warnings text not null default '[]',
  error text,
  resource_location text,
  -- input of the job, JSON without personal data
  request text not null default '{}',
  cancel_requested boolean not null default false,
  -- instance of the task hub; null until the orchestration was started
  instance_id text,
  instance_started_at timestamptz,
  -- milliseconds, as the API shows it: lists are cut between two of them
  created_at timestamptz not null default date_trunc('milliseconds', clock_timestamp()),
  last_action_at timestamptz not null default clock_timestamp()
);
create index operation_tenant on operation (tenant_no, created_at, id);
create index operation_created on operation (created_at, id);
create index operation_unended on operation (created_at)
  where status not in ('succeeded', 'failed', 'canceled');
-- One backup and one restore of a tenant at a time.
create unique index operation_exclusive on operation (tenant_no, kind)
  where kind in ('tenantBackup', 'restore')
    and status in ('notStarted', 'running', 'waiting', 'paused', 'canceling');

create table job (
  tenant_no int not null,
  name text collate "C" not null,
  kind text collate "C" not null check (kind in ('tenantBackup')),
  cron text not null,
  time_zone text not null,
  spread_seconds int not null default 0,
  next_run_at timestamptz not null,
  last_run_at timestamptz,
  last_operation_id uuid,
  primary key (tenant_no, name)
);
create index job_due on job (next_run_at);

-- Where the roles of a token hold: a principal or group, and one tenant or all of them.
create table tenant_access (
  principal_id uuid not null,
  -- 0: all tenants, which is always said explicitly
  tenant_no int not null,
  kind text not null check (kind in ('user', 'group', 'servicePrincipal')),
  roles text[] not null,
  -- lets Backup.Reader and Security.Auditor see attribute values too
  attribute_values boolean not null default false,
  changed_by text not null,
  changed_at timestamptz not null default clock_timestamp(),
  primary key (principal_id, tenant_no)
);

-- What was done through the API and by the product itself; rows are only ever added.
create table audit_event (
  id bigint generated always as identity primary key,
  -- 0: the act belongs to no tenant
  tenant_no int not null default 0,
  tenant_id uuid,
  at timestamptz not null default clock_timestamp(),
  principal_id text not null,
  roles text[] not null default '{}',
  action text collate "C" not null,
  target text,
  reason text,
  -- JSON of ids, counts and names of settings
  detail text not null default '{}',
  request_id text not null
);
create index audit_event_tenant on audit_event (tenant_no, id);
create index audit_event_at on audit_event (at, id);
revoke update, delete on audit_event from entra_backup_app;

-- Answers of POST requests with a Repeatability-Request-ID, kept for 7 days.
create table repeatable_request (
  principal_id uuid not null,
  request_id uuid not null,
  tenant_no int not null default 0,
  -- hash of method, path, query and body
  fingerprint bytea not null,
  status int,
  headers text,
  body text,
  created_at timestamptz not null default clock_timestamp(),
  primary key (principal_id, request_id)
);
create index repeatable_request_created on repeatable_request (created_at);

-- Random keys that all instances share, for next links.
create table shared_key (
  name text primary key,
  value bytea not null,
  created_at timestamptz not null default clock_timestamp()
);

create function protect_registry_table(name regclass) returns void language plpgsql as $$
begin
  execute format('alter table %s enable row level security', name);
  execute format('alter table %s force row level security', name);
  execute format(
    'create policy tenant_rows on %s using (
       coalesce(nullif(current_setting(''app.tenant_no'', true), '''')::int, tenant_no) = tenant_no)',
    name);
end $$;

select protect_registry_table(t::regclass) from unnest(array['operation', 'job', 'audit_event',
  'repeatable_request']) as t;
