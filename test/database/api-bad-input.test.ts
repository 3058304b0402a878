import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { routes } from '../../functions/http/route.ts';
import { codeOf, createTestApi, type TestApi } from '../support/api.ts';
import { badTokens } from '../support/bad-tokens.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { badAddresses } from './bad-addresses.ts';
import {
  type BadCase,
  badRequests,
  foreignId,
  id,
  operator,
  tenantId,
  unknownId,
  who,
} from './bad-requests.ts';
import { addPoint } from './points-fixture.ts';

describe('bad input', () => {
  let test: TestDatabase;
  let api: TestApi;
  let before = '';

  beforeAll(async () => {
    test = await createTestDatabase();
    api = createTestApi(test.database);
    const no = await test.addTenant(tenantId);
    await test.addTenant(foreignId);
    await test.database.withTenant(no, (tx) => addPoint(tx, 1));
    await test.owner.rows('update tenant set head_point = 1 where tenant_no = $1', [no]);
    const all = { allTenants: true, roles: ['Backup.Admin', 'Security.Auditor'] };
    await put('/access/ad000000-0000-4000-8000-000000000001', [all]);
    await put(`/access/${operator}`, [{ tenantId, roles: ['Backup.Operator'] }]);
    before = await contents();
  });
  afterAll(async () => await test.drop());

  async function put(path: string, assignments: unknown[]): Promise<void> {
    const answer = await api.call('PUT', path, { body: { assignments } });
    expect(answer.text, path).toContain('etag');
  }

  /** Every row of every table, so that "nothing changed" means nothing; but refusals are recorded. */
  async function contents(): Promise<string> {
    const tables = await test.owner.rows<{ name: string }>(
      `select relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where n.nspname = 'public' and relkind = 'r' and relname <> 'pgmigrations' order by 1`,
    );
    const parts: string[] = [];
    for (const { name } of tables) {
      const kept = name === 'audit_event' ? `where action not like 'refused.%'` : '';
      const rows = await test.owner.rows(`select t::text from ${name} t ${kept} order by 1`);
      parts.push(`${name}: ${JSON.stringify(rows)}`);
    }
    return parts.join('\n');
  }

  const cases: readonly BadCase[] = [...badRequests, ...badAddresses];

  it.each(cases.map((bad) => ({ name: bad[0], bad })))('$name', async ({ bad }) => {
    const [, method, path, options, status, code, target] = bad;
    const answer = await api.call(method, path, options);
    expect({ status: answer.status, code: codeOf(answer) }).toEqual({ status, code });
    expect(answer.headers['x-ms-error-code']).toBe(code);
    expect(answer.headers['x-ms-request-id']).toMatch(/^[0-9a-f-]{36}$/);
    const { error } = answer.body as { error: { message: string; target?: string } };
    expect(error.message).not.toBe('');
    if (target !== undefined) expect(error.target).toBe(target);
  });

  it('answers a foreign and an unknown tenant alike, in every route under a tenant', async () => {
    const under = routes().filter((route) => route.scope === 'tenant');
    expect(under.length).toBeGreaterThanOrEqual(14);
    for (const { definition } of under) {
      const [foreign, unknown] = await Promise.all(
        [foreignId, unknownId].map((tenant) =>
          api.call(definition.method, samplePath(definition.path, tenant), { who }),
        ),
      );
      const name = definition.name;
      expect(foreign?.status, name).toBe(404);
      expect({ ...foreign, headers: {} }, name).toEqual({ ...unknown, headers: {} });
    }
  });

  it('refuses every bad token on every route that needs one', async () => {
    const closed = routes().filter((route) => route.scope !== 'public');
    const bad = await badTokens(api.clock);
    for (const [index, { name, authorization }] of bad.entries()) {
      // All routes see several tokens, and each token several routes.
      const some = closed.filter((_route, position) => (position + index) % 5 === 0);
      for (const { definition } of some) {
        const path = samplePath(definition.path, tenantId);
        const answer = await api.call(definition.method, path, { authorization });
        expect(`${answer.status} ${codeOf(answer)}`, `${name}: ${definition.name}`).toBe(
          '401 invalidToken',
        );
        expect(answer.headers['www-authenticate']).toMatch(/^Bearer realm="entra-backup"/);
      }
    }
  });

  it('shows no message of the database and no stack', async () => {
    const answers = await Promise.all(
      cases.map(([, method, path, options]) => api.call(method, path, options)),
    );
    for (const { text } of answers) {
      expect(text).not.toMatch(/select |insert |relation|syntax|at .*\.ts|node_modules/i);
    }
  });

  it('changed nothing at all', async () => {
    expect(await contents()).toBe(before);
    expect(api.client.started).toEqual([]);
  });
});

function samplePath(path: string, tenantId: string): string {
  return path
    .replace('{tenantId}', tenantId)
    .replace('{n}', '1')
    .replace('{type}', 'user')
    .replaceAll(/\{\w+\}/g, id);
}
