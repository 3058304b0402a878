import { z } from 'zod';
import { permissionLists } from '../../shared/catalog/derive.ts';
import { objectTypes } from '../../shared/catalog/index.ts';
import type { ObjectType } from '../../shared/catalog/object-type.ts';
import { isBackupError } from '../../shared/errors/backup-error.ts';
import {
  type CollectionStateRow,
  collectionStatesAt,
} from '../../shared/repository/collection-states.ts';
import { defineRoute } from './route.ts';
import { timeText } from './schemas.ts';

const coverageBody = z
  .object({
    type: z.string(),
    level: z.enum(['restorable', 'assisted', 'evidence']),
    /** State of its collection at the newest point; `never` before the first one that knows it. */
    state: z.string(),
    asOfDateTime: timeText.optional(),
    reason: z.string().optional(),
    captured: z.array(z.string()),
    notCaptured: z.array(z.string()),
    requiredPermissions: z.array(z.string()),
    /** Left out when the sign-in failed, so that nothing is known. */
    missingPermissions: z.array(z.string()).optional(),
    documentation: z.string(),
  })
  .meta({ id: 'Coverage' });

defineRoute(
  {
    name: 'getCoverage',
    method: 'GET',
    path: '/tenants/{tenantId}/coverage',
    summary: 'For each object type: what was captured, what can be restored, what is missing',
    replies: {
      200: {
        description: 'All types of the catalogue',
        body: z.object({ restorePoint: z.number().optional(), value: z.array(coverageBody) }),
      },
    },
  },
  async ({ tx, tenant }, held: ReadonlySet<string> | undefined) => {
    const point = tenant.headPoint;
    const states = point === 0 ? [] : await collectionStatesAt(tx, point);
    const value = objectTypes.map((type) =>
      coverageOf(
        type,
        states.find(({ collection }) => collection === type.name),
        held,
      ),
    );
    return { status: 200, body: { ...(point === 0 ? {} : { restorePoint: point }), value } };
  },
  async ({ services, tenant }) => {
    try {
      return new Set(await services.permissions(tenant, 'backup'));
    } catch (error) {
      if (!isBackupError(error, 'signInFailed', 'settingsInvalid', 'graphUnavailable')) throw error;
      return undefined;
    }
  },
);

function coverageOf(
  type: ObjectType,
  state: CollectionStateRow | undefined,
  held: ReadonlySet<string> | undefined,
): z.input<typeof coverageBody> {
  const { read } = permissionLists([type]);
  const parts = [...type.children, ...type.facets].map((part) => part.name);
  const captured = state?.captured ?? [];
  return {
    type: type.name,
    level: type.level,
    state: state?.state ?? 'never',
    asOfDateTime: state?.asOf?.toISOString(),
    reason: state?.reason ?? undefined,
    captured: [...captured],
    notCaptured: [...type.select, ...parts].filter((name) => !captured.includes(name)),
    requiredPermissions: [...read],
    ...(held && { missingPermissions: read.filter((permission) => !held.has(permission)) }),
    documentation: type.documentation,
  };
}
