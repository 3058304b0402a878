import { BackupError } from '../errors/backup-error.ts';
import type { Transaction } from './database.ts';

interface RoleRow {
  readonly superuser: boolean;
  readonly bypasses: boolean;
  readonly owned: number;
}

/**
 * Refuses a role under which row level security would not be in force: a superuser, one with
 * BYPASSRLS, one that owns a table or sequence (or is a member of the owner). Throws
 * `repositoryRole`; the application calls it at start.
 */
export async function assertApplicationRole(tx: Transaction): Promise<void> {
  const role = await tx.row<RoleRow>(
    `select r.rolsuper as superuser, r.rolbypassrls as bypasses,
       (select count(*) from pg_class c join pg_namespace n on n.oid = c.relnamespace
         where n.nspname = 'public' and c.relkind in ('r', 'p', 'S', 'v', 'm')
           and pg_has_role(current_user, c.relowner, 'member')) as owned
     from pg_roles r where r.rolname = current_user`,
  );
  const wrong = role === undefined ? 'the role is unknown' : wrongAbout(role);
  if (wrong === undefined) return;
  throw new BackupError('repositoryRole', `row level security would not be in force: ${wrong}`, {
    details: { component: 'repository', requirement: 'R-P-3' },
  });
}

function wrongAbout(role: RoleRow): string | undefined {
  if (role.superuser) return 'the role is a superuser';
  if (role.bypasses) return 'the role has bypassrls';
  if (role.owned > 0) return `the role owns ${role.owned} tables or sequences`;
  return undefined;
}
