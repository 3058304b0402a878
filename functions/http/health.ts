import { z } from 'zod';
import { isBackupError } from '../../shared/errors/backup-error.ts';
import { overdueJobs } from '../../shared/repository/jobs.ts';
import { overdueLogCopies } from '../../shared/repository/log-copies.ts';
import { type ComponentHealth, componentHealth, withinLimit } from '../component-health.ts';
import type { Services } from '../services.ts';
import { apiDocument } from './openapi-document.ts';
import { definePublicRoute, routes } from './route.ts';
import type { Reply } from './route-definition.ts';
import { timeText } from './schemas.ts';

const OVERDUE_MS = 5 * 60_000;
/** An outage of the secondary for so long is told. */
const COPY_OVERDUE_MS = 4 * 60 * 60_000;
const wrongRepository = ['repositoryVersion', 'repositoryRole'] as const;

definePublicRoute(
  {
    name: 'healthLive',
    method: 'GET',
    path: '/health/live',
    summary: 'Whether the process answers',
    replies: { 200: { description: 'It does', body: z.object({ status: z.literal('live') }) } },
  },
  async () => ({ status: 200, body: { status: 'live' } }),
);

const late = z.object({ overdue: z.number(), overdueSince: timeText.optional() });

const readiness = z.object({
  /** notReady: the repository does not answer, without which nothing works. */
  status: z.enum(['ready', 'notReady']),
  /** What does not answer, and the requirement it belongs to. */
  component: z.string().optional(),
  requirement: z.string().optional(),
  code: z.string().optional(),
  jobs: late.optional(),
  /** Chains of logs whose copy is behind for hours. */
  logCopies: late.optional(),
  /** Stores beside the database. A failing one delays its own jobs and leaves the app ready. */
  components: z
    .array(
      z.object({
        name: z.string(),
        container: z.number().optional(),
        status: z.enum(['ok', 'failing']),
        latencyMs: z.number().optional(),
        region: z.string().optional(),
        code: z.string().optional(),
        requirement: z.string().optional(),
      }),
    )
    .optional(),
});

definePublicRoute(
  {
    name: 'healthReady',
    method: 'GET',
    path: '/health/ready',
    summary: 'Whether the repository answers, which jobs are overdue, and which stores answer',
    replies: {
      200: { description: 'Ready', body: readiness },
      503: { description: 'Something it needs does not answer', body: readiness },
    },
  },
  async ({ services, now }) => {
    const asked = componentHealth(services);
    try {
      const late = await withinLimit(lateWork(services, now));
      return { status: 200, body: { status: 'ready', ...late, ...listed(await asked) } };
    } catch (error) {
      return notReady(error, await asked);
    }
  },
);

/** What should have been done by now; also the check that the repository is the right one. */
async function lateWork(services: Services, now: Date) {
  await services.verifyRepository();
  const before = (ms: number): Date => new Date(now.getTime() - ms);
  return await services.database.withRegistry(async (tx) => {
    const jobs = shown(await overdueJobs(tx, before(OVERDUE_MS)));
    const copies = await overdueLogCopies(tx, before(COPY_OVERDUE_MS));
    return { jobs, ...(copies.count === 0 ? {} : { logCopies: shown(copies) }) };
  });
}

function shown({ count, since }: { readonly count: number; readonly since: Date | null }) {
  return { overdue: count, ...(since === null ? {} : { overdueSince: since.toISOString() }) };
}

function notReady(error: unknown, components: readonly ComponentHealth[]): Reply {
  const known = ['unavailable', 'repositoryUnavailable', ...wrongRepository] as const;
  if (!isBackupError(error, ...known)) throw error;
  const code = error.code === 'unavailable' ? 'repositoryUnavailable' : error.code;
  const { component = 'repository', requirement = 'R-P-3' } = error.details;
  return {
    status: 503,
    headers: { 'retry-after': '10' },
    body: { status: 'notReady', code, component, requirement, ...listed(components) },
  };
}

function listed(components: readonly ComponentHealth[]) {
  return components.length === 0 ? {} : { components };
}

definePublicRoute(
  {
    name: 'openApi',
    method: 'GET',
    path: '/openapi.json',
    summary: 'This API as OpenAPI 3.1',
    replies: { 200: { description: 'The document', body: z.record(z.string(), z.unknown()) } },
  },
  async ({ baseUrl }) => ({ status: 200, body: apiDocument(routes(), baseUrl) }),
);
