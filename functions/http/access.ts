import { createHash } from 'node:crypto';
import { z } from 'zod';
import { BackupError } from '../../shared/errors/backup-error.ts';
import {
  type AccessEntry,
  entriesOf,
  hasOtherHolder,
  isAccessEmpty,
  listPrincipals,
  lockAccess,
  replaceEntries,
} from '../../shared/repository/access.ts';
import type { Transaction } from '../../shared/repository/database.ts';
import { findTenant } from '../../shared/repository/tenants.ts';
import { roles } from './caller.ts';
import { checkPrecondition } from './precondition.ts';
import { invalid } from './request-input.ts';
import { defineRegistryRoute } from './route.ts';
import { guid, pageOf, pageQuery } from './schemas.ts';

const assignment = z
  .strictObject({
    tenantId: guid.optional(),
    allTenants: z.literal(true).optional(),
    roles: z.array(z.enum(roles)).min(1),
    attributeValues: z.boolean().default(false),
  })
  .refine((value) => (value.tenantId === undefined) !== (value.allTenants === undefined), {
    error: 'needs either tenantId or allTenants: true',
  })
  .meta({ id: 'AccessAssignment' });

const accessInput = z.strictObject({
  kind: z.enum(['user', 'group', 'servicePrincipal']).default('user'),
  assignments: z.array(assignment).min(1).max(200),
});

const accessBody = z
  .object({
    principalId: z.string(),
    kind: z.enum(['user', 'group', 'servicePrincipal']),
    assignments: z.array(
      z.object({
        tenantId: z.string().optional(),
        allTenants: z.literal(true).optional(),
        roles: z.array(z.string()),
        attributeValues: z.boolean(),
      }),
    ),
    etag: z.string(),
  })
  .meta({ id: 'Access' });

const params = z.strictObject({ principalId: guid });

defineRegistryRoute(
  {
    name: 'listAccess',
    method: 'GET',
    path: '/access',
    summary: 'Who holds which roles where',
    query: pageQuery,
    allTenants: true,
    replies: { 200: { description: 'A page of principals', body: pageOf(accessBody) } },
  },
  async ({ tx, top, position, page }) => {
    const entries = await listPrincipals(tx, top + 1, position(z.uuid()));
    const byPrincipal = Map.groupBy(entries, (entry) => entry.principalId);
    const ids = [...byPrincipal.keys()];
    const shown = ids.slice(0, top);
    return page(
      shown.map((id) => show(id, byPrincipal.get(id) ?? [])),
      ids.length > top ? shown.at(-1) : undefined,
    );
  },
);

defineRegistryRoute(
  {
    name: 'getAccess',
    method: 'GET',
    path: '/access/{principalId}',
    summary: 'What one principal or group holds',
    params,
    allTenants: true,
    replies: { 200: { description: 'The access', body: accessBody } },
  },
  async ({ tx, params: { principalId } }) => {
    const entries = await entriesOf(tx, [principalId]);
    if (entries.length === 0) throw new BackupError('notFound', `no access of ${principalId}`);
    return replyOf(200, principalId, entries);
  },
);

defineRegistryRoute(
  {
    name: 'putAccess',
    method: 'PUT',
    path: '/access/{principalId}',
    summary: 'Says where the roles of a principal or group hold; replaces what it held before',
    params,
    body: accessInput,
    act: 'access.replace',
    allTenants: true,
    replies: {
      200: { description: 'Replaced', body: accessBody },
      201: { description: 'Created', body: accessBody },
    },
  },
  async ({ tx, params: { principalId }, body, access, header }) => {
    await lockAccess(tx);
    const before = await entriesOf(tx, [principalId]);
    checkPrecondition(header, before.length === 0 ? undefined : etagOf(before));
    const entries = await entriesFrom(tx, principalId, body);
    await refuseLockOut(tx, principalId, entries, before);
    await replaceEntries(tx, principalId, entries, access.caller.objectId);
    const after = await entriesOf(tx, [principalId]);
    const audit = { assignments: after.map((entry) => [entry.tenantNo, ...entry.roles]) };
    return { ...replyOf(before.length === 0 ? 201 : 200, principalId, after), audit };
  },
);

defineRegistryRoute(
  {
    name: 'deleteAccess',
    method: 'DELETE',
    path: '/access/{principalId}',
    summary: 'Takes all roles from a principal or group',
    params,
    act: 'access.remove',
    allTenants: true,
    replies: { 204: { description: 'Nothing is held any more' } },
  },
  async ({ tx, params: { principalId }, access, header }) => {
    await lockAccess(tx);
    const before = await entriesOf(tx, [principalId]);
    if (before.length === 0) return { status: 204 };
    checkPrecondition(header, etagOf(before));
    await refuseLockOut(tx, principalId, [], before);
    await replaceEntries(tx, principalId, [], access.caller.objectId);
    return { status: 204 };
  },
);

async function entriesFrom(
  tx: Transaction,
  principalId: string,
  body: z.output<typeof accessInput>,
): Promise<AccessEntry[]> {
  const entries: AccessEntry[] = [];
  for (const { tenantId, roles: held, attributeValues } of body.assignments) {
    const tenant = tenantId === undefined ? { tenantNo: 0 } : await findTenant(tx, tenantId);
    if (tenant === undefined) throw invalid('names a tenant that is not registered', 'assignments');
    if (entries.some((entry) => entry.tenantNo === tenant.tenantNo)) {
      throw invalid('names a tenant twice', 'assignments');
    }
    const { tenantNo } = tenant;
    entries.push({
      principalId,
      kind: body.kind,
      tenantNo,
      roles: [...new Set(held)].sort(),
      attributeValues,
    });
  }
  return entries;
}

/**
 * Somebody has to stay administrator of all tenants: with any entry in the table the initial
 * administrators of the settings hold nothing any more.
 */
async function refuseLockOut(
  tx: Transaction,
  principalId: string,
  entries: readonly AccessEntry[],
  before: readonly AccessEntry[],
): Promise<void> {
  const isAdmin = (entry: AccessEntry): boolean =>
    entry.tenantNo === 0 && entry.roles.includes('Backup.Admin');
  if (entries.some(isAdmin)) return;
  if (!before.some(isAdmin) && !(await isAccessEmpty(tx))) return;
  if (await hasOtherHolder(tx, 'Backup.Admin', principalId)) return;
  throw new BackupError(
    'wouldLockOut',
    'nobody would hold Backup.Admin in all tenants: give it to somebody first',
  );
}

function etagOf(entries: readonly AccessEntry[]): string {
  const text = JSON.stringify(entries.map(({ tenantId: _id, ...stored }) => stored));
  return `"${createHash('sha256').update(text).digest('hex').slice(0, 24)}"`;
}

function show(principalId: string, entries: readonly AccessEntry[]): z.input<typeof accessBody> {
  return {
    principalId,
    kind: entries[0]?.kind ?? 'user',
    assignments: entries.map((entry) => ({
      ...(entry.tenantNo === 0 ? { allTenants: true as const } : { tenantId: entry.tenantId }),
      roles: [...entry.roles],
      attributeValues: entry.attributeValues,
    })),
    etag: etagOf(entries),
  };
}

function replyOf(status: number, principalId: string, entries: readonly AccessEntry[]) {
  return { status, body: show(principalId, entries), headers: { etag: etagOf(entries) } };
}
