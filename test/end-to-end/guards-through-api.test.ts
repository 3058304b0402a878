// A permission that is lost while a backup runs, and a mass deletion: what the point says, what the API
// then refuses, and that nothing stored before is touched.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AdminChange } from '../../local/graph-simulator/control/client.ts';
import type { OperationView } from '../../local/stack/api-client.ts';
import { sampleTenant } from '../../local/stack/sample-tenant.ts';
import { readTruth } from '../support/random-changes.ts';
import { repositoryLines, simulatorTruth } from '../support/simulator-truth.ts';
import { type Application, startApplication } from './application.ts';

const USERS = 60;
let app: Application;
const { tenantId } = sampleTenant;

beforeAll(async () => {
  // more than one page of an $expand, so that the permission goes between two of them
  app = await startApplication({ users: USERS, groups: 130, links: 300, seed: 21 });
  await app.simulator.control.throttling({ identity: false, conditionalAccess: false });
});
afterAll(async () => await app.close());

interface PointView {
  readonly number: number;
  readonly state: string;
  readonly suspicious: boolean;
  readonly acknowledged?: { readonly reason: string };
  readonly reasons: readonly { code: string; collection?: string; detail: string }[];
  readonly collections: readonly { collection: string; state: string; reason?: string }[];
}

const point = (n: number | string): Promise<PointView> =>
  app.api.call('operator', 'GET', `${app.tenant}/restorePoints/${n}`);

async function backup(body: unknown = {}): Promise<PointView> {
  const operation = await app.run('operator', '/backups', body);
  expect(operation.error).toBeUndefined();
  return await point(Number(operation.resourceLocation?.split('/').at(-1)));
}

async function stateOf(view: PointView): Promise<Record<string, string>> {
  return Object.fromEntries(view.collections.map((row) => [row.collection, row.state]));
}

const tenantNo = async (): Promise<number> => {
  const [row] = await app.db.owner.rows<{ no: number }>(
    'select tenant_no as no from tenant where tenant_id = $1',
    [tenantId],
  );
  return row?.no ?? 0;
};

const isGroupLine = (line: string): boolean => line.startsWith('group');

async function liveIds(type: string): Promise<string[]> {
  return (await readTruth(app.simulator.control, tenantId)).flatMap((line) =>
    line.kind === 'object' && line.type === type && line.state === 'live' ? [line.id] : [],
  );
}

async function code(response: Response): Promise<string> {
  const body = (await response.json()) as { error?: { code: string } };
  return `${response.status} ${body.error?.code ?? ''}`;
}

test('a permission lost between two pages: forbidden, partial, and the groups of before stay', async () => {
  const { control } = app.simulator;
  const good = await backup();
  expect(good.state).toBe('complete');
  const no = await tenantNo();
  const before = (await repositoryLines(app.db, no, good.number)).filter(isGroupLine);
  const [group = '', other = ''] = await liveIds('group');
  const [user = ''] = await liveIds('user');
  await control.change(
    tenantId,
    { kind: 'rename', id: group, displayName: 'read before the permission went' },
    { kind: 'delete', id: other },
    { kind: 'rename', id: user, displayName: 'somebody else' },
  );
  await control.faults({
    name: 'Group.Read.All is taken away',
    match: { template: '/groups', tenantId, query: { $expand: true } },
    when: { from: 2 },
    fault: { kind: 'status', status: 403, code: 'Authorization_RequestDenied' },
  });
  const lost = await backup({ mode: 'full' });
  await control.clearFaults();
  expect(lost.state).toBe('partial');
  expect(await stateOf(lost)).toMatchObject({ group: 'forbidden', user: 'read' });
  expect(lost.reasons).toContainEqual(
    expect.objectContaining({ code: 'forbidden', collection: 'group' }),
  );
  const after = (await repositoryLines(app.db, no, lost.number)).filter(isGroupLine);
  expect(after.filter((line) => !line.startsWith('group.'))).toEqual(
    before.filter((line) => !line.startsWith('group.')),
  );
  const shown = await app.api.call<{ properties: { displayName: string } }>(
    'operator',
    'GET',
    `${app.tenant}/restorePoints/latest/objects/user/${user}`,
  );
  expect(shown.properties.displayName).toBe('somebody else');
  const stillGood = `${app.tenant}/restorePoints/latestGood`;
  expect((await app.api.call<PointView>('operator', 'GET', stillGood)).number).toBe(good.number);

  const again = await backup();
  expect(again.state).toBe('complete');
  const truth = await simulatorTruth(control, tenantId);
  expect(await repositoryLines(app.db, no, again.number)).toEqual(truth);
});

test('30 % of the users deleted: suspicious, latest is refused, acknowledging clears that', async () => {
  const good = await point('latest');
  expect(good.suspicious).toBe(false);
  const gone = (await liveIds('user')).slice(0, Math.ceil(USERS * 0.3));
  await app.simulator.control.change(
    tenantId,
    ...gone.map((id): AdminChange => ({ kind: 'delete', id })),
  );
  const attacked = await backup();
  expect(attacked).toMatchObject({ state: 'complete', suspicious: true });
  const guard = attacked.reasons.find((reason) => reason.collection === 'user');
  expect(guard).toMatchObject({ code: 'massChange' });
  expect(guard?.detail).toContain(`${gone.length} of ${USERS}`);
  expect((await point('latestGood')).number).toBe(good.number);

  const body = { selection: { types: ['user'] }, options: {} };
  const path = `${app.tenant}/restorePlans`;
  const refused = await app.api.send('operator', 'POST', path, { ...body, restorePoint: 'latest' });
  expect(await code(refused)).toBe('409 pointMustBeExplicit');
  const named = await app.run('operator', '/restorePlans', { ...body, restorePoint: good.number });
  expect(named.error).toBeUndefined();
  const { steps } = await app.api.call<{ steps: number }>(
    'operator',
    'GET',
    named.resourceLocation ?? '',
  );
  expect(steps).toBeGreaterThanOrEqual(gone.length);

  const newest = await point('latest');
  const acknowledge = `${app.tenant}/restorePoints/${newest.number}/acknowledge`;
  const bare = await app.api.send('operator', 'POST', acknowledge, {});
  expect(await code(bare)).toBe('400 invalidParameter');
  for (const number of new Set([attacked.number, newest.number])) {
    const view = await point(number);
    if (!view.suspicious) continue;
    const target = `${app.tenant}/restorePoints/${number}/acknowledge`;
    const answer = await app.api.call<PointView>('admin', 'POST', target, {
      reason: 'a project ended',
    });
    expect(answer.acknowledged).toMatchObject({ reason: 'a project ended' });
  }
  const accepted = await app.api.send('operator', 'POST', path, {
    ...body,
    restorePoint: 'latest',
  });
  expect(accepted.status).toBe(202);
  const { id } = (await accepted.json()) as OperationView;
  await app.settled(id);
});
