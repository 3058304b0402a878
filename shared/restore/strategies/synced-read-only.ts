import type { JsonObject } from '../../json/json-value.ts';
import type { RestoreStrategy } from './restore-strategy.ts';

const reason = 'The object is synchronised from an on-premises directory: restore it there.';
const isSynced = (body: JsonObject | undefined): boolean =>
  body?.['onPremisesSyncEnabled'] === true;

/**
 * The source of authority of a synchronised object is on premises: Graph refuses to change what is
 * synchronised, and a copy made here would meet its twin at the next synchronisation. In the recycle
 * bin it may be taken back, since that keeps its anchor.
 * https://learn.microsoft.com/graph/api/resources/user (onPremisesSyncEnabled)
 */
export const syncedReadOnly: RestoreStrategy = {
  name: 'synced-read-only',
  refuse: ({ live }) => (isSynced(live) ? reason : undefined),
  refuseCreation: ({ wanted }) => (isSynced(wanted) ? reason : undefined),
  refuseLinks: (_relationship, wanted) => (isSynced(wanted) ? reason : undefined),
};
