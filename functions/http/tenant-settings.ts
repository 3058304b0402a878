import { z } from 'zod';
import { findObjectType } from '../../shared/catalog/index.ts';
import { logSources } from '../../shared/model/log-source.ts';
import { defaultGuards, type Tenant } from '../../shared/model/tenant.ts';
import { scheduleProblem } from '../durable/schedule-times.ts';
import { guid, isPlainText, sourceList, time } from './schemas.ts';

const tenantApp = z.strictObject({
  clientId: guid,
  credential: z
    .string()
    .max(1000)
    .regex(
      /^(federated|certificate:\S+|secret:[A-Za-z_][A-Za-z0-9_]{0,127})$/,
      'is not federated, certificate:<address or file> or secret:<setting>',
    )
    .meta({ description: 'How the application signs in; a secret is named, never given' }),
});

const schedule = z
  .strictObject({
    name: z.string().regex(/^[A-Za-z][\w-]{0,63}$/, 'is not a name of letters, digits, - and _'),
    kind: z.enum(['tenantBackup', 'logBackup']),
    cron: z.string().max(100),
    timeZone: z.string().max(64).default('UTC'),
    spreadSeconds: z.number().int().min(0).max(86_400).default(0),
    sources: sourceList.optional().meta({ description: 'Logs of a log backup; all when left out' }),
  })
  .superRefine((value, context) => {
    if (value.kind !== 'logBackup' && value.sources !== undefined) {
      const message = 'belongs to schedules of log backups only';
      context.addIssue({ code: 'custom', message, path: ['sources'] });
    }
    const problem = scheduleProblem(value);
    if (problem === undefined) return;
    const path = [problem.includes('time zone') ? 'timeZone' : 'cron'];
    context.addIssue({ code: 'custom', message: problem, path });
  });

const schedules = z
  .array(schedule)
  .max(20)
  .refine((list) => new Set(list.map(({ name }) => name)).size === list.length, {
    error: 'has two schedules with the same name',
  });

const expectedChange = z
  .strictObject({ from: time, to: time })
  .refine(({ from, to }) => from < to, { error: 'ends before it begins' })
  .transform(({ from, to }) => ({ from: from.toISOString(), to: to.toISOString() }));

const guards = z.strictObject({
  maxShare: z.number().min(0).max(1).default(defaultGuards.maxShare),
  minCount: z.number().int().min(0).max(1_000_000).default(defaultGuards.minCount),
  maxPrivileged: z.number().int().min(0).max(1000).default(defaultGuards.maxPrivileged),
  expectedChanges: z.array(expectedChange).max(50).default([]),
  acceptedForbidden: z
    .array(
      z.string().refine((name) => findObjectType(name.split(/[.:]/)[0] ?? '') !== undefined, {
        error: 'is not a collection of the catalogue',
      }),
    )
    .max(200)
    .default([]),
});

const displayName = z
  .string()
  .trim()
  .min(1, 'is empty')
  .max(256)
  .refine(isPlainText, { error: 'has control characters' });
const cloud = z.enum(['global', 'usgov', 'usgovdod', 'china']);
const state = z.enum(['active', 'paused']);
const apps = z.strictObject({ backup: tenantApp.optional(), restore: tenantApp.optional() });
// Events go to the log and the workbook; receivers of a tenant's own come with notifications.
const notifications = z.strictObject({});

/** The settings of a tenant in full; what is left out gets its default. */
export const tenantInput = z
  .strictObject({
    displayName,
    cloud: cloud.optional(),
    state: state.default('active'),
    apps: apps.default({}),
    schedules: schedules.default([]),
    guards: guards.default({ ...defaultGuards, expectedChanges: [], acceptedForbidden: [] }),
    notifications: notifications.default({}),
  })
  .meta({ id: 'TenantSettings' });

/** JSON merge patch: members given replace, also inside `apps` and `guards`; null takes away. */
export const tenantPatch = z
  .strictObject({
    displayName: z.unknown().optional(),
    cloud: z.unknown().optional(),
    state: z.unknown().optional(),
    apps: z.unknown().optional(),
    schedules: z.unknown().optional(),
    guards: z.unknown().optional(),
    notifications: z.unknown().optional(),
  })
  .meta({ id: 'TenantPatch', description: 'A merge patch of TenantSettings' });

export const tenantBody = z
  .object({
    tenantId: z.string(),
    displayName: z.string(),
    cloud,
    state,
    apps: z.object({
      backup: z.object({ clientId: z.string(), credential: z.string() }).optional(),
      restore: z.object({ clientId: z.string(), credential: z.string() }).optional(),
    }),
    schedules: z.array(
      z.object({
        name: z.string(),
        kind: z.enum(['tenantBackup', 'logBackup']),
        cron: z.string(),
        timeZone: z.string(),
        spreadSeconds: z.number(),
        sources: z.array(z.enum(logSources)).optional(),
      }),
    ),
    guards: z.object({
      maxShare: z.number(),
      minCount: z.number(),
      maxPrivileged: z.number(),
      expectedChanges: z.array(z.object({ from: z.string(), to: z.string() })),
      acceptedForbidden: z.array(z.string()),
    }),
    notifications: z.record(z.string(), z.unknown()),
    latestRestorePoint: z.number().optional(),
    etag: z.string(),
  })
  .meta({ id: 'Tenant' });

export function showTenant(tenant: Tenant): z.input<typeof tenantBody> {
  const { apps: own, guards: limits, ...rest } = tenant.configuration;
  return {
    tenantId: tenant.tenantId,
    displayName: tenant.displayName,
    cloud: tenant.cloud,
    state: tenant.state,
    apps: own,
    schedules: rest.schedules.map(({ sources, ...schedule }) => ({
      ...schedule,
      ...(sources === undefined ? {} : { sources: [...sources] }),
    })),
    guards: {
      ...limits,
      expectedChanges: [...limits.expectedChanges],
      acceptedForbidden: [...limits.acceptedForbidden],
    },
    notifications: { ...rest.notifications },
    ...(tenant.headPoint === 0 ? {} : { latestRestorePoint: tenant.headPoint }),
    etag: tenantEtag(tenant),
  };
}

export function tenantEtag(tenant: Tenant): string {
  return `"${tenant.revision}"`;
}

/** Settings as they were given, over which a patch is laid. */
export function settingsOf(tenant: Tenant): Record<string, unknown> {
  const { tenantId: _id, latestRestorePoint: _point, etag: _etag, ...rest } = showTenant(tenant);
  return rest;
}

/** RFC 7396 for plain JSON: objects are merged, null removes, anything else replaces. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isPlainObject(patch)) return patch;
  const merged: Record<string, unknown> = isPlainObject(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete merged[name];
    else merged[name] = mergePatch(merged[name], value);
  }
  return merged;
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
