import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AdminChange, TruthLine } from '../../local/graph-simulator/control/client.ts';
import type { OperationView } from '../../local/stack/api-client.ts';
import type { Person } from '../../local/stack/sample-tenant.ts';
import { objectIdOfPerson, sampleTenant } from '../../local/stack/sample-tenant.ts';
import { rewriteIds } from '../../shared/compare/rewrite-ids.ts';
import { type Application, startApplication } from './application.ts';
import { isMailOnly, isSynced, type ObjectLine } from './restore-scenario.ts';
import { comparable } from './restored-truth.ts';

interface Page {
  readonly value: readonly Record<string, unknown>[];
  readonly nextLink?: string;
}
interface PlanView {
  readonly id: string;
  readonly state: string;
  readonly planHash: string;
  readonly steps: number;
  readonly notesByKind: Readonly<Record<string, number>>;
  readonly permissions: { readonly missing: readonly string[] };
}

let app: Application;
beforeAll(async () => {
  app = await startApplication({ users: 300, groups: 40, seed: 11 });
}, 120_000);
afterAll(async () => {
  await app.close();
});

async function truth(): Promise<TruthLine[]> {
  const lines: TruthLine[] = [];
  for await (const line of app.simulator.control.truth(sampleTenant.tenantId)) lines.push(line);
  return lines;
}

const live = (lines: readonly TruthLine[], type: string): ObjectLine[] =>
  lines.filter(
    (line): line is ObjectLine =>
      line.kind === 'object' && line.type === type && line.state === 'live',
  );

/** Every item of a list. */
async function all(person: Person, path: string): Promise<Record<string, unknown>[]> {
  const items: Record<string, unknown>[] = [];
  let next: string | undefined = `${app.tenant}${path}`;
  while (next !== undefined) {
    const page: Page = await app.api.call<Page>(person, 'GET', next);
    items.push(...page.value);
    next = page.nextLink === undefined ? undefined : withoutVersion(page.nextLink);
  }
  return items;
}

/** The client adds the version itself. */
function withoutVersion(link: string): string {
  const url = new URL(link);
  url.searchParams.delete('api-version');
  return `${url.pathname}${url.search}`;
}

async function get<Body>(path: string, person: Person = 'operator'): Promise<Body> {
  return await app.api.call<Body>(person, 'GET', path);
}

async function backup(): Promise<number> {
  const operation = await app.run('admin', '/backups', {});
  expect([operation.status, operation.error]).toEqual(['succeeded', undefined]);
  const point = await get<{ number: number }>(`${app.tenant}/restorePoints/latest`);
  return point.number;
}

async function plan(restorePoint: number | string, selection: unknown): Promise<PlanView> {
  const operation = await app.run('operator', '/restorePlans', {
    restorePoint,
    selection,
    options: {},
  });
  expect(operation.error).toBeUndefined();
  return await get<PlanView>(operation.resourceLocation ?? '');
}

async function approve(made: PlanView, person: Person = 'approver'): Promise<Response> {
  return await app.api.send(person, 'POST', `${app.tenant}/restorePlans/${made.id}/approve`, {
    planHash: made.planHash,
    reason: 'checked',
  });
}

async function refusal(response: Response): Promise<string> {
  const body = (await response.json()) as { error?: { code: string } };
  return `${response.status} ${body.error?.code}`;
}

async function applying(made: PlanView, planHash = made.planHash): Promise<Response> {
  const body = { planId: made.id, planHash, reason: 'bring back' };
  return await app.api.send('operator', 'POST', `${app.tenant}/restores`, body);
}

async function finish(response: Response): Promise<OperationView> {
  expect(response.status).toBe(202);
  const { id } = (await response.json()) as OperationView;
  for (;;) {
    const operation = await get<OperationView>(`/api/operations/${id}`);
    if (['succeeded', 'failed', 'canceled'].includes(operation.status)) return operation;
    await new Promise((wake) => setTimeout(wake, 300));
  }
}

