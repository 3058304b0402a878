// What is known of the logs of a tenant: how their collection stands, and what can be said of each hour.
// Counts and times only; records are shown by log-search.ts.
import { z } from 'zod';
import { BackupError } from '../../shared/errors/backup-error.ts';
import { readHourStatements } from '../../shared/log-backup/hour-statements.ts';
import { PREMIUM_DAYS } from '../../shared/log-backup/licence.ts';
import { quotaOutlook } from '../../shared/log-backup/quota-outlook.ts';
import type { HourStatement } from '../../shared/log-backup/source-state.ts';
import { type LogSource, logSources } from '../../shared/model/log-source.ts';
import type { Tenant } from '../../shared/model/tenant.ts';
import {
  findLogSource,
  type LogSourceRow,
  listLogSources,
} from '../../shared/repository/log-sources.ts';
import { requireLogPlace } from '../log-parts.ts';
import type { Services } from '../services.ts';
import { defineRoute } from './route.ts';
import { time, timeText } from './schemas.ts';

const HOUR_MS = 3_600_000;
const MOST_HOURS = 31 * 24;

const sourceBody = z
  .object({
    source: z.enum(logSources),
    state: z
      .enum(['never', 'collecting', 'caughtUp', 'notLicensed', 'refused', 'failed'])
      .meta({ description: 'never: no backup has asked for this log yet' }),
    code: z.string().optional(),
    permission: z.string().optional(),
    readThrough: z.string().optional().meta({
      description: 'Everything before this time was read once, or is a gap that is stated',
    }),
    caughtUpDateTime: timeText.optional(),
    retentionDays: z.number().optional().meta({
      description: 'Days that Microsoft keeps this log for the tenant',
    }),
    unansweredWindows: z.number().optional(),
    neededRequestsPerHour: z.number().optional(),
    operationId: z.string().optional(),
  })
  .meta({ id: 'LogState' });

const quotaBody = z.object({
  neededRequestsPerHour: z.number(),
  possibleRequestsPerHour: z.number(),
  keepsUp: z.boolean(),
  statement: z.string().optional(),
});

defineRoute(
  {
    name: 'listLogs',
    method: 'GET',
    path: '/tenants/{tenantId}/logs',
    summary: 'How the backup of each log stands, and whether the quota of Graph keeps up',
    replies: {
      200: {
        description: 'All logs',
        body: z.object({ value: z.array(sourceBody), quota: quotaBody }),
      },
    },
  },
  async ({ tx }) => {
    const rows = await listLogSources(tx);
    const { needed, possible, keepsUp, statement } = quotaOutlook(
      rows.map(({ neededRequests }) => neededRequests),
    );
    const quota = { neededRequestsPerHour: needed, possibleRequestsPerHour: possible, keepsUp };
    const value = logSources.map((source) => {
      const row = rows.find((each) => each.source === source);
      return row === undefined ? { source, state: 'never' } : shown(row);
    });
    const said = statement === undefined ? {} : { statement };
    return { status: 200, body: { value, quota: { ...quota, ...said } } };
  },
);

function shown(row: LogSourceRow): z.input<typeof sourceBody> {
  return {
    source: row.source,
    state: stateOf(row),
    code: row.code,
    permission: row.permission,
    readThrough: row.readThrough,
    caughtUpDateTime: row.caughtUpAt?.toISOString(),
    retentionDays: row.retentionDays,
    unansweredWindows: row.unanswered,
    neededRequestsPerHour: row.neededRequests,
    operationId: row.operationId,
  };
}

function stateOf({ outcome, code }: LogSourceRow): z.input<typeof sourceBody>['state'] {
  if (outcome === 'more' || outcome === 'throttled') return 'collecting';
  return code === 'graphNotLicensed' ? 'notLicensed' : outcome;
}

const hourBody = z
  .object({
    hour: timeText,
    records: z.number().meta({ description: 'Records with different ids' }),
    versions: z.number().meta({ description: 'Further contents of those records' }),
    readTimes: z.number().meta({ description: 'Reads of the whole hour so far: 0 to 5' }),
    complete: z.boolean().meta({
      description:
        'A read 25 hours after the hour, or later, found nothing more, and no gap is in it',
    }),
    gaps: z.array(z.object({ from: z.string(), to: z.string(), reason: z.string() })),
  })
  .meta({ id: 'LogHour' });

const hourParams = z.strictObject({ source: z.enum(logSources) });
const hourQuery = z.strictObject({
  from: time,
  to: time,
  repository: z.enum(['primary', 'secondary']).default('primary'),
});

defineRoute(
  {
    name: 'listLogHours',
    method: 'GET',
    path: '/tenants/{tenantId}/logs/{source}/hours',
    summary: 'Count, completeness and gaps of each hour of one log, by the manifests alone',
    params: hourParams,
    query: hourQuery,
    replies: {
      200: { description: 'The hours, oldest first', body: z.object({ value: z.array(hourBody) }) },
    },
  },
  async (_context, statements: readonly HourStatement[]) => ({
    status: 200,
    body: { value: statements.map(shownHour) },
  }),
  async ({ services, tenant, params, query }) => {
    const { source } = params as z.output<typeof hourParams>;
    return await statementsOf(services, tenant, source, query as z.output<typeof hourQuery>);
  },
);

async function statementsOf(
  services: Services,
  { tenantNo, tenantId }: Tenant,
  source: LogSource,
  { from, to, repository: name }: z.output<typeof hourQuery>,
): Promise<HourStatement[]> {
  const hours = (to.getTime() - from.getTime()) / HOUR_MS;
  if (!(hours > 0 && hours <= MOST_HOURS)) {
    throw new BackupError('invalidParameter', `to is not within ${MOST_HOURS} hours after from`, {
      details: { target: 'to' },
    });
  }
  const { repository } = requireLogPlace(services, name);
  const row = await services.database.withTenant(tenantNo, (tx) => findLogSource(tx, source));
  const chain = {
    ...{ tenant: tenantId, source, repository },
    retentionDays: row?.retentionDays ?? PREMIUM_DAYS,
  };
  return await readHourStatements(chain, hourOf(from), hourOf(new Date(to.getTime() - 1)));
}

const hourOf = (at: Date): string => at.toISOString().slice(0, 13);

function shownHour(statement: HourStatement): z.input<typeof hourBody> {
  const { hour, records, versions, sweep, complete, gaps } = statement;
  return {
    hour: `${hour}:00:00Z`,
    ...{ records, versions, readTimes: sweep + 1, complete, gaps: [...gaps] },
  };
}
