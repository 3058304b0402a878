import { z } from 'zod';
import { isBackupError } from '../../shared/errors/backup-error.ts';
import { type CopyLag, copyLag } from '../../shared/log-backup/copy-state.ts';
import { logSources } from '../../shared/model/log-source.ts';
import type { Tenant } from '../../shared/model/tenant.ts';
import type { Transaction } from '../../shared/repository/database.ts';
import { type LogCopyRow, listLogCopies } from '../../shared/repository/log-copies.ts';
import { type LogRetentionRun, listLogRetentions } from '../../shared/repository/log-retentions.ts';
import { copyLags, type CopyLag as TenantCopyLag } from '../../shared/repository/tenant-copies.ts';
import { withinLimit } from '../component-health.ts';
import { copyPlaces } from '../copy-parts.ts';
import { logPlaces } from '../log-parts.ts';
import { chainOf, logCopyContext } from '../log-upkeep-parts.ts';
import type { Services } from '../services.ts';
import { defineRoute } from './route.ts';
import { timeText } from './schemas.ts';

const failed = { failure: z.string().optional(), failedDateTime: timeText.optional() };

const logCopyBody = z
  .object({
    source: z.enum(logSources),
    /** Numbers of the newest manifests: of the primary, copied, and read back from the secondary. */
    head: z.number(),
    copied: z.number(),
    verified: z.number(),
    manifestsBehind: z.number(),
    secondsBehind: z.number(),
    /** Left out while the primary does not answer. */
    bytesBehind: z.number().optional(),
    bytesAreLowerBound: z.boolean().optional(),
    /** Segments of the secondary that did not read back. */
    defects: z.number(),
    checkedDateTime: timeText.optional(),
    ...failed,
  })
  .meta({ id: 'LogCopy' });

const tenantCopyBody = z
  .object({
    container: z.number(),
    description: z.string(),
    /** The newest point that the container holds; 0 before the first. */
    restorePoint: z.number(),
    pointsBehind: z.number(),
    secondsBehind: z.number(),
    copiedDateTime: timeText.optional(),
    ...failed,
  })
  .meta({ id: 'TenantCopy' });

const retentionBody = z
  .object({
    source: z.string(),
    repository: z.string(),
    ranDateTime: timeText,
    manifests: z.number(),
    containers: z.number(),
    bytes: z.number(),
    orphansRemoved: z.number(),
    orphansRetained: z.number(),
    /** Why something older than the retention is still there. */
    kept: z
      .object({
        number: z.number(),
        reason: z.string(),
        detail: z.string(),
        until: timeText.optional(),
      })
      .optional(),
    failure: z.string().optional(),
  })
  .meta({ id: 'RetentionRun' });

defineRoute(
  {
    name: 'getCopies',
    method: 'GET',
    path: '/tenants/{tenantId}/copies',
    summary: 'How far the copies of logs and of the tenant are behind, and what retention did',
    replies: {
      200: {
        description: 'All copies',
        body: z.object({
          logs: z.array(logCopyBody),
          tenantCopies: z.array(tenantCopyBody),
          retention: z.array(retentionBody),
        }),
      },
    },
  },
  async ({ tx, services, now }, lags: Lags | undefined) => {
    const hasSecondary = logPlaces(services)?.secondary !== undefined;
    const rows = hasSecondary ? await listLogCopies(tx) : [];
    const copies = await tenantCopyLags(tx, services, now);
    const runs = await listLogRetentions(tx);
    return {
      status: 200,
      body: {
        logs: logSources.flatMap((source) => {
          const row = rows.find((each) => each.source === source);
          return row === undefined ? [] : [showLogCopy(row, source, lags?.get(source), now)];
        }),
        tenantCopies: copies.map(showTenantCopy),
        retention: runs.map(showRetention),
      },
    };
  },
  readLags,
);

type Lags = ReadonlyMap<string, CopyLag>;

/** What waits in the primary, asked of it for chains that are behind; the rows alone are older. */
async function readLags({
  services,
  tenant,
}: {
  readonly services: Services;
  readonly tenant: Tenant;
}): Promise<Lags | undefined> {
  if (logPlaces(services)?.secondary === undefined) return undefined;
  const rows = await services.database.withTenant(tenant.tenantNo, listLogCopies);
  const found = new Map<string, CopyLag>();
  const ask = async (source: (typeof logSources)[number]): Promise<void> => {
    const context = logCopyContext(services, chainOf(tenant.tenantId, source));
    try {
      found.set(source, await withinLimit(copyLag(context)));
    } catch (error) {
      // the primary or the cache does not answer: the row says less, and says it all the same
      if (!isBackupError(error)) throw error;
    }
  };
  const behind = rows.filter(({ head, copied }) => head > copied).map(({ source }) => source);
  await Promise.all(logSources.filter((source) => behind.includes(source)).map(ask));
  return found;
}

function showLogCopy(
  row: LogCopyRow,
  source: z.input<typeof logCopyBody>['source'],
  lag: CopyLag | undefined,
  now: Date,
): z.input<typeof logCopyBody> {
  const { head, copied, verified, defects, behindSince, checkedAt, failure, failedAt } = row;
  const since = behindSince === null ? 0 : (now.getTime() - behindSince.getTime()) / 1000;
  return {
    ...{ source, head, copied, verified, defects },
    manifestsBehind: lag?.manifests ?? Math.max(0, head - copied),
    secondsBehind: Math.round(lag?.seconds ?? Math.max(0, since)),
    ...(lag === undefined && head > copied ? {} : { bytesBehind: lag?.bytes ?? 0 }),
    ...(lag?.isBytesBound === true ? { bytesAreLowerBound: true } : {}),
    checkedDateTime: checkedAt?.toISOString(),
    failure: failure ?? undefined,
    failedDateTime: failedAt?.toISOString(),
  };
}

interface PlacedCopyLag extends Omit<TenantCopyLag, 'container'> {
  /** Place in TENANT_COPY_REPOSITORIES, from 0. */
  readonly container: number;
  readonly description: string;
}

/** How far each container of TENANT_COPY_REPOSITORIES is, in their order. */
export async function tenantCopyLags(
  tx: Transaction,
  services: Services,
  now: Date,
): Promise<PlacedCopyLag[]> {
  const names = copyDescriptions(services);
  if (names.length === 0) return [];
  const lags = await copyLags(tx, names, now);
  return names.flatMap((description, container) => {
    const lag = lags.find((each) => each.container === description);
    return lag === undefined ? [] : [{ ...lag, container, description }];
  });
}

/** None when a setting does not open: health says what is wrong with it. */
function copyDescriptions(services: Services): string[] {
  try {
    return copyPlaces(services).map(({ store }) => store.description);
  } catch (error) {
    if (!isBackupError(error, 'settingsInvalid', 'keyUnavailable')) throw error;
    return [];
  }
}

function showTenantCopy(lag: PlacedCopyLag): z.input<typeof tenantCopyBody> {
  const { container, description, pointsBehind, failure } = lag;
  return {
    ...{ container, description, pointsBehind },
    restorePoint: lag.copiedPoint,
    secondsBehind: Math.round(lag.secondsBehind),
    copiedDateTime: lag.copiedAt?.toISOString(),
    failure: failure ?? undefined,
    failedDateTime: lag.failedAt?.toISOString(),
  };
}

function showRetention(run: LogRetentionRun): z.input<typeof retentionBody> {
  const { ranAt, orphansThrough: _, kept, ...rest } = run;
  return {
    ...rest,
    ranDateTime: ranAt.toISOString(),
    ...(kept === undefined ? {} : { kept: { ...kept } }),
  };
}
