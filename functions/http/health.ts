import { z } from 'zod';
import { isBackupError } from '../../shared/errors/backup-error.ts';
import { overdueJobs } from '../../shared/repository/jobs.ts';
import { apiDocument } from './openapi-document.ts';
import { definePublicRoute, routes } from './route.ts';
import { timeText } from './schemas.ts';

const OVERDUE_MS = 5 * 60_000;

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

const readiness = z.object({
  status: z.enum(['ready', 'notReady']),
  /** What does not answer, and the requirement it belongs to. */
  component: z.string().optional(),
  requirement: z.string().optional(),
  code: z.string().optional(),
  jobs: z.object({ overdue: z.number(), overdueSince: timeText.optional() }).optional(),
});

definePublicRoute(
  {
    name: 'healthReady',
    method: 'GET',
    path: '/health/ready',
    summary: 'Whether the repository answers, and which jobs are overdue',
    replies: {
      200: { description: 'Ready', body: readiness },
      503: { description: 'Something it needs does not answer', body: readiness },
    },
  },
  async ({ services, now }) => {
    try {
      await services.verifyRepository();
      const limit = new Date(now.getTime() - OVERDUE_MS);
      const overdue = await services.database.withRegistry((tx) => overdueJobs(tx, limit));
      const since = overdue.since === null ? {} : { overdueSince: overdue.since.toISOString() };
      const jobs = { overdue: overdue.count, ...since };
      return { status: 200, body: { status: 'ready', jobs } };
    } catch (error) {
      if (!isBackupError(error, 'repositoryUnavailable', 'repositoryVersion', 'repositoryRole')) {
        throw error;
      }
      const { component, requirement } = error.details;
      return {
        status: 503,
        headers: { 'retry-after': '10' },
        body: { status: 'notReady', code: error.code, component, requirement },
      };
    }
  },
);

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
