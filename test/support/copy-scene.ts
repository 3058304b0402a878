// A simulated tenant that is backed up into one database, copied to folders, and rebuilt into others.
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'vitest';
import type { KeyWrapper } from '../../shared/encryption/key-wrapper.ts';
import type { LogStore } from '../../shared/log-repository/log-store.ts';
import { copyTables } from '../../shared/repository/copy-tables.ts';
import type { CopyContext } from '../../shared/tenant-backup/copy-context.ts';
import { type Rebuilt, rebuildTenant } from '../../shared/tenant-backup/rebuild-tenant.ts';
import { createTestDatabase, type TestDatabase } from './database.ts';
import { type Lab, type LabTenant, startFaultLab } from './fault-lab.ts';
import { openFolder } from './open-folder.ts';
import { changeAtRandom, generator } from './random-changes.ts';
import { allRows, copyContext, placeOf, type SetClock } from './tenant-copies.ts';

export const DAY = 86_400_000;
/** Several segments even for a small tenant. */
export const small = { segmentBytes: 40_000, pageBytes: 10_000, fullEveryMs: 7 * DAY };

export interface RebuiltDatabase {
  readonly db: TestDatabase;
  readonly tenantNo: number;
  readonly done: Rebuilt;
}

export interface CopyScene {
  readonly lab: Lab;
  readonly tenant: LabTenant;
  readonly folder: string;
  newStore(name: string): Promise<LogStore>;
  /** Files of the copy in the store of that name. */
  directory(name: string): string;
  context(store: LogStore, clock: SetClock, more?: Partial<CopyContext>): CopyContext;
  /** Draws changes, backs up and answers the point. */
  changeAndBackUp(count?: number): Promise<number>;
  /** Into a database of its own. */
  rebuild(store: LogStore, keys?: KeyWrapper): Promise<RebuiltDatabase>;
  /** Rebuilds and compares every row with the first database. */
  expectSame(store: LogStore): Promise<RebuiltDatabase>;
  newDatabase(): Promise<TestDatabase>;
  close(): Promise<void>;
}

export async function startCopyScene(seed: number): Promise<CopyScene> {
  const random = generator(seed);
  const folder = await mkdtemp(path.join(tmpdir(), 'tenant-copy-'));
  const lab = await startFaultLab();
  const tenant = await lab.addTenant({ seed: { users: 60, groups: 12 } });
  await tenant.published();
  const databases: TestDatabase[] = [];
  const newDatabase = async (): Promise<TestDatabase> => {
    const db = await createTestDatabase();
    databases.push(db);
    return db;
  };
  const rebuild: CopyScene['rebuild'] = async (store, keys) => {
    const db = await newDatabase();
    const context = { ...placeOf(store, keys), database: db.database, tables: copyTables };
    const done = await rebuildTenant(context, tenant.tenantId);
    const [row] = await db.owner.rows<{ no: number }>('select tenant_no as no from tenant');
    return { db, done, tenantNo: row?.no ?? 0 };
  };
  return {
    ...{ lab, tenant, folder, newDatabase, rebuild },
    newStore: async (name) => {
      await mkdir(path.join(folder, name));
      return openFolder(path.join(folder, name));
    },
    directory: (name) => path.join(folder, name, tenant.tenantId, 'directory'),
    context: (store, clock, more = {}) => {
      const { tenantNo, tenantId } = tenant;
      return copyContext(lab.db, { tenantNo, tenantId }, store, clock, { limits: small, ...more });
    },
    changeAndBackUp: async (count = 12) => {
      await changeAtRandom(lab.control, tenant.tenantId, random, count, count);
      return (await tenant.published()).point;
    },
    expectSame: async (store) => {
      const found = await rebuild(store);
      const before = await allRows(lab.db, tenant.tenantNo);
      const after = await allRows(found.db, found.tenantNo);
      for (const [table, rows] of Object.entries(before)) {
        expect(after[table as keyof typeof after], table).toEqual(rows);
      }
      return found;
    },
    close: async () => {
      for (const db of databases) await db.drop();
      await lab.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
