// What verifications and repairs are asked to do, as it stands in their rows.
import { type LogSource, logSources } from '../shared/model/log-source.ts';
import type { LogSideName } from '../shared/retention/log-retention-context.ts';

/** Parts of what is stored of a tenant outside the database. */
export const inspectedParts = [...logSources, 'tenantCopy'] as const;
export type InspectedPart = (typeof inspectedParts)[number];

export interface VerificationRequest {
  readonly level: 'quick' | 'full';
  readonly of: readonly InspectedPart[];
  /** One log repository alone; both without it. */
  readonly repository?: LogSideName;
}

export interface LogRepairRequest {
  readonly from: LogSideName;
  readonly to: LogSideName;
  readonly sources: readonly LogSource[];
}
