-- Where the copies of each tenant stand (DESIGN 10): one row per copy container. The container is the
-- truth: a row that is lost, or that a rebuilt database does not have, is read from its newest manifest.
create table tenant_copy (
  tenant_no int not null,
  -- what the store calls itself: account and container, or the folder
  container text collate "C" not null,
  -- newest manifest, and the point up to which it copies
  number int not null default 0,
  copied_point int not null default 0,
  copied_at timestamptz,
  -- when it was last compared with the tenant: labels and holds change without a new point
  checked_at timestamptz,
  -- the copy under way: what it covers, the segments that are stored, the last row copied
  progress text,
  -- changes with every write, so that of two workers one goes on
  revision int not null default 0,
  failure text,
  failed_at timestamptz,
  primary key (tenant_no, container)
);
select protect_registry_table('tenant_copy');

-- A rebuilt tenant keeps its keys; new ones begin behind them.
do $$ begin
  if exists (select from pg_roles where rolname = 'entra_backup_app') then
    grant update on sequence object_key to entra_backup_app;
  end if;
end $$;
