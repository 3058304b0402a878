-- Roles of the database (DESIGN 5). Run once per database by an administrator, idempotent.
--   entra_backup_owner  owns the schema, runs migrations, is not used by the application
--   entra_backup_app    the application: no superuser, no BYPASSRLS, owns nothing
-- Passwords are not set here: on Azure both sign in with Entra tokens, a local start sets them itself.
do $$
begin
  if not exists (select from pg_roles where rolname = 'entra_backup_owner') then
    create role entra_backup_owner login nosuperuser nobypassrls nocreatedb nocreaterole;
  end if;
  if not exists (select from pg_roles where rolname = 'entra_backup_app') then
    create role entra_backup_app login nosuperuser nobypassrls nocreatedb nocreaterole;
  end if;
end $$;

do $$
begin
  execute format('grant all on database %I to entra_backup_owner', current_database());
  execute format('revoke all on database %I from public', current_database());
  execute format('grant connect, temporary on database %I to entra_backup_app', current_database());
end $$;

alter schema public owner to entra_backup_owner;
revoke all on schema public from public;
grant usage on schema public to entra_backup_app;
alter default privileges for role entra_backup_owner in schema public
  grant select, insert, update, delete on tables to entra_backup_app;
alter default privileges for role entra_backup_owner in schema public
  grant usage, select on sequences to entra_backup_app;

-- A worker that hangs must not hold locks: the database ends it.
alter role entra_backup_app set statement_timeout = '60s';
alter role entra_backup_app set lock_timeout = '10s';
alter role entra_backup_app set idle_in_transaction_session_timeout = '15s';
