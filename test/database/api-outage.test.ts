import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { routes } from '../../functions/http/route.ts';
import { Database } from '../../shared/repository/database.ts';
import { schemaVersion } from '../../shared/repository/schema-version.ts';
import { codeOf, createTestApi } from '../support/api.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

const tenantId = '11111111-1111-4111-8111-111111111111';

describe('the API in trouble', () => {
  let test: TestDatabase;
  const offline = Database.open({ url: 'postgres://nobody@127.0.0.1:1/nothing' });

  beforeAll(async () => {
    test = await createTestDatabase();
    await test.addTenant(tenantId);
  });
  afterAll(async () => {
    await offline.close();
    await test.drop();
  });

  it('names the component that does not answer, with its requirement and when to come back', async () => {
    const api = createTestApi(offline);
    const answer = await api.call('GET', '/tenants');
    expect([answer.status, answer.headers['retry-after']]).toEqual([503, '10']);
    expect(answer.body).toMatchObject({
      error: {
        code: 'repositoryUnavailable',
        innererror: { component: 'repository', requirement: 'R-P-3' },
      },
    });
    const ready = await api.call('GET', '/health/ready', { authorization: null });
    expect(ready.status).toBe(503);
    expect(ready.body).toEqual({
      status: 'notReady',
      code: 'repositoryUnavailable',
      component: 'repository',
      requirement: 'R-P-3',
    });
    const live = await api.call('GET', '/health/live', { authorization: null });
    expect(live.status).toBe(200);
  });

  it('refuses a bad token before it needs the repository', async () => {
    const answer = await createTestApi(offline).call('GET', '/tenants', {
      authorization: 'Bearer x',
    });
    expect(answer.status).toBe(401);
  });

  it('does not work on a schema of another version, and says so in health', async () => {
    const other = await createTestDatabase();
    try {
      await other.owner.rows('delete from pgmigrations where name = $1', [schemaVersion]);
      const api = createTestApi(other.database);
      const answer = await api.call('GET', '/tenants');
      expect([answer.status, codeOf(answer)]).toEqual([503, 'repositoryVersion']);
      const ready = await api.call('GET', '/health/ready', { authorization: null });
      expect(ready.body).toMatchObject({ status: 'notReady', code: 'repositoryVersion' });
    } finally {
      await other.drop();
    }
  });

  it('tells nobody what an unexpected error said, neither the caller nor the log', async () => {
    const other = await createTestDatabase();
    try {
      const api = createTestApi(other.database);
      await other.owner.rows('alter table tenant rename column display_name to secret_name');
      const answer = await api.call('GET', '/tenants');
      expect([answer.status, codeOf(answer)]).toEqual([500, 'internalError']);
      expect(answer.text).not.toMatch(/display_name|column/);
      const failure = api.lines.find(({ level }) => level === 'error');
      expect(failure?.fields).toMatchObject({
        route: 'listTenants',
        innerCode: '42703',
        requestId: answer.headers['x-ms-request-id'],
      });
      expect(JSON.stringify(api.lines)).not.toMatch(/display_name/);
    } finally {
      await other.drop();
    }
  });

  it('sends the headers of a careful service with every answer, errors included', async () => {
    const api = createTestApi(test.database);
    for (const { definition } of routes()) {
      const path = definition.path
        .replace('{tenantId}', tenantId)
        .replaceAll(/\{\w+\}/g, '33333333-3333-4333-8333-333333333333');
      const headers = { 'x-ms-client-request-id': 'abc-1' };
      const answer = await api.call(definition.method, path, { headers });
      expect(answer.headers, definition.name).toMatchObject({
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
        'x-ms-client-request-id': 'abc-1',
      });
    }
  });
});