async function identities(): Promise<Map<string, string>> {
  const rows = await all('operator', '/identityMap');
  return new Map(rows.map((row) => [String(row['oldId']), String(row['newId'])]));
}

describe('a tenant that lost 50 users and 5 groups', () => {
  let good = 0;
  let before: TruthLine[] = [];
  let victims: ObjectLine[] = [];
  let made: PlanView;

  it('is backed up, damaged, and the damage shows in a comparison with live', async () => {
    good = await backup();
    before = await truth();
    const users = live(before, 'user')
      .filter((line) => !isSynced(line))
      .slice(0, 50);
    const groups = live(before, 'group')
      .filter((line) => !isSynced(line) && !isMailOnly(line))
      .slice(0, 5);
    victims = [...users, ...groups];
    const changes = victims.flatMap(({ id }, index): AdminChange[] => [
      { kind: 'delete', id },
      ...(index % 3 === 0 ? [{ kind: 'purge', id } as const] : []),
    ]);
    await app.simulator.control.change(sampleTenant.tenantId, ...changes);
    const operation = await app.run('operator', '/comparisons', { from: good, to: 'live' });
    expect(operation).toMatchObject({ status: 'succeeded' });
    const location = operation.resourceLocation ?? '';
    const summary = await get<{ types: Record<string, { removed: number }> }>(
      `${location}/summary`,
    );
    expect(summary.types['user']?.removed).toBe(50);
    expect(summary.types['group']?.removed).toBe(5);
    const path = location.replace(app.tenant, '');
    const removed = await all('operator', `${path}/differences?type=user&change=removed&top=20`);
    const ids = removed.map((each) => (each['object'] as { id: string }).id);
    expect(ids.sort()).toEqual(users.map((line) => line.id).sort());
  });

  it('gets a plan that nobody approves for themselves, and nothing is applied without', async () => {
    made = await plan(good, { all: true });
    expect(made.permissions.missing).toEqual([]);
    expect(await refusal(await applying(made))).toBe('403 approvalMissing');
    expect(await refusal(await approve(made, 'operator'))).toBe('403 roleMissing');
    const wrong = { ...made, planHash: '0'.repeat(64) };
    expect(await refusal(await approve(wrong))).toBe('412 planHashMismatch');
    expect((await approve(made)).status).toBe(200);
    expect(await refusal(await applying(made, '0'.repeat(64)))).toBe('412 planHashMismatch');
  });

  it('has everything back after the restore, by exactly the planned writes', async () => {
    const last = await app.simulator.control.ledgerLastNumber();
    const operation = await finish(await applying(made));
    expect(operation).toMatchObject({ status: 'succeeded', result: 'complete' });
    const ids = await identities();
    expect(ids.size).toBe(victims.filter((_, index) => index % 3 === 0).length);
    const lines = await truth();
    const [wanted, found] = [comparable(before, ids), comparable(lines, new Map())];
    expect([...wanted].filter((line) => !found.has(line))).toEqual([]);
    expect([...found].filter((line) => !wanted.has(line))).toEqual([]);
    const steps = await all('operator', `/restorePlans/${made.id}/steps`);
    const planned = steps.map((step) => {
      const request = step['request'] as { method: string; path: string };
      return `${request.method} ${rewriteIds(request.path, ids)}`;
    });
    const entries = await app.simulator.control.ledger({ after: last });
    const sent = entries
      .filter((entry) => entry.applied && entry.appId === sampleTenant.restoreClientId)
      .map((entry) => `${entry.method} ${new URL(entry.url, 'https://x').pathname.slice(5)}`);
    expect(sent.sort()).toEqual(planned.sort());
    expect(live(lines, 'conditionalAccessPolicy')).toEqual(live(before, 'conditionalAccessPolicy'));
    expect(await refusal(await applying(made))).toBe('409 alreadyApplied');
  });

  it('leaves nothing to do for a new plan from the same point', async () => {
    const again = await plan(good, { all: true });
    expect(again.steps).toBe(0);
    const notes = await all('operator', `/restorePlans/${again.id}/steps?kind=notes`);
    const healing = notes.filter((note) => note['kind'] === 'needsHealing');
    const types = new Set(healing.map((note) => (note['object'] as { type: string }).type));
    expect([...types]).toContain('conditionalAccessPolicy');
  });
});

