import { z } from 'zod';
import { BackupError } from '../../shared/errors/backup-error.ts';
import {
  type CollectionProgress,
  collectionProgress,
  findSession,
  listSessions,
  type SessionRecord,
} from '../../shared/repository/session-history.ts';
import { defineRoute } from './route.ts';
import { guid, pageOf, pageQuery, timeText } from './schemas.ts';

const sessionBody = z
  .object({
    id: z.string(),
    operationId: z.string(),
    mode: z.string(),
    state: z.enum(['open', 'committed', 'abandoning', 'abandoned']),
    restorePoint: z.number().optional(),
    endReason: z.string().optional(),
    startedDateTime: timeText,
    endedDateTime: timeText.optional(),
  })
  .meta({ id: 'Session' });

const collectionBody = z.object({
  collection: z.string(),
  mode: z.string(),
  phase: z.string(),
  outcome: z.string().optional(),
  reason: z.string().optional(),
  rounds: z.number(),
  failures: z.number(),
  unsettled: z.number(),
  quarantined: z.number(),
  notCaptured: z.array(z.string()),
  statistics: z.record(z.string(), z.unknown()),
});

const position = z.object({ startedAt: z.iso.datetime(), id: z.uuid() });

defineRoute(
  {
    name: 'listSessions',
    method: 'GET',
    path: '/tenants/{tenantId}/sessions',
    summary: 'Runs of the tenant backup, newest first',
    query: pageQuery,
    replies: { 200: { description: 'A page', body: pageOf(sessionBody) } },
  },
  async ({ tx, top, position: at, page }) => {
    const after = at(position);
    const found = await listSessions(
      tx,
      top + 1,
      after && { startedAt: new Date(after.startedAt), id: after.id },
    );
    const shown = found.slice(0, top);
    const last = found.length > top ? shown.at(-1) : undefined;
    const next = last && { startedAt: last.startedAt.toISOString(), id: last.id };
    return page(shown.map(showSession), next);
  },
);

defineRoute(
  {
    name: 'getSession',
    method: 'GET',
    path: '/tenants/{tenantId}/sessions/{sessionId}',
    summary: 'One run with what it did in each collection',
    params: z.strictObject({ sessionId: guid }),
    replies: {
      200: {
        description: 'The session',
        body: sessionBody.extend({ collections: z.array(collectionBody) }),
      },
    },
  },
  async ({ tx, params: { sessionId } }) => {
    const session = await findSession(tx, sessionId);
    if (session === undefined) throw new BackupError('notFound', `no session ${sessionId}`);
    const collections = await collectionProgress(tx, sessionId);
    return {
      status: 200,
      body: { ...showSession(session), collections: collections.map(showCollection) },
    };
  },
);

function showSession(session: SessionRecord): object {
  return {
    id: session.id,
    operationId: session.operationId,
    mode: session.mode,
    state: session.state,
    ...(session.state === 'committed' ? { restorePoint: session.point } : {}),
    ...(session.endReason === null ? {} : { endReason: session.endReason }),
    startedDateTime: session.startedAt.toISOString(),
    ...(session.endedAt === null ? {} : { endedDateTime: session.endedAt.toISOString() }),
  };
}

function showCollection(row: CollectionProgress): z.input<typeof collectionBody> {
  const { outcome, reason, statistics, notCaptured, ...rest } = row;
  return {
    ...rest,
    ...(outcome === null ? {} : { outcome }),
    ...(reason === null ? {} : { reason }),
    notCaptured: [...notCaptured],
    statistics: JSON.parse(statistics) as Record<string, unknown>,
  };
}
