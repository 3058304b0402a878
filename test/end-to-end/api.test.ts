// The API through the functions host, with tokens of the simulated sign-in service.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { routes } from '../../functions/http/route.ts';
import { type TokenFlaw, tokenFlaws } from '../../local/graph-simulator/sign-in/user-token.ts';
import type { OperationView } from '../../local/stack/api-client.ts';
import { people, sampleTenant } from '../../local/stack/sample-tenant.ts';
import { type Application, startApplication } from './application.ts';

interface Reference {
  readonly id: string;
  readonly type: string;
  readonly displayName: string;
}
interface Page<Item> {
  readonly value: readonly Item[];
  readonly nextLink?: string;
}
interface ErrorBody {
  readonly error: { readonly code: string; readonly target?: string };
}

const unknown = '99999999-9999-4999-8999-999999999999';
const version = 'api-version=2026-11-01';

describe('the API in the functions host', () => {
  let app: Application;

  beforeAll(async () => {
    app = await startApplication({ users: 60, groups: 12, seed: 5 });
  }, 120_000);
  afterAll(async () => await app.close());

  const send = async (
    method: string,
    path: string,
    token: string | undefined,
    init: RequestInit & { headers?: Record<string, string> } = {},
  ): Promise<Response> =>
    await fetch(`${app.host.url}${path}`, {
      method,
      ...init,
      headers: { ...(token ? { authorization: `Bearer ${token}` } : {}), ...init.headers },
    });
  const code = async (response: Response): Promise<string> =>
    `${response.status} ${((await response.json()) as ErrorBody).error.code}`;
  const flawed = async (flaw: TokenFlaw): Promise<string> =>
    await app.simulator.control.userToken({
      tenantId: sampleTenant.tenantId,
      user: people.admin.name,
      audience: sampleTenant.audience,
      roles: people.admin.roles,
      flaw,
    });
  const sample = (path: string): string =>
    `/api${path}?${version}`
      .replace('{tenantId}', sampleTenant.tenantId)
      .replace('{n}', '1')
      .replace('{type}', 'user')
      .replaceAll(/\{\w+\}/g, unknown);

  async function contents(): Promise<string> {
    const tables = await app.db.owner.rows<{ name: string }>(
      `select relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where n.nspname = 'public' and relkind = 'r' order by 1`,
    );
    const parts = await Promise.all(
      tables.map(async ({ name }) => {
        // that somebody was refused is recorded
        const kept = name === 'audit_event' ? `where action not like 'refused.%'` : '';
        const rows = await app.db.owner.rows(`select t::text from ${name} t ${kept} order by 1`);
        return `${name} ${JSON.stringify(rows)}`;
      }),
    );
    return parts.join('\n');
  }

  it('answers health and its own description without a token', async () => {
    expect((await send('GET', '/api/health/live', undefined)).status).toBe(200);
    const ready = await send('GET', '/api/health/ready', undefined);
    expect(await ready.json()).toMatchObject({ status: 'ready' });
    const document = (await (await send('GET', '/api/openapi.json', undefined)).json()) as {
      openapi: string;
      paths: Record<string, Record<string, unknown>>;
    };
    expect(document.openapi).toMatch(/^3\.1/);
    for (const { definition } of routes()) {
      expect(document.paths[definition.path]).toHaveProperty(definition.method.toLowerCase());
    }
  });

  it('answers 404 without a body for another method and for an unknown path', async () => {
    const token = await app.api.token('admin');
    for (const [method, path] of [
      ['DELETE', '/api/tenants'],
      ['PUT', sample('/tenants/{tenantId}/backups')],
      ['GET', '/api/nothing'],
    ] as const) {
      const response = await send(method, path, token);
      expect([response.status, await response.text()], path).toEqual([404, '']);
    }
  });

  it('takes no function key for a token, whatever else is sent', async () => {
    const headers = {
      'x-functions-key': 'a'.repeat(56),
      'x-ms-client-principal': Buffer.from('{"userRoles":["Backup.Admin"]}').toString('base64'),
      'x-ms-client-principal-id': unknown,
    };
    for (const { definition, scope } of routes()) {
      if (scope === 'public') continue;
      const path = `${sample(definition.path)}&code=${'a'.repeat(56)}`;
      const response = await send(definition.method, path, undefined, { headers });
      expect(await code(response), definition.name).toBe('401 invalidToken');
    }
  });

  it('refuses every flawed token on every route and changes nothing', async () => {
    const before = await contents();
    for (const flaw of tokenFlaws) {
      const token = await flawed(flaw);
      for (const { definition, scope } of routes()) {
        if (scope === 'public') continue;
        const response = await send(definition.method, sample(definition.path), token);
        expect(await code(response), `${flaw}: ${definition.name}`).toBe('401 invalidToken');
        expect(response.headers.get('www-authenticate')).toContain('error="invalid_token"');
      }
    }
    expect(await contents()).toBe(before);
  });

  it('refuses bad requests as documented and changes nothing', async () => {
    const before = await contents();
    const token = await app.api.token('admin');
    const json = { 'content-type': 'application/json' };
    const backups = `${app.tenant}/backups?${version}`;
    const cases: [string, string, RequestInit & { headers?: Record<string, string> }, string][] = [
      ['GET', `${app.tenant}`, {}, '400 missingApiVersion'],
      ['GET', `${app.tenant}?api-version=1`, {}, '400 unsupportedApiVersion'],
      ['GET', `${app.tenant}?${version}&x=1`, {}, '400 unknownParameter'],
      ['GET', `/api/tenants/${unknown}?${version}`, {}, '404 notFound'],
      ['GET', `/api/tenants/1%27?${version}`, {}, '400 invalidParameter'],
      ['POST', backups, { body: '{', headers: json }, '400 invalidParameter'],
      ['POST', backups, { body: '{"x":1}', headers: json }, '400 unknownParameter'],
      [
        'POST',
        backups,
        { body: 'x', headers: { 'content-type': 'text/plain' } },
        '415 unsupportedMediaType',
      ],
      ['POST', backups, { body: 'x'.repeat(1_048_577), headers: json }, '413 payloadTooLarge'],
      ['GET', `${app.tenant}/restorePoints/latest?${version}`, {}, '404 notFound'],
      [
        'PATCH',
        `${app.tenant}?${version}`,
        { body: '{}', headers: json },
        '428 preconditionRequired',
      ],
    ];
    for (const [method, path, init, expected] of cases) {
      expect(await code(await send(method, path, token, init)), path).toBe(expected);
    }
    const approver = await app.api.token('approver');
    expect(await code(await send('POST', backups, approver))).toBe('403 roleMissing');
    const nobody = await app.simulator.control.userToken({
      tenantId: sampleTenant.tenantId,
      user: 'nobody@contoso.example',
      audience: sampleTenant.audience,
      roles: ['Backup.Admin'],
    });
    expect(await code(await send('POST', backups, nobody))).toBe('404 notFound');
    expect(await code(await send('GET', `/api/access?${version}`, nobody))).toBe('403 roleMissing');
    expect(await contents()).toBe(before);
  });

  it('tests the connection and names permissions that are missing', async () => {
    const path = `${app.tenant}/connectionTest`;
    const { results } = await app.api.call<{ results: Record<string, unknown>[] }>(
      'admin',
      'POST',
      path,
    );
    expect(results).toMatchObject([
      {
        purpose: 'backup',
        signIn: { ok: true },
        graph: { ok: true },
        permissions: { missing: [] },
      },
      { purpose: 'restore', signIn: { ok: true } },
    ]);
    const { tenantId, backupClientId } = sampleTenant;
    const change = { appId: backupClientId, permission: 'Policy.Read.All' } as const;
    await app.simulator.control.changeRegistration(tenantId, { kind: 'revoke', ...change });
    const again = await app.api.call<typeof Object & { results: object[] }>('admin', 'POST', path, {
      purposes: ['backup'],
    });
    expect(again.results).toMatchObject([{ permissions: { missing: ['Policy.Read.All'] } }]);
    const { value } = await app.api.call<Page<{ type: string; missingPermissions: string[] }>>(
      'admin',
      'GET',
      `${app.tenant}/coverage`,
    );
    const policy = value.find(({ type }) => type === 'conditionalAccessPolicy');
    expect(policy).toMatchObject({ state: 'never', missingPermissions: ['Policy.Read.All'] });
    await app.simulator.control.changeRegistration(tenantId, { kind: 'grant', ...change });
  });

  it('starts a due schedule by its timer, shows progress, then the point with its objects', async () => {
    await app.db.owner.rows("update job set next_run_at = now() - interval '1 hour'");
    const run = await send('POST', '/admin/functions/startDueJobs', undefined, {
      headers: { 'content-type': 'application/json' },
      body: '{}',
    });
    expect(run.status).toBe(202);
    const operation = await scheduled();
    expect(operation).toMatchObject({ status: 'succeeded', trigger: 'schedule' });
    const point = await app.api.call<{ number: number; state: string; collections: object[] }>(
      'operator',
      'GET',
      `${app.tenant}/restorePoints/latest`,
    );
    expect(point).toMatchObject({ number: 1, state: 'complete' });
    expect(point.collections.length).toBeGreaterThanOrEqual(5);
    const sessions = await app.api.call<Page<{ id: string }>>(
      'operator',
      'GET',
      `${app.tenant}/sessions`,
    );
    const session = await app.api.call<{
      collections: { collection: string; statistics: object }[];
    }>('operator', 'GET', `${app.tenant}/sessions/${sessions.value[0]?.id}`);
    const users = session.collections.find(({ collection }) => collection === 'user');
    const { requests, added } = users!.statistics as { requests: number; added: number };
    expect(requests).toBeGreaterThan(0);
    expect(added).toBeGreaterThanOrEqual(60);
  });

  async function scheduled(): Promise<OperationView> {
    for (let attempt = 0; attempt < 400; attempt += 1) {
      const page = await app.api.call<Page<OperationView>>(
        'admin',
        'GET',
        '/api/operations?kind=tenantBackup',
      );
      const operation = page.value[0];
      if (operation && ['succeeded', 'failed', 'canceled'].includes(operation.status))
        return operation;
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
    throw new Error('no backup ended');
  }

  it('finds, shows and links objects of the point', async () => {
    const at = `${app.tenant}/restorePoints/1/objects`;
    const groups = await app.api.call<Page<Reference>>('operator', 'POST', `${at}/search`, {
      types: ['group'],
    });
    expect(groups.value.length).toBeGreaterThanOrEqual(12);
    const all: string[] = [];
    for (const group of groups.value) {
      const links = await app.api.call<Page<{ object: Reference }>>(
        'operator',
        'GET',
        `${at}/group/${group.id}/links?relationship=group.members`,
      );
      all.push(...links.value.map(({ object }) => object.id));
    }
    expect(all.length).toBeGreaterThan(0);
    const users = await app.api.call<Page<Reference>>('operator', 'POST', `${at}/search`, {
      types: ['user'],
      top: 1000,
    });
    const member = users.value.find(({ id }) => all.includes(id));
    const shown = await app.api.call<{ object: Reference; properties: { id: string } }>(
      'operator',
      'GET',
      `${at}/user/${member?.id}`,
    );
    expect(shown).toMatchObject({ object: member, properties: { id: member?.id } });
    const history = await app.api.call<Page<object>>(
      'operator',
      'GET',
      `${app.tenant}/objects/user/${member?.id}/history`,
    );
    expect(history.value).toMatchObject([{ restorePoint: 1, change: 'added' }]);
    const redacted = await app.api.send('approver', 'GET', `${at}/user/${member?.id}`);
    expect(redacted.status).toBe(200);
    expect(await redacted.json()).not.toHaveProperty('properties');
  });

  it('never shows an address or key of the durable engine', async () => {
    const operations = await app.api.call<Page<OperationView>>('admin', 'GET', '/api/operations');
    expect(JSON.stringify(operations)).not.toMatch(/runtime\/webhooks|taskHub|instanceId/i);
  });
});
