// Which roles may use which route: the one table of it. A route that is not listed cannot be defined,
// and a test walks every registered route through this table.
import type { Role } from './caller.ts';

/** public: without a token. own: the roles hold in the tenant of the path, or in any for lists. */
type Allowed = 'public' | readonly Role[];

const readers: readonly Role[] = [
  'Backup.Reader',
  'Backup.Operator',
  'Restore.Operator',
  'Backup.Admin',
  'Security.Auditor',
];
const everyone: readonly Role[] = [...readers, 'Restore.Approver'];
const admins: readonly Role[] = ['Backup.Admin'];
const auditors: readonly Role[] = ['Backup.Admin', 'Security.Auditor'];
const backupOperators: readonly Role[] = ['Backup.Operator', 'Backup.Admin'];
const restoreOperators: readonly Role[] = ['Restore.Operator'];
/** Records of logs are values through and through: who may read them is said by the role alone. */
const logReaders: readonly Role[] = ['Security.Auditor', 'Backup.Admin'];

export const routeAccess = {
  healthLive: 'public',
  healthReady: 'public',
  openApi: 'public',

  listOperations: everyone,
  getOperation: everyone,
  cancelOperation: ['Backup.Operator', 'Restore.Operator', 'Backup.Admin', 'Security.Auditor'],

  listAccess: auditors,
  getAccess: auditors,
  putAccess: admins,
  deleteAccess: admins,
  listAuditEvents: auditors,

  listTenants: everyone,
  getTenant: everyone,
  putTenant: admins,
  patchTenant: admins,
  deleteTenant: admins,
  testConnection: ['Backup.Operator', 'Restore.Operator', 'Backup.Admin'],
  getCoverage: readers,
  getCopies: readers,

  createVerification: backupOperators,
  getVerification: readers,
  createLogRepair: admins,
  getLogRepair: readers,

  startBackup: backupOperators,
  startLogBackup: backupOperators,
  listLogs: readers,
  listLogHours: readers,
  listSessions: readers,
  getSession: readers,

  listRestorePoints: everyone,
  getRestorePoint: everyone,
  patchRestorePoint: backupOperators,
  acknowledgeRestorePoint: backupOperators,

  searchObjects: readers,
  getObject: readers,
  listLinks: readers,
  getHistory: readers,

  searchLogs: logReaders,
  createLogExport: logReaders,
  getLogExport: logReaders,
  getLogExportContent: logReaders,
  createLogRestore: admins,

  createComparison: readers,
  listComparisons: readers,
  getComparison: everyone,
  getComparisonSummary: everyone,
  listDifferences: everyone,

  createRestorePlan: restoreOperators,
  listRestorePlans: everyone,
  getRestorePlan: everyone,
  listRestorePlanSteps: everyone,
  getRestorePlanDocument: everyone,
  approveRestorePlan: ['Restore.Approver'],
  rejectRestorePlan: ['Restore.Approver'],
  withdrawRestorePlan: restoreOperators,

  createRestore: restoreOperators,
  listRestores: everyone,
  getRestore: everyone,
  listRestoreSteps: everyone,
  getRestoreReport: everyone,
  pauseRestore: restoreOperators,
  resumeRestore: restoreOperators,

  listIdentityMap: readers,
  addIdentity: restoreOperators,
} as const satisfies Readonly<Record<string, Allowed>>;

export type RouteName = keyof typeof routeAccess;

/** Roles of which one is needed; undefined for a public route. */
export function rolesFor(name: RouteName): readonly Role[] | undefined {
  const allowed: Allowed = routeAccess[name];
  return allowed === 'public' ? undefined : allowed;
}
