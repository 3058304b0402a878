import { z } from 'zod';
import { permissionLists } from '../../shared/catalog/derive.ts';
import { objectTypes } from '../../shared/catalog/index.ts';
import type { ObjectType } from '../../shared/catalog/object-type.ts';
import { BackupError } from '../../shared/errors/backup-error.ts';
import { logSourceEntries } from '../../shared/log-backup/log-sources.ts';
import type { Tenant } from '../../shared/model/tenant.ts';
import type { GraphPurpose, Services } from '../services.ts';
import { missingPermissions } from './permission-gaps.ts';
import { defineRoute } from './route.ts';

const purposes = ['backup', 'restore'] as const;
const check = z.object({
  ok: z.boolean(),
  code: z.string().optional(),
  message: z.string().optional(),
});

const resultBody = z
  .object({
    purpose: z.enum(purposes),
    signIn: check,
    /** One small request to Graph; left out when the sign-in failed. */
    graph: check.optional(),
    permissions: z.object({
      held: z.array(z.string()),
      missing: z.array(z.string()),
      /** Of the reader: permissions to write, which it should not hold. */
      excessive: z.array(z.string()),
    }),
    types: z.array(z.object({ type: z.string(), missing: z.array(z.string()) })),
  })
  .meta({ id: 'ConnectionTest' });

defineRoute(
  {
    name: 'testConnection',
    method: 'POST',
    path: '/tenants/{tenantId}/connectionTest',
    summary: 'Signs in to the tenant, calls Graph once and compares permissions with the catalogue',
    body: z.strictObject({
      purposes: z.array(z.enum(purposes)).min(1).default(['backup', 'restore']),
    }),
    bodyOptional: true,
    act: 'tenant.testConnection',
    replies: {
      200: { description: 'What was found', body: z.object({ results: z.array(resultBody) }) },
    },
  },
  async (_context, results: readonly z.infer<typeof resultBody>[]) => ({
    status: 200,
    body: { results },
    audit: { signedIn: results.filter(({ signIn }) => signIn.ok).map(({ purpose }) => purpose) },
  }),
  async ({ services, tenant, body }) => {
    const wanted = (body as { purposes: readonly GraphPurpose[] }).purposes;
    return await Promise.all(wanted.map((purpose) => testPurpose(services, tenant, purpose)));
  },
);

async function testPurpose(
  services: Services,
  tenant: Tenant,
  purpose: GraphPurpose,
): Promise<z.infer<typeof resultBody>> {
  const signIn = await outcome(() => services.permissions(tenant, purpose));
  const held = signIn.value ?? [];
  const isIn = signIn.value !== undefined;
  const graph = isIn ? await outcome(() => callOnce(services, tenant, purpose)) : undefined;
  const lists = permissionLists();
  const needed =
    purpose === 'backup'
      ? [...lists.read, ...logPermissions(services)]
      : [...lists.read, ...lists.restore];
  const types = missingPermissions(objectTypes, new Set(held), purpose);
  return {
    purpose,
    signIn: signIn.check,
    ...(graph === undefined ? {} : { graph: graph.check }),
    permissions: {
      held: [...held],
      missing: isIn ? needed.filter((permission) => !held.includes(permission)) : [],
      excessive: purpose === 'backup' ? held.filter((name) => /ReadWrite|\.Manage/.test(name)) : [],
    },
    types: isIn ? types : [],
  };
}

/** Of the logs, where they are backed up. */
function logPermissions({ settings }: Services): string[] {
  if (settings.primaryLogRepository === undefined) return [];
  return [...new Set(Object.values(logSourceEntries).map(({ permission }) => permission))];
}

async function callOnce(
  services: Services,
  tenant: Tenant,
  purpose: GraphPurpose,
): Promise<number> {
  const type: ObjectType = objectTypes[0];
  const page = await services.newGraph(tenant, purpose).page({
    path: type.collection,
    apiVersion: type.apiVersion,
    service: type.service,
    query: { $select: 'id', $top: '1' },
  });
  return page.items.length;
}

/** A failure that the catalogue of errors knows is a finding of the test, not an error of the request. */
async function outcome<T>(
  work: () => Promise<T>,
): Promise<{ readonly value?: T; readonly check: z.infer<typeof check> }> {
  try {
    return { value: await work(), check: { ok: true } };
  } catch (error) {
    if (!(error instanceof BackupError)) throw error;
    return { check: { ok: false, code: error.code, message: `${error.message}. ${error.hint}` } };
  }
}
