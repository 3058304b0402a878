import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AdminChange, TruthLine } from '../../local/graph-simulator/control/client.ts';
import type { OperationView } from '../../local/stack/api-client.ts';
import { sampleTenant } from '../../local/stack/sample-tenant.ts';
import { type Application, startApplication } from './application.ts';
import { isSynced, type ObjectLine } from './restore-scenario.ts';

interface PlanView {
  readonly id: string;
  readonly planHash: string;
  readonly steps: number;
}
interface ReportItem {
  readonly state?: string;
  readonly attempts?: number;
}

let app: Application;
/** Steps wait here, right before the record that they begin, while the gate is closed. */
let gate: { readonly opened: Promise<void>; readonly open: () => void } | undefined;
let waiting = 0;

function closeGate(): void {
  const { promise, resolve } = Promise.withResolvers<void>();
  waiting = 0;
  gate = { opened: promise, open: resolve };
}

beforeAll(async () => {
  app = await startApplication({ users: 60, groups: 10, seed: 5 }, async (name) => {
    if (name !== 'step.afterStarted' || gate === undefined) return;
    waiting += 1;
    await gate.opened;
  });
  const operation = await app.run('admin', '/backups', {});
  expect(operation.status).toBe('succeeded');
}, 240_000);
afterAll(async () => {
  await app.close();
});

async function live(type: string): Promise<ObjectLine[]> {
  const lines: TruthLine[] = [];
  for await (const line of app.simulator.control.truth(sampleTenant.tenantId)) lines.push(line);
  return lines.filter(
    (line): line is ObjectLine =>
      line.kind === 'object' && line.type === type && line.state === 'live' && !isSynced(line),
  );
}

async function change(...changes: AdminChange[]): Promise<void> {
  await app.simulator.control.change(sampleTenant.tenantId, ...changes);
}

const post = async (person: 'operator' | 'approver', path: string, body?: unknown) =>
  await app.api.send(person, 'POST', path, body);

/** An approved plan that brings a selection back to the first point. */
async function approvedPlan(selection: unknown): Promise<PlanView> {
  const body = { restorePoint: 1, selection, options: {} };
  const operation = await app.run('operator', '/restorePlans', body);
  expect(operation.error).toBeUndefined();
  const made = await app.api.call<PlanView>('operator', 'GET', operation.resourceLocation ?? '');
  const approval = { planHash: made.planHash, reason: 'checked' };
  const path = `${app.tenant}/restorePlans/${made.id}/approve`;
  expect((await post('approver', path, approval)).status).toBe(200);
  return made;
}

async function apply({ id, planHash }: PlanView): Promise<Response> {
  const body = { planId: id, planHash, reason: 'bring back' };
  return await post('operator', `${app.tenant}/restores`, body);
}

/** A restore of 30 changed users that stands in the middle of its first steps. */
async function restoreInTheMiddle(city: string) {
  const users = (await live('user')).slice(0, 30);
  await change(
    ...users.map(({ id }): AdminChange => ({ kind: 'patch', id, properties: { city } })),
  );
  const made = await approvedPlan({ objects: users.map(({ type, id }) => ({ type, id })) });
  expect(made.steps).toBe(30);
  closeGate();
  const response = await apply(made);
  expect(response.status).toBe(202);
  const operation = (await response.json()) as OperationView;
  await expect.poll(() => waiting, { timeout: 60_000 }).toBeGreaterThan(0);
  const location = operation.resourceLocation ?? '';
  return {
    operation,
    location,
    now: async () =>
      await app.api.call<OperationView>('operator', 'GET', `/api/operations/${operation.id}`),
    states: async () => {
      const path = `${location}/report?top=500`;
      const { value } = await app.api.call<{ value: ReportItem[] }>('operator', 'GET', path);
      const counts: Record<string, number> = {};
      for (const { state } of value) {
        if (state !== undefined) counts[state] = (counts[state] ?? 0) + 1;
      }
      return counts;
    },
  };
}

describe('a restore in the middle of its steps', () => {
  it('pauses: finishes what was begun, begins nothing more, and goes on when resumed', async () => {
    const restore = await restoreInTheMiddle('Paused');
    const paused = await post('operator', `${restore.location}/pause`);
    expect([paused.status, await paused.json()]).toMatchObject([200, { status: 'paused' }]);
    const begun = waiting;
    gate?.open();
    await new Promise((wake) => setTimeout(wake, 8_000));
    expect(await restore.now()).toMatchObject({ status: 'paused' });
    expect(waiting).toBe(begun);
    expect((await restore.states())['planned']).toBe(30 - begun);
    const resumed = await post('operator', `${restore.location}/resume`);
    expect([resumed.status, await resumed.json()]).toMatchObject([200, { status: 'running' }]);
    expect(await app.settled(restore.operation.id)).toMatchObject({
      status: 'succeeded',
      result: 'complete',
    });
    expect(await restore.states()).toEqual({ done: 30 });
    expect((await post('operator', `${restore.location}/resume`)).status).toBe(409);
    expect((await post('operator', `${restore.location}/pause`)).status).toBe(409);
  }, 240_000);

  it('ends when it is canceled, and says which steps were not begun', async () => {
    const restore = await restoreInTheMiddle('Canceled');
    const path = `/api/operations/${restore.operation.id}/cancel`;
    expect((await post('approver', path)).status).toBe(403);
    const canceled = await post('operator', path);
    expect([canceled.status, await canceled.json()]).toMatchObject([202, { status: 'canceling' }]);
    const begun = waiting;
    gate?.open();
    expect(await app.settled(restore.operation.id)).toMatchObject({
      status: 'canceled',
      result: 'partial',
    });
    expect(waiting).toBe(begun);
    expect(await restore.states()).toEqual({ done: begun, canceled: 30 - begun });
    const shown = await app.api.call<{ state: string }>('operator', 'GET', restore.location);
    expect(shown.state).toBe('canceled');
  }, 240_000);

  it('ends when it is canceled while it is paused, and leaves the way free', async () => {
    const restore = await restoreInTheMiddle('Both');
    expect((await post('operator', `${restore.location}/pause`)).status).toBe(200);
    gate?.open();
    await new Promise((wake) => setTimeout(wake, 3_000));
    const path = `/api/operations/${restore.operation.id}/cancel`;
    expect((await post('operator', path)).status).toBe(202);
    expect(await app.settled(restore.operation.id)).toMatchObject({ status: 'canceled' });
    const states = await restore.states();
    expect((states['done'] ?? 0) + (states['canceled'] ?? 0)).toBe(30);
  }, 240_000);
});

describe('an approved plan', () => {
  it('is not turned to another object by an entry in the identity map', async () => {
    gate = undefined;
    const [owner, other] = await live('user');
    await change({ kind: 'patch', id: owner!.id, properties: { city: 'Elsewhere' } });
    const made = await approvedPlan({ objects: [{ type: 'user', id: owner!.id }] });
    const entry = { type: 'user', oldId: owner!.id, newId: other!.id };
    expect((await post('operator', `${app.tenant}/identityMap`, entry)).status).toBe(204);
    const last = await app.simulator.control.ledgerLastNumber();
    const refused = await apply(made);
    expect([refused.status, await refused.json()]).toMatchObject([
      410,
      { error: { code: 'planExpired' } },
    ]);
    const entries = await app.simulator.control.ledger({ after: last });
    expect(entries.filter(({ method }) => method === 'PATCH')).toEqual([]);
  }, 240_000);
});
