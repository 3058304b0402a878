// Entry of the Functions app: imports everything that registers a function, then checks settings and
// repository once. A wrong setting, schema or role stops the start; a database that does not answer
// yet does not: requests and timers check again.
import './timers/start-due-jobs.ts';
import './timers/start-log-copies.ts';
import './timers/start-retention.ts';
import './timers/start-tenant-copies.ts';
import './orchestrators/apply-restore.ts';
import './orchestrators/backup-tenant.ts';
import './orchestrators/collect-logs.ts';
import './orchestrators/compare-states.ts';
import './orchestrators/copy-logs.ts';
import './orchestrators/copy-tenant.ts';
import './orchestrators/export-logs.ts';
import './orchestrators/plan-restore.ts';
import './orchestrators/repair-logs.ts';
import './orchestrators/retain-repositories.ts';
import './orchestrators/tidy-stores.ts';
import './orchestrators/verify-repositories.ts';
import './orchestrators/restore-logs.ts';
import './http/health.ts';
import './http/operations.ts';
import './http/access.ts';
import './http/audit-events.ts';
import './http/tenants.ts';
import './http/connection-test.ts';
import './http/copies.ts';
import './http/coverage.ts';
import './http/backups.ts';
import './http/log-backups.ts';
import './http/logs.ts';
import './http/log-exports.ts';
import './http/log-restores.ts';
import './http/log-search.ts';
import './http/sessions.ts';
import './http/restore-points.ts';
import './http/objects.ts';
import './http/links.ts';
import './http/history.ts';
import './http/restores.ts';
import './http/restore-plans.ts';
import './http/restore-control.ts';
import './http/plan-decisions.ts';
import './http/identity-map.ts';
import './http/comparisons.ts';
import './http/verifications.ts';
import './http/log-repairs.ts';
import { isBackupError } from '../shared/errors/backup-error.ts';
import { services } from './services.ts';

const { logger, verifyRepository } = services();
try {
  await verifyRepository();
} catch (error) {
  if (!isBackupError(error, 'repositoryUnavailable')) throw error;
  logger.warn('repository does not answer yet', { code: error.code });
}
