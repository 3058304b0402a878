// A tenant, its registered points and what they must show for ever: the checks that every crash test
// makes while the app is down, when it is back and when the next backup has ended.
import { expect } from 'vitest';
import { type AppProcess, type OperationView, until } from './app-process.ts';
import type { Installation } from './installation.ts';
import { headOf, sessionResidue, tenantNumber } from './session-residue.ts';
import { repositoryLines, simulatorTruth } from './simulator-truth.ts';

/**
 * Collections whose reads need not wait for the quota of conditional access. The first backup of a
 * scene reads the others too; nothing changes them afterwards.
 */
export const tracked = ['user', 'group', 'administrativeUnit'] as const;

interface Page {
  readonly value: readonly { readonly id: string; readonly type: string }[];
  readonly nextLink?: string;
}

export class CrashScene {
  readonly installation: Installation;
  readonly tenantId: string;
  /** Lines of each published point as they were when it was published. */
  readonly #points = new Map<number, readonly string[]>();

  constructor(installation: Installation, tenantId: string) {
    this.installation = installation;
    this.tenantId = tenantId;
  }

  async head(): Promise<number> {
    return await headOf(this.installation.db, this.tenantId);
  }

  async #lines(point: number): Promise<string[]> {
    const { db } = this.installation;
    return await repositoryLines(db, await tenantNumber(db, this.tenantId), point);
  }

  async truth(): Promise<string[]> {
    return await simulatorTruth(this.installation.control, this.tenantId);
  }

  /** Every published point still shows what it showed at first. */
  async expectPointsUnchanged(): Promise<void> {
    for (const [point, lines] of this.#points) {
      expect(differenceOf(lines, await this.#lines(point)), `point ${point}`).toEqual([]);
    }
  }

  /** What the API shows is one published point as a whole; the head is `heads` and nothing else. */
  async expectNothingHalfVisible(app: AppProcess, heads: readonly number[]): Promise<void> {
    const base = `/api/tenants/${this.tenantId}/restorePoints`;
    const latest = await app.send<{ number?: number }>('operator', 'GET', `${base}/latest`);
    const number = latest.status === 404 ? 0 : latest.body.number;
    expect(heads).toContain(number);
    const above = Math.max(...heads) + 1;
    expect((await app.send('operator', 'GET', `${base}/${above}`)).status).toBe(404);
    if (number === undefined || number === 0) return;
    const lines = this.#points.get(number) ?? (await this.truth());
    const wanted = lines
      .map((line) => line.split(' '))
      .filter(([type = '']) => tracked.includes(type as never))
      .map(([type, id]) => `${type} ${id}`);
    expect(await this.#shown(app, number)).toEqual(wanted.sort());
  }

  async #shown(app: AppProcess, point: number): Promise<string[]> {
    const target = `/api/tenants/${this.tenantId}/restorePoints/${point}/objects/search`;
    const shown: string[] = [];
    const body = { types: tracked, top: 1000 };
    for (let next: string | undefined = target; next !== undefined; ) {
      const page: Page = await app.call<Page>('operator', 'POST', next, body);
      shown.push(...page.value.map(({ type, id }) => `${type} ${id}`));
      next = page.nextLink?.replace(/^https?:\/\/[^/]+/, '').replace(/[?&]api-version=[^&]*/, '');
    }
    return shown.sort();
  }

  /** Nothing but whole published points is left, and the newest equals the tenant. */
  async expectHeadIsTruth(what: string): Promise<void> {
    const head = await this.head();
    const lines = await this.#lines(head);
    expect(differenceOf(await this.truth(), lines), what).toEqual([]);
    await this.expectPointsUnchanged();
    this.#points.set(head, lines);
    const { db } = this.installation;
    expect(await sessionResidue(db, this.tenantId)).toEqual([]);
  }

  /** Id of the newest operation of the tenant, also when its request was never answered. */
  async newestOperation(): Promise<string> {
    const [row] = await this.installation.db.owner.rows<{ id: string }>(
      'select id from operation where tenant_id = $1 order by created_at desc, id desc limit 1',
      [this.tenantId],
    );
    if (row === undefined) throw new Error('no operation was written');
    return row.id;
  }

  /** Waits until the running session has written rows of its point. */
  async rowsWritten(): Promise<void> {
    const text = `select 1 from object_version v join tenant t on t.tenant_no = v.tenant_no
      where t.tenant_id = $1 and v.from_point > t.head_point limit 1`;
    const { db } = this.installation;
    const isWritten = async (): Promise<boolean> =>
      (await db.owner.rows(text, [this.tenantId])).length > 0;
    await until(isWritten, 120_000, 'the session writes nothing');
  }

  /** Epoch of the lease of the tenant's backups. */
  async epoch(): Promise<number> {
    const text = `select l.epoch from lease l join tenant t on t.tenant_no = l.tenant_no
      where t.tenant_id = $1 and l.kind = 'directory'`;
    const { db } = this.installation;
    return (await db.owner.rows<{ epoch: number }>(text, [this.tenantId]))[0]?.epoch ?? 0;
  }

  /** Waits until another process has raised the epoch. */
  async takenOver(epoch: number, timeoutMs: number): Promise<void> {
    await until(async () => (await this.epoch()) > epoch, timeoutMs, 'nobody takes over');
  }

  /** Every row of every table with rows of the tenant, as `table {columns}`. */
  async everything(): Promise<string[]> {
    const { db } = this.installation;
    const no = await tenantNumber(db, this.tenantId);
    const tables = await db.owner.rows<{ name: string }>(
      `select table_name as name from information_schema.columns
       where table_schema = 'public' and column_name = 'tenant_no' order by 1`,
    );
    const rows = tables.map(async ({ name }) => {
      const text = `select row_to_json(r)::text as row from ${name} r where tenant_no = $1 order by 1`;
      return (await db.owner.rows<{ row: string }>(text, [no])).map(({ row }) => `${name} ${row}`);
    });
    return (await Promise.all(rows)).flat();
  }

  /** No row was written, changed or deleted since `before`, which everything() has answered. */
  async expectUntouched(before: readonly string[]): Promise<void> {
    expect(differenceOf(before, await this.everything())).toEqual([]);
  }

  /** The newest point equals the tenant, after one more backup where it changed meanwhile. */
  async expectSettled(app: AppProcess): Promise<void> {
    await app.backup(this.tenantId, { types: tracked });
    await this.expectHeadIsTruth('next backup');
  }

  /** Another backup unless that operation has published a complete point already. */
  async completeAfter(app: AppProcess, operation: OperationView): Promise<void> {
    if (operation.status === 'succeeded' && operation.result === 'complete') return;
    const { db } = this.installation;
    expect(await sessionResidue(db, this.tenantId)).toEqual([]);
    const next = await app.backup(this.tenantId, { types: tracked });
    expect(next).toMatchObject({ status: 'succeeded', result: 'complete' });
  }
}

/** Lines only one side has: `-` what is missing, `+` what is too much. Empty when they are equal. */
function differenceOf(wanted: readonly string[], found: readonly string[]): string[] {
  const [all, there] = [new Set(wanted), new Set(found)];
  return [
    ...wanted.filter((line) => !there.has(line)).map((line) => `- ${line}`),
    ...found.filter((line) => !all.has(line)).map((line) => `+ ${line}`),
    ...found.filter((line, index) => found[index - 1] === line).map((line) => `twice ${line}`),
  ];
}
