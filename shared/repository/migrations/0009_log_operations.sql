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
