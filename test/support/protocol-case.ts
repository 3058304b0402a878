// A tenant of three users and two groups with a repository, for tests of the backup protocol, and
// workers that stop at a failpoint until they are woken.
import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import { isBackupError } from '../../shared/errors/backup-error.ts';
import type { BackupContext } from '../../shared/tenant-backup/backup-context.ts';
import type { Committed } from '../../shared/tenant-backup/commit-session.ts';
import type { FailpointName } from '../../shared/tenant-backup/failpoint.ts';
import { linesAt, residue, truthOf } from './backup-truth.ts';
import type { TestDatabase } from './database.ts';
import { runBackup, testContext, testTenant } from './run-backup.ts';
import { ScriptedTenant } from './scripted-tenant.ts';

export const u = (n: number): string => `aaaaaaaa-0000-4000-8000-${String(n).padStart(12, '0')}`;
export const g = (n: number): string => `bbbbbbbb-0000-4000-8000-${String(n).padStart(12, '0')}`;
export const l = (n: number): string => `dddddddd-0000-4000-8000-${String(n).padStart(12, '0')}`;

export class ProtocolCase {
  readonly db: TestDatabase;
  readonly tenantNo: number;
  readonly tenant = new ScriptedTenant();
  readonly make: (overrides?: Partial<BackupContext>) => BackupContext;

  private constructor(db: TestDatabase, tenantNo: number) {
    this.db = db;
    this.tenantNo = tenantNo;
    for (const n of [0, 1, 2]) this.tenant.create('user', u(n), { displayName: `user ${n}` });
    for (const n of [0, 1]) this.tenant.create('group', g(n), { displayName: `group ${n}` });
    this.tenant.link('group.members', g(0), u(0));
    this.tenant.link('group.members', g(0), u(1));
    this.tenant.link('group.members', g(1), u(0));
    const registered = testTenant(tenantNo);
    this.make = (overrides = {}) => testContext(db, registered, this.tenant.graph(), overrides);
  }

  static async create(db: TestDatabase): Promise<ProtocolCase> {
    return new ProtocolCase(db, await db.addTenant(randomUUID()));
  }

  async backup(mode: 'auto' | 'full' = 'auto'): Promise<Committed> {
    return await runBackup(() => this.make(), { mode });
  }

  async expectTruth(): Promise<void> {
    const [head] = await this.db.owner.rows<{ head: number }>(
      'select head_point as head from tenant where tenant_no = $1',
      [this.tenantNo],
    );
    const lines = await linesAt(this.db, this.tenantNo, head?.head ?? 0);
    expect(lines).toEqual(truthOf(this.tenant));
    expect(await residue(this.db, this.tenantNo)).toBe(0);
  }

  /** Acts once, before the first request that fits. */
  once(fits: (path: string, query: string) => boolean, act: () => void): void {
    const former = this.tenant.before;
    let done = false;
    this.tenant.before = (path, asked) => {
      if (!done && fits(path, JSON.stringify(asked.query ?? {}))) {
        done = true;
        act();
      }
      return former(path, asked);
    };
  }

  /** A worker that stops at a failpoint until it is woken. */
  frozenAt(name: FailpointName, collection?: string) {
    let wake: () => void = () => undefined;
    let reached: () => void = () => undefined;
    const frozen = new Promise<void>((resolve) => {
      reached = resolve;
    });
    const gate = new Promise<void>((resolve) => {
      wake = resolve;
    });
    let used = false;
    const context = this.make({
      failpoint: async (at, where) => {
        if (used || at !== name || (collection !== undefined && where !== collection)) return;
        used = true;
        reached();
        await gate;
      },
    });
    return { context, frozen, wake };
  }
}

/** Code of the error a worker ended with, or `ended`. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  return await promise.then(
    () => 'ended',
    (error: unknown) => (isBackupError(error) ? error.code : String(error)),
  );
}
