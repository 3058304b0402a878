// The whole application with two log repositories, a cache and a copy container: the primary and the copy
// lie in folders, the secondary in Azurite behind a proxy that can refuse everything.
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { BlobServiceClient } from '@azure/storage-blob';
import { expect } from 'vitest';
import type { LogChange } from '../../local/graph-simulator/control/client.ts';
import { type Azurite, startAzurite } from '../../local/stack/azurite.ts';
import { openLocalKey } from '../../shared/encryption/local-key.ts';
import { copyParts } from '../../shared/log-repository/copy-parts.ts';
import type { ManifestSegment } from '../../shared/log-repository/manifest.ts';
import { openLogStore } from '../../shared/log-repository/open-log-store.ts';
import type { LogSource } from '../../shared/model/log-source.ts';
import { Secret } from '../../shared/settings/secret.ts';
import { AppProcess, type OperationView, until } from './app-process.ts';
import { createInstallation, type Installation } from './installation.ts';
import { simulatedSources } from './log-lab.ts';
import { type StorageProxy, startStorageProxy } from './storage-proxy.ts';
import { type StoredLogs, shownRecords, storedLines } from './stored-logs.ts';
import type { CopiesView, VerificationView } from './upkeep-views.ts';

const HOUR = 3_600_000;
const refused = { 'content-type': 'application/xml', 'x-ms-error-code': 'AuthorizationFailure' };
/** The logs in which the scene puts records. */
export const upkeepSources: readonly LogSource[] = ['directoryAudits', 'signIns'];

type Side = 'primary' | 'secondary';

interface Parts {
  readonly folder: string;
  readonly installation: Installation;
  readonly azurite: Azurite;
  readonly proxy: StorageProxy;
  readonly app: AppProcess;
  readonly places: Readonly<Record<Side, StoredLogs>>;
  readonly tenantId: string;
  readonly outage: { isDown: boolean };
}

export class UpkeepScene {
  readonly #parts: Parts;
  /** Containers and key of the tenant copy. */
  readonly copies: string;
  readonly copyKey: string;

  private constructor(parts: Parts) {
    this.#parts = parts;
    this.copies = path.join(parts.folder, 'copies');
    this.copyKey = path.join(parts.folder, 'copies.key');
  }

  static async start(): Promise<UpkeepScene> {
    const folder = mkdtempSync(path.join(tmpdir(), 'entra-backup-log-upkeep-'));
    const [installation, azurite] = await Promise.all([
      createInstallation(),
      startAzurite(path.join(folder, 'azurite'), path.join(folder, 'azurite.log')),
    ]);
    const outage = { isDown: false };
    const proxy = await startStorageProxy(azurite.connectionString, {
      before: async () =>
        await Promise.resolve(
          outage.isDown ? { status: 403, headers: refused, body: '' } : undefined,
        ),
    });
    const places = await createPlaces(folder, azurite);
    await installation.control.throttling({ reports: false });
    const tenantId = await installation.addTenant({ seed: 5, users: 50, groups: 12 });
    const app = new AppProcess(installation);
    const parts = { folder, installation, azurite, proxy, app, places, tenantId, outage };
    const scene = new UpkeepScene(parts);
    await scene.#addRecords();
    await app.start({ environment: environmentOf(parts) });
    await app.register(tenantId);
    return scene;
  }

  async close(): Promise<void> {
    const { app, proxy, azurite, installation, folder } = this.#parts;
    await app.stop();
    await proxy.close();
    await azurite.stop();
    await installation.close();
    rmSync(folder, { recursive: true, force: true });
  }

  get app(): AppProcess {
    return this.#parts.app;
  }

  get db(): Installation['db'] {
    return this.#parts.installation.db;
  }

  get tenantId(): string {
    return this.#parts.tenantId;
  }

  get places(): Readonly<Record<Side, StoredLogs>> {
    return this.#parts.places;
  }

  /** From now on the secondary refuses everything. */
  takeSecondaryAway(): void {
    this.#parts.outage.isDown = true;
  }

  /** The secondary answers again, and the pause after the failure is over. */
  async bringSecondaryBack(): Promise<void> {
    this.#parts.outage.isDown = false;
    await this.db.owner.rows('update log_copy set failed_at = null');
  }

