import { z } from 'zod';
import type { RestorePoint } from '../../shared/model/points.ts';
import type { CollectionStateRow } from '../../shared/repository/collection-states.ts';
import { timeText } from './schemas.ts';

const typeCounts = z.object({
  live: z.number(),
  softDeleted: z.number(),
  added: z.number(),
  changed: z.number(),
  removed: z.number(),
});

export const restorePointBody = z
  .object({
    number: z.number(),
    sessionId: z.string(),
    windowStartDateTime: timeText,
    windowEndDateTime: timeText,
    state: z.enum(['complete', 'partial']),
    suspicious: z.boolean(),
    acknowledged: z.object({ dateTime: timeText, by: z.string(), reason: z.string() }).optional(),
    reasons: z.array(
      z.object({
        code: z.string(),
        collection: z.string().optional(),
        relationship: z.string().optional(),
        detail: z.string(),
      }),
    ),
    label: z.string().optional(),
    hold: z.boolean(),
    counts: z.record(z.string(), typeCounts),
    createdDateTime: timeText,
    /** Whether the containers of TENANT_COPY_REPOSITORIES hold it, in their order. */
    copies: z
      .array(
        z.object({
          container: z.number(),
          description: z.string(),
          state: z.enum(['pending', 'copied']),
        }),
      )
      .optional(),
  })
  .meta({ id: 'RestorePoint' });

/** A container and the newest point that it holds. */
export interface PointCopies {
  readonly container: number;
  readonly description: string;
  readonly copiedPoint: number;
}

export function showPoint(
  point: RestorePoint,
  copies: readonly PointCopies[] = [],
): z.input<typeof restorePointBody> {
  const { acknowledged } = point;
  return {
    number: point.number,
    sessionId: point.sessionId,
    windowStartDateTime: point.windowStart.toISOString(),
    windowEndDateTime: point.windowEnd.toISOString(),
    state: point.state,
    suspicious: point.suspicious,
    acknowledged: acknowledged && {
      dateTime: acknowledged.at.toISOString(),
      by: acknowledged.by,
      reason: acknowledged.reason,
    },
    reasons: [...point.reasons],
    label: point.label,
    hold: point.hold,
    counts: { ...point.counts },
    createdDateTime: point.createdAt.toISOString(),
    ...(copies.length === 0
      ? {}
      : {
          copies: copies.map(({ container, description, copiedPoint }) => ({
            ...{ container, description },
            state: point.number <= copiedPoint ? ('copied' as const) : ('pending' as const),
          })),
        }),
  };
}

export const collectionStateBody = z
  .object({
    collection: z.string(),
    state: z.enum([
      'read',
      'carried-not-due',
      'carried-failed',
      'forbidden',
      'not-licensed',
      'not-in-cloud',
      'excluded',
    ]),
    windowStartDateTime: timeText.optional(),
    windowEndDateTime: timeText.optional(),
    asOfDateTime: timeText.optional(),
    unsettled: z.number(),
    reason: z.string().optional(),
    captured: z.array(z.string()),
    statistics: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'CollectionState' });

export function showCollectionState(row: CollectionStateRow): z.input<typeof collectionStateBody> {
  return {
    collection: row.collection,
    state: row.state,
    windowStartDateTime: row.windowStart?.toISOString(),
    windowEndDateTime: row.windowEnd?.toISOString(),
    asOfDateTime: row.asOf?.toISOString(),
    unsettled: row.unsettled,
    reason: row.reason ?? undefined,
    captured: [...row.captured],
    statistics: JSON.parse(row.statistics) as Record<string, unknown>,
  };
}
