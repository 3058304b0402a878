// Everything comes back: several random tenants, read object by object and link by link over HTTP from
// the application in the functions host, against what the simulator knows of the same moment.
import { randomInt, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AdminChange } from '../../local/graph-simulator/control/client.ts';
import type { SeedPlan } from '../../local/graph-simulator/seed/seed-tenant.ts';
import type { OperationView } from '../../local/stack/api-client.ts';
import { sampleTenant } from '../../local/stack/sample-tenant.ts';
import { type ApiCall, pointOverHttp, truthOverHttp } from '../support/api-truth.ts';
import { differenceOf } from '../support/false-deletions.ts';
import { changeAtRandom, generator, readTruth } from '../support/random-changes.ts';
import { type Application, ended, startApplication } from './application.ts';

const first = Number(process.env['TRUTH_SEED'] ?? randomInt(1_000_000));
const plans: readonly SeedPlan[] = [
  { users: 61, groups: 14, links: 200, seed: first },
  { users: 50, groups: 30, links: 60, administrativeUnits: 9, seed: first + 1 },
  { users: 75, groups: 10, links: 260, policies: 25, namedLocations: 24, seed: first + 2 },
];
let app: Application;

beforeAll(async () => {
  console.log(`seeds ${first} to ${first + plans.length - 1}`);
  const [plan] = plans;
  if (plan === undefined) throw new Error('no tenant');
  app = await startApplication(plan);
  // waiting for quotas is tested elsewhere
  await app.simulator.control.throttling({ identity: false, conditionalAccess: false });
});
afterAll(async () => await app.close());

/** A tenant beside the sample one, known to the same apps. */
async function addTenant(plan: SeedPlan): Promise<string> {
  const tenantId = randomUUID();
  await app.simulator.control.createTenant({ tenantId, seed: plan });
  await app.registerIn(tenantId);
  await app.api.call('admin', 'PUT', `/api/tenants/${tenantId}`, {
    displayName: 'contoso.example',
    cloud: 'global',
    state: 'active',
  });
  return tenantId;
}

function callsOf(tenantId: string): ApiCall {
  return async (method, path, body) => {
    const base = `${app.host.url}/api/tenants/${tenantId}`;
    const url = new URL(path.startsWith('http') ? path : `${base}${path}`);
    url.searchParams.set('api-version', '2026-11-01');
    const response = await fetch(url, {
      method,
      headers: {
        authorization: `Bearer ${await app.api.token('operator')}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (response.status !== 200) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text;
  };
}

async function backup(tenantId: string): Promise<string> {
  const path = `/api/tenants/${tenantId}/backups`;
  const started = await app.api.call<OperationView>('operator', 'POST', path, {});
  const operation = await ended(app.api, started);
  expect(operation, JSON.stringify(operation)).toMatchObject({
    status: 'succeeded',
    result: 'complete',
  });
  return String(operation.resourceLocation?.split('/').at(-1));
}

/** Renames, new policies and a deletion while the next backup reads. */
async function changeWhileReading(tenantId: string, seed: number): Promise<void> {
  const random = generator(seed);
  const objects = (await readTruth(app.simulator.control, tenantId)).filter(
    (line) => line.kind === 'object' && line.state === 'live',
  );
  const pick = (type: string): string => {
    const some = objects.filter((line) => line.kind === 'object' && line.type === type);
    const one = some[random(some.length)];
    return one?.kind === 'object' ? one.id : '';
  };
  const rename = (type: string, displayName: string): AdminChange => ({
    kind: 'rename',
    id: pick(type),
    displayName,
  });
  const hooks: [string, AdminChange][] = [
    ['/users', rename('user', 'A first while facets are read')],
    ['/users/delta', rename('user', 'zz last while users are read')],
    ['/groups/delta', rename('group', '=renamed, while "groups" are read')],
    ['/groups/delta', { kind: 'delete', id: pick('group') }],
    ['/identity/conditionalAccess/policies', rename('conditionalAccessPolicy', 'AA policy')],
    ['/identity/conditionalAccess/namedLocations', rename('namedLocation', 'zz location')],
  ];
  for (const [path, change] of hooks) {
    const hook = { tenantId, path, page: 1, changes: [change] };
    await app.simulator.control.addPageHook(hook);
  }
}

async function differences(
  call: ApiCall,
  tenantId: string,
  point: string,
  sequence?: number,
): Promise<string[]> {
  const truth = await truthOverHttp(app.simulator.control, tenantId, sequence);
  return differenceOf(truth, await pointOverHttp(call, point));
}

test.each(plans.map((plan, index) => ({ index, plan })))(
  'tenant $index: latest and every older point, read over HTTP, equal the tenant of their time',
  async ({ index, plan }) => {
    const { control } = app.simulator;
    const tenantId = index === 0 ? sampleTenant.tenantId : await addTenant(plan);
    const call = callsOf(tenantId);
    const sequences = new Map<string, number>();
    const remember = async (point: string): Promise<void> => {
      const end = (await readTruth(control, tenantId)).at(-1);
      if (end?.kind !== 'end') throw new Error('the truth has no end');
      sequences.set(point, end.sequence);
    };
    await remember(await backup(tenantId));
    expect(await differences(call, tenantId, 'latest')).toEqual([]);

    await changeAtRandom(control, tenantId, generator((plan.seed ?? 0) + 7), 200, 10);
    await changeWhileReading(tenantId, plan.seed ?? 0);
    await remember(await backup(tenantId));
    expect((await control.pendingPageHooks()).map((hook) => hook.path)).toEqual([]);
    expect(await differences(call, tenantId, 'latest')).toEqual([]);

    for (const [point, sequence] of sequences) {
      expect(await differences(call, tenantId, point, sequence), `point ${point}`).toEqual([]);
    }
  },
  600_000,
);
