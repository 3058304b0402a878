import { randomInt } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { AdminChange, TruthLine } from '../../local/graph-simulator/control/client.ts';
import { AppProcess, type OperationView } from '../support/app-process.ts';
import { createInstallation, type Installation } from '../support/installation.ts';
import { readTruth } from '../support/random-changes.ts';
import { tenantNumber } from '../support/session-residue.ts';
import { isDynamic, isMailOnly, isSynced, type ObjectLine } from './restore-scenario.ts';

const seed = Number(process.env['KILL_SEED'] ?? randomInt(1_000_000));
const waits = { environment: { RESTORE_WAIT_SECONDS: '2' } };

interface PlanView {
  readonly id: string;
  readonly planHash: string;
  readonly steps: number;
}

let installation: Installation;
let app: AppProcess;
let tenantId = '';
let base = '';

beforeAll(async () => {
  console.log(`KILL_SEED=${seed}`);
  installation = await createInstallation();
  app = new AppProcess(installation);
  const groups = { groups: 12, links: 120, administrativeUnits: 3 };
  tenantId = await installation.addTenant({ users: 50, ...groups, nasty: false, seed });
  base = `/api/tenants/${tenantId}`;
  await app.start(waits);
  await app.register(tenantId);
  await app.backup(tenantId);
}, 400_000);
afterEach(async ({ task }) => {
  // a case that failed may have left work behind; the next one begins anew
  if (task.result?.state === 'fail') await app.kill();
});
afterAll(async () => {
  await app.kill();
  await installation.close();
});

const live = (lines: readonly TruthLine[], type: string): ObjectLine[] =>
  lines.filter(
    (line): line is ObjectLine =>
      line.kind === 'object' && line.type === type && line.state === 'live',
  );

/** Six users, two groups and a unit go, every second of them for good; two users change. */
function damageOf(lines: readonly TruthLine[]): AdminChange[] {
  const users = live(lines, 'user').filter((line) => !isSynced(line));
  const groups = live(lines, 'group').filter(
    (line) => !isSynced(line) && !isMailOnly(line) && !isDynamic(line),
  );
  const units = live(lines, 'administrativeUnit').filter((line) => !isDynamic(line));
  const gone = [...users.slice(0, 6), ...groups.slice(0, 2), ...units.slice(0, 1)];
  return [
    ...gone.flatMap(({ id }, index): AdminChange[] => [
      { kind: 'delete', id },
      ...(index % 2 === 0 ? [{ kind: 'purge', id } as const] : []),
    ]),
    ...users
      .slice(-2)
      .map(({ id }): AdminChange => ({ kind: 'patch', id, properties: { city: 'Elsewhere' } })),
  ];
}

/** What identifies the live objects whatever their ids are, and their links by current ids. */
function contents(lines: readonly TruthLine[], currentId: (id: string) => string): string[] {
  const names = ['user', 'group', 'administrativeUnit'].flatMap((type) =>
    live(lines, type).map(({ properties }) =>
      JSON.stringify([
        type,
        properties['userPrincipalName'] ?? properties['mailNickname'] ?? null,
        properties['displayName'] ?? null,
        properties['city'] ?? null,
      ]),
    ),
  );
  const ruled = new Set(
    lines
      .filter((line) => line.kind === 'object')
      .filter((line) => isSynced(line) || isMailOnly(line) || isDynamic(line))
      .map((line) => line.id),
  );
  const links = lines.flatMap((line) =>
    line.kind === 'link' && line.live && !ruled.has(line.source)
      ? [`${line.relationship} ${currentId(line.source)} ${currentId(line.target)}`]
      : [],
  );
  return [...names, ...links].sort();
}

/** Ids as they are after all restores so far. */
async function currentIds(): Promise<(id: string) => string> {
  const { db } = installation;
  const rows = await db.owner.rows<{ before: string; after: string }>(
    `select o.object_id as before, n.object_id as after from identity_map m
     join object o on o.tenant_no = $1 and o.key = m.old_key
     join object n on n.tenant_no = $1 and n.key = m.new_key where m.tenant_no = $1`,
    [await tenantNumber(db, tenantId)],
  );
  const next = new Map(rows.map(({ before, after }) => [before, after]));
  return (id) => {
    let current = id;
    for (let after = next.get(current); after !== undefined; after = next.get(current)) {
      current = after;
    }
    return current;
  };
}

async function planFrom(restorePoint: number): Promise<PlanView> {
  const body = { restorePoint, selection: { all: true }, options: {} };
  const { id } = await app.call<OperationView>('operator', 'POST', `${base}/restorePlans`, body);
  const planned = await app.succeeded(id);
  return await app.call<PlanView>('operator', 'GET', planned.resourceLocation ?? '');
}

/** Approves a plan and starts its restore; answers the id of the operation. */
async function apply({ id, planHash }: PlanView): Promise<string> {
  const approval = { planHash, reason: 'checked' };
  await app.call('approver', 'POST', `${base}/restorePlans/${id}/approve`, approval);
  const body = { planId: id, planHash, reason: 'bring back' };
  return (await app.call<OperationView>('operator', 'POST', `${base}/restores`, body)).id;
}

async function writesAfter(number: number) {
  const entries = await installation.control.ledger({ after: number });
  return entries.filter((entry) => entry.applied && entry.tenantId === tenantId);
}

describe('an app killed while it restores', () => {
  test.for([
    ['before a write', 'step.afterStarted', 4],
    ['after a write before its record', 'step.afterWrite', 4],
    ['after the record of a write', 'step.afterWritten', 4],
    ['in the middle of link batches', 'links.afterWrite', 2],
    ['before the verification', 'restore.beforeVerification', 1],
  ] as const)(
    '%s goes on, doubles no write and brings everything back',
    async ([, failpoint, nth]) => {
      const { control } = installation;
      if (!app.running) await app.start(waits);
      const point = Number(
        (
          await app.backup(tenantId, { types: ['user', 'group', 'administrativeUnit'] })
        ).resourceLocation
          ?.split('/')
          .at(-1),
      );
      const before = await readTruth(control, tenantId);
      await control.change(tenantId, ...damageOf(before));
      const plan = await planFrom(point);
      expect(plan.steps).toBeGreaterThan(9);
      app.arm(`${failpoint}:kill:${nth}`);
      const last = await control.ledgerLastNumber();
      const operation = await apply(plan);
      expect(await app.died()).toBe('SIGKILL');
      await app.start(waits);
      const ended = await app.succeeded(operation);
      expect(ended).toMatchObject({ status: 'succeeded', result: 'complete' });
      expect(ended.counts).toMatchObject({ done: plan.steps, failed: 0, conflict: 0, pending: 0 });
      // one write for each step, whatever was sent again
      expect(await writesAfter(last)).toHaveLength(plan.steps);
      const after = await readTruth(control, tenantId);
      expect(contents(after, (id) => id)).toEqual(contents(before, await currentIds()));
      expect((await planFrom(point)).steps).toBe(0);
    },
  );
});
