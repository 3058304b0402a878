import * as absentLinks from './absent-links.ts';
import * as childReads from './child-reads.ts';
import * as deltaCursors from './delta-cursors.ts';
import * as fence from './fence.ts';
import * as leases from './leases.ts';
import * as linkDues from './link-dues.ts';
import * as linkPairs from './link-pairs.ts';
import * as linkReads from './link-reads.ts';
import * as linkSettlement from './link-settlement.ts';
import * as links from './links.ts';
import * as listedObjects from './listed-objects.ts';
import * as objectKeys from './object-keys.ts';
import * as objectVersions from './object-versions.ts';
import * as pageLedger from './page-ledger.ts';
import * as pageObjects from './page-objects.ts';
import * as pointPublication from './point-publication.ts';
import * as pointSummary from './point-summary.ts';
import * as roundEntries from './round-entries.ts';
import * as sessionRevert from './session-revert.ts';
import * as sessionRows from './session-rows.ts';
import * as sessionStreams from './session-streams.ts';
import * as sessionTasks from './session-tasks.ts';
import * as sessions from './sessions.ts';

/**
 * The tables a backup writes, by noun. Operations get it as an argument, because they import
 * adapters as types only.
 */
export const backupTables = {
  absentLinks,
  childReads,
  deltaCursors,
  fence,
  leases,
  linkDues,
  linkPairs,
  linkReads,
  linkSettlement,
  links,
  listedObjects,
  objectKeys,
  objectVersions,
  pageLedger,
  pageObjects,
  pointPublication,
  pointSummary,
  roundEntries,
  sessionRevert,
  sessionRows,
  sessionStreams,
  sessionTasks,
  sessions,
};

export type BackupTables = typeof backupTables;
