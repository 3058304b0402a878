-- Tenants, objects, their versions, links and restore points (DESIGN 5).
-- Registry tables (tenant) are read before a tenant is known; every other table is a tenant table:
-- tenant_no leads its keys, and row level security is forced with the tenant of the transaction.

create table tenant (
  tenant_no int generated always as identity primary key,
  tenant_id uuid not null unique,
  display_name text not null,
  cloud text not null default 'global',
  state text not null default 'active' check (state in ('active', 'paused')),
  -- apps, schedules, guards, notifications; validated by the API, never queried inside
  configuration text not null default '{}',
  revision int not null default 1,
  head_point int not null default 0,
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp()
);

create sequence object_key as bigint cache 1;

create table object (
  tenant_no int not null,
  key bigint not null default nextval('object_key'),
  space text collate "C" not null,
  type text collate "C" not null,
  object_id text collate "C" not null,
  parent_key bigint not null default 0,
  primary key (tenant_no, key),
  unique (tenant_no, space, parent_key, object_id)
);

-- A version is valid in [from_point, to_point); open = 2147483647; one open version per object.
create table object_version (
  tenant_no int not null,
  object_key bigint not null,
  type text collate "C" not null,
  state text collate "C" not null check (state in ('live', 'softDeleted')),
  from_point int not null,
  to_point int not null default 2147483647,
  hash bytea,
  label text,
  search text,
  body json,
  end_reason text,
  purge_at timestamptz,
  primary key (tenant_no, object_key, from_point),
  check (from_point < to_point)
);
create unique index object_version_open on object_version (tenant_no, object_key)
  where to_point = 2147483647;
create index object_version_type on object_version (tenant_no, type, object_key);
create index object_version_from on object_version (tenant_no, from_point);
create index object_version_to on object_version (tenant_no, to_point)
  where to_point < 2147483647;

create table link (
  tenant_no int not null,
  relationship text collate "C" not null,
  kind text collate "C" not null check (kind in ('relation', 'embedded')),
  source bigint not null,
  target bigint not null,
  from_point int not null,
  to_point int not null default 2147483647,
  primary key (tenant_no, relationship, source, target, from_point),
  check (from_point < to_point)
);
create index link_target on link (tenant_no, target, relationship);
create index link_from on link (tenant_no, from_point);
create index link_to on link (tenant_no, to_point) where to_point < 2147483647;

create table restore_point (
  tenant_no int not null,
  number int not null,
  session_id uuid not null,
  window_start timestamptz not null,
  window_end timestamptz not null,
  state text not null check (state in ('complete', 'partial')),
  suspicious boolean not null default false,
  acknowledged_at timestamptz,
  acknowledged_by text,
  acknowledge_reason text,
  reasons text not null default '[]',
  label text,
  hold boolean not null default false,
  -- {type: {live, softDeleted, added, changed, removed}}
  counts text not null default '{}',
  -- {collection: sha256 of the sorted object hashes}
  digests text not null default '{}',
  expired_at timestamptz,
  created_at timestamptz not null default clock_timestamp(),
  primary key (tenant_no, number),
  unique (tenant_no, session_id)
);

create table collection_state (
  tenant_no int not null,
  point int not null,
  collection text collate "C" not null,
  state text not null check (state in ('read', 'carried-not-due', 'carried-failed', 'forbidden',
    'not-licensed', 'not-in-cloud', 'excluded')),
  window_start timestamptz,
  window_end timestamptz,
  as_of timestamptz,
  unsettled int not null default 0,
  reason text,
  catalogue_revision text not null,
  -- names of the properties that were captured: absent but captured means empty
  captured text[] not null default '{}',
  statistics text not null default '{}',
  primary key (tenant_no, point, collection)
);

create table identity_map (
  tenant_no int not null,
  old_key bigint not null,
  new_key bigint not null,
  restore_id uuid,
  source text not null check (source in ('restore', 'manual')),
  created_at timestamptz not null default clock_timestamp(),
  primary key (tenant_no, old_key)
);
create index identity_map_new on identity_map (tenant_no, new_key);

-- Row level security: the tenant of the transaction, or an error when it is not set. Every query
-- names its tenant as well: `coalesce` keeps the planner from counting the same condition twice,
-- which makes it expect next to no rows and choose nested loops over whole tenants; the sub-select
-- is computed once a statement.
create function protect_tenant_table(name regclass) returns void language plpgsql as $$
begin
  execute format('alter table %s enable row level security', name);
  execute format('alter table %s force row level security', name);
  execute format(
    'create policy tenant_rows on %s
       using (coalesce(tenant_no = (select current_setting(''app.tenant_no'')::int), false))
       with check (coalesce(tenant_no = (select current_setting(''app.tenant_no'')::int), false))',
    name);
end $$;

select protect_tenant_table(t::regclass) from unnest(array['object', 'object_version', 'link',
  'restore_point', 'collection_state', 'identity_map']) as t;