  async #addRecords(): Promise<void> {
    const { control } = this.#parts.installation;
    const now = await control.clock();
    const streams = upkeepSources.map((source): LogChange => {
      const plan = { from: now - 5 * HOUR, to: now - HOUR, records: 60, bytes: 900 };
      return { kind: 'stream', stream: { source: simulatedSources[source], ...plan } };
    });
    const licensed: LogChange = { kind: 'settings', settings: { licence: 'p2' } };
    await control.changeLogs(this.tenantId, licensed, ...streams);
  }

  under(rest: string): string {
    return `/api/tenants/${this.tenantId}/${rest}`;
  }

  async get<T>(rest: string): Promise<T> {
    return await this.app.call<T>('operator', 'GET', this.under(rest));
  }

  /** Starts an operation and waits until it has succeeded. */
  async run(rest: string, body: object, person: 'admin' | 'operator' = 'operator') {
    const { id } = await this.app.call<OperationView>(person, 'POST', this.under(rest), body);
    return await this.app.succeeded(id);
  }

  /** Waits until the instance has completed, another time than `since` shows. */
  async finished(instance: string, since: unknown): Promise<void> {
    await until(
      async () => {
        const found = await this.app.instance(instance);
        const isOver = ['Completed', 'Failed'].includes(found?.runtimeStatus ?? '');
        return isOver && JSON.stringify(found) !== JSON.stringify(since);
      },
      30_000,
      `${instance} does not end`,
    );
    expect(await this.app.instance(instance)).toMatchObject({ runtimeStatus: 'Completed' });
  }

  /** Copies the logs by the timer; answers what is shown of copies then. */
  async copy(): Promise<CopiesView> {
    const instance = `logCopy:${this.tenantId}`;
    const before = await this.app.instance(instance);
    await this.app.runTimer('startLogCopies');
    await this.finished(instance, before);
    return await this.get<CopiesView>('copies');
  }

  async verify(body: object): Promise<VerificationView> {
    const { resourceLocation = '' } = await this.run('verifications', body);
    return await this.app.call<VerificationView>('operator', 'GET', resourceLocation);
  }

  /** Both repositories hold what the simulator shows, byte for byte. */
  async expectSameLogs(collected: readonly LogSource[]): Promise<void> {
    const { installation, places } = this.#parts;
    for (const source of collected) {
      const truth = await shownRecords(installation.control, this.tenantId, source);
      expect(await storedLines(places.primary, this.tenantId, source)).toEqual(truth);
      expect(await storedLines(places.secondary, this.tenantId, source)).toEqual(truth);
    }
  }

  async namesOf(side: Side): Promise<string[]> {
    const names: string[] = [];
    for await (const { name } of this.places[side].store.list('')) names.push(name);
    return names;
  }

  async firstSegment(side: Side, source: LogSource): Promise<ManifestSegment> {
    const chain = { tenant: this.tenantId, source };
    for await (const { manifest } of copyParts.walkChain(this.places[side].store, chain)) {
      const [first] = manifest.segments;
      if (first !== undefined) return first;
    }
    throw new Error('no segment');
  }
}

const keyFile = (folder: string, name: string): string => path.join(folder, `${name}.key`);

async function createPlaces(
  folder: string,
  { connectionString }: Azurite,
): Promise<Parts['places']> {
  await BlobServiceClient.fromConnectionString(connectionString).createContainer('secondary');
  for (const name of ['primary', 'copies']) mkdirSync(path.join(folder, name));
  for (const name of ['primary', 'secondary', 'copies']) {
    writeFileSync(keyFile(folder, name), randomBytes(32), { mode: 0o600 });
  }
  const open = (name: Side, address: string): StoredLogs => {
    return { store: openLogStore(new Secret(address)), keys: openLocalKey(keyFile(folder, name)) };
  };
  return {
    primary: open('primary', `file://${path.join(folder, 'primary')}`),
    secondary: open('secondary', `${connectionString};Container=secondary`),
  };
}

function environmentOf({ folder, proxy, azurite }: Parts): Readonly<Record<string, string>> {
  return {
    PRIMARY_LOG_REPOSITORY: `file://${path.join(folder, 'primary')}`,
    PRIMARY_LOG_REPOSITORY_KEY: keyFile(folder, 'primary'),
    PRIMARY_LOG_REPOSITORY_RETENTION_DAYS: '365',
    SECONDARY_LOG_REPOSITORY: `${proxy.connectionString};Container=secondary`,
    SECONDARY_LOG_REPOSITORY_KEY: keyFile(folder, 'secondary'),
    CACHE_REPOSITORY: azurite.connectionString,
    LOG_REQUESTS_PER_SECOND: '500',
    TENANT_COPY_REPOSITORIES: `file://${path.join(folder, 'copies')}`,
    TENANT_COPY_KEY: keyFile(folder, 'copies'),
    TENANT_COPY_RETENTION_DAYS: '30',
  };
}
