import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { OperationView } from '../../local/stack/api-client.ts';
import { sampleTenant } from '../../local/stack/sample-tenant.ts';
import { contentHash } from '../../shared/json/canonical-text.ts';
import { type Application, startApplication } from './application.ts';

const root = resolve(import.meta.dirname, '../..');
const page = readFileSync(resolve(root, 'docs/follow-one-user.md'), 'utf8');

interface VersionRow {
  readonly from_point: number;
  readonly to_point: number;
  readonly hash: Buffer;
  readonly label: string;
  readonly body: string;
}

let app: Application;
beforeAll(async () => {
  app = await startApplication({ users: 50, groups: 12, seed: 3 });
}, 120_000);
afterAll(async () => {
  await app.close();
});

async function succeeded(operation: OperationView): Promise<string> {
  expect([operation.status, operation.error]).toEqual(['succeeded', undefined]);
  return operation.resourceLocation ?? '';
}

async function versionsOf(objectId: string): Promise<VersionRow[]> {
  return await app.db.owner.rows<VersionRow>(
    `select v.*, v.body::text as body from object o
     join object_version v on v.tenant_no = o.tenant_no and v.object_key = o.key
     where o.space = 'directory' and o.object_id = $1 order by v.from_point`,
    [objectId],
  );
}

async function userOfTheStory(): Promise<{ id: string; displayName: string }> {
  for await (const line of app.simulator.control.truth(sampleTenant.tenantId)) {
    if (line.kind !== 'object' || line.type !== 'user' || line.state !== 'live') continue;
    const { accountEnabled, onPremisesSyncEnabled, displayName, userType } = line.properties;
    const isPlain = accountEnabled === true && onPremisesSyncEnabled !== true;
    if (isPlain && userType === 'Member') return { id: line.id, displayName: String(displayName) };
  }
  throw new Error('the tenant has no plain user');
}

it('names ten files that exist and have at most 900 lines together', () => {
  const files = [...page.matchAll(/^\| \d+ \| \[([^\]]+)\]/gm)].map((match) => match[1] ?? '');
  expect(files).toHaveLength(10);
  const lines = files.map(
    (file) => readFileSync(resolve(root, file), 'utf8').split('\n').length - 1,
  );
  expect(lines.reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(900);
});

it('shows every column of the row', async () => {
  const columns = await app.db.owner.rows<{ name: string }>(
    `select column_name as name from information_schema.columns
     where table_name = 'object_version' order by ordinal_position`,
  );
  const shown = [...page.matchAll(/^([a-z_]+) +\|/gm)].map((match) => match[1]);
  expect(shown).toEqual(columns.map(({ name }) => name));
});

it('follows one user from Graph into the repository and back', async () => {
  const user = await userOfTheStory();
  await succeeded(await app.run('admin', '/backups', {}));
  const [row, ...others] = await versionsOf(user.id);
  expect(others).toEqual([]);
  expect(row).toMatchObject({ from_point: 1, to_point: 2_147_483_647, label: user.displayName });
  expect(row?.hash.equals(contentHash(row.body))).toBe(true);

  const { tenantId } = sampleTenant;
  await app.simulator.control.change(
    tenantId,
    { kind: 'delete', id: user.id },
    { kind: 'purge', id: user.id },
  );
  const comparison = await succeeded(
    await app.run('operator', '/comparisons', { from: 1, to: 'live' }),
  );
  const { value } = await app.api.call<{ value: { object: { id: string }; change: string }[] }>(
    'operator',
    'GET',
    `${comparison}/differences?type=user&change=removed`,
  );
  expect(value.map(({ object, change }) => [object.id, change])).toEqual([[user.id, 'removed']]);
  expect((await versionsOf(user.id)).map((version) => version.to_point)).toEqual([2]);

  const plan = await succeeded(
    await app.run('operator', '/restorePlans', {
      restorePoint: 1,
      selection: { objects: [{ type: 'user', id: user.id }] },
      options: {},
    }),
  );
  const { id, planHash } = await app.api.call<{ id: string; planHash: string }>(
    'operator',
    'GET',
    plan,
  );
  await app.api.call('approver', 'POST', `${plan}/approve`, { planHash, reason: 'checked' });
  const restored = await app.run('operator', '/restores', { planId: id, planHash, reason: 'back' });
  await succeeded(restored);

  const map = await app.api.call<{ value: { oldId: string; newId: string }[] }>(
    'operator',
    'GET',
    `${app.tenant}/identityMap`,
  );
  const newId = map.value.find(({ oldId }) => oldId === user.id)?.newId;
  expect(newId).toMatch(/^[0-9a-f-]{36}$/);
  expect(newId).not.toBe(user.id);
  const again = await succeeded(
    await app.run('operator', '/restorePlans', {
      restorePoint: 1,
      selection: { objects: [{ type: 'user', id: user.id }] },
      options: {},
    }),
  );
  expect(await app.api.call('operator', 'GET', again)).toMatchObject({ steps: 0 });
});