describe('a plan', () => {
  it('is refused for latest and a time while that point is suspicious, and made for its number', async () => {
    const { number } = await get<{ number: number }>(`${app.tenant}/restorePoints/latest`);
    await app.db.owner.rows('update restore_point set suspicious = true where number = $1', [
      number,
    ]);
    const path = `${app.tenant}/restorePlans`;
    for (const restorePoint of ['latest', `asOf=${new Date().toISOString()}`]) {
      const body = { restorePoint, selection: { types: ['user'] }, options: {} };
      const refused = await app.api.send('operator', 'POST', path, body);
      expect(await refusal(refused), restorePoint).toBe('409 pointMustBeExplicit');
    }
    const named = await plan(number, { types: ['user'] });
    expect(named.state).toBe('ready');
    await app.db.owner.rows('update restore_point set suspicious = false');
  });

  it('that has expired is neither approved nor applied', async () => {
    const made = await plan('latest', { types: ['group'] });
    await app.db.owner.rows(
      "update restore_plan set expires_at = now() - interval '1 second' where id = $1",
      [made.id],
    );
    expect(await refusal(await approve(made))).toBe('410 planExpired');
    expect(await refusal(await applying(made))).toBe('410 planExpired');
    const shown = await get<PlanView>(`${app.tenant}/restorePlans/${made.id}`);
    expect(shown.state).toBe('expired');
  });

  it('is not approved by the one who asked for it, whatever their roles', async () => {
    const made = await plan('latest', { types: ['group'] });
    await app.db.owner.rows('update restore_plan set requested_by = $2 where id = $1', [
      made.id,
      objectIdOfPerson('approver'),
    ]);
    expect(await refusal(await approve(made))).toBe('403 selfApproval');
  });

  it.each([
    [{ restorePoint: 'latest', selection: {}, options: {} }, '400 invalidSelection'],
    [
      { restorePoint: 'latest', selection: { all: true, types: ['user'] }, options: {} },
      '400 ambiguousSelection',
    ],
    [
      { restorePoint: 'latest', selection: { all: true }, options: { links: 'replace' } },
      '400 unknownParameter',
    ],
    [{ restorePoint: 999, selection: { all: true }, options: {} }, '404 notFound'],
    [{ restorePoint: 'newest', selection: { all: true }, options: {} }, '400 invalidParameter'],
  ])('is refused for what it cannot mean: %j', async (body, expected) => {
    const path = `${app.tenant}/restorePlans`;
    expect(await refusal(await app.api.send('operator', 'POST', path, body))).toBe(expected);
  });

  it('shows its writes as a document, without values to those who may not see them', async () => {
    const plans = await all('operator', '/restorePlans');
    const applied = plans.find((each) => each['state'] === 'applied');
    const path = `${app.tenant}/restorePlans/${String(applied?.['id'])}/document`;
    const shown = await app.api.send('operator', 'GET', `${path}?format=json`);
    expect(await shown.text()).toMatch(/"mailNickname"/);
    const redacted = await (await app.api.send('approver', 'GET', `${path}?format=json`)).text();
    expect(redacted).toMatch(/"name":"mailNickname"/);
    expect(redacted).not.toMatch(/"after"/);
    const csv = await (await app.api.send('operator', 'GET', `${path}?format=csv`)).text();
    expect(csv.split('\r\n')[0]).toBe('no,kind,type,id,name,relationship,targets,properties');
  });
});
