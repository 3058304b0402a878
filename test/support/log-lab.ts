// One simulator whose time is the test's, and tenants whose logs are collected into a repository. A
// wait of the product moves the time of both; nobody waits really.
import { randomBytes, randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { LogChange } from '../../local/graph-simulator/control/client.ts';
import type { LogSource as SimulatedSource } from '../../local/graph-simulator/logs/log-source.ts';
import { type Simulator, startSimulator } from '../../local/graph-simulator/server.ts';
import type { CacheRepository } from '../../shared/cache/cache-repository.ts';
import { createLocalKey } from '../../shared/encryption/local-key.ts';
import { createGraphClient } from '../../shared/graph/create-graph-client.ts';
import type { GraphClient } from '../../shared/graph/graph-client.ts';
import { createNetwork } from '../../shared/graph/network.ts';
import { ProcessTokenBuckets } from '../../shared/graph/token-bucket.ts';
import type { CollectContext } from '../../shared/log-backup/collect-context.ts';
import { collectSlice, type SliceReport } from '../../shared/log-backup/collect-slice.ts';
import { LogRepository } from '../../shared/log-repository/log-repository.ts';
import type { LogStore } from '../../shared/log-repository/log-store.ts';
import { openSegment } from '../../shared/log-repository/segment-reader.ts';
import type { Clock } from '../../shared/model/clock.ts';
import type { LogSource } from '../../shared/model/log-source.ts';
import { openFolder } from './log-stores.ts';

const clientId = '7f9a3c1e-0000-4000-8000-00000000eeee';
const secret = 'only-for-tests';
const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
/** So short that the last sweep comes soon, and longer than records and changes are late. */
export const RETENTION_DAYS = 4;
/** Where the time of a lab begins. */
export const START = Date.UTC(2026, 4, 4, 12);

export const simulatedSources: Readonly<Record<LogSource, SimulatedSource>> = {
  directoryAudits: 'directoryAudits',
  signIns: 'interactiveSignIns',
  nonInteractiveUserSignIns: 'nonInteractiveSignIns',
  servicePrincipalSignIns: 'servicePrincipalSignIns',
  managedIdentitySignIns: 'managedIdentitySignIns',
  provisioning: 'provisioning',
};

/** Memory where there is some: thousands of small files, each made durable, are no test of disks. */
function fastFolder(): string {
  return existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
}

/** The time of the simulator, for product and simulator alike. */
class LabClock implements Clock {
  readonly #simulator: Simulator;

  constructor(simulator: Simulator) {
    this.#simulator = simulator;
  }

  now(): Date {
    return new Date(this.#simulator.state.clock.now());
  }

  async sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    this.advance(milliseconds);
    await setImmediate();
  }

  advance(milliseconds: number): void {
    this.#simulator.state.clock.advance(Math.max(0, Math.ceil(milliseconds)));
  }
}

export interface LogTenantPlan {
  readonly source: LogSource;
  readonly changes: readonly LogChange[];
  readonly cache: CacheRepository;
  readonly store?: LogStore;
  readonly tryTimeoutMs?: number;
}

export async function startLogLab() {
  const folder = await mkdtemp(join(fastFolder(), 'entra-backup-logs-'));
  const simulator = await startSimulator({
    stateDir: join(folder, 'simulator'),
    startAt: START,
    throttling: { identity: false, writes: false, conditionalAccess: false },
  });
  const network = createNetwork({ extraCa: simulator.ca });
  const clock = new LabClock(simulator);
  const newStore = (): LogStore => openFolder(mkdtempSync(join(folder, 'repository-')));
  return {
    simulator,
    control: simulator.control,
    clock,
    addTenant: async (plan: LogTenantPlan): Promise<LogTenant> => {
      const tenantId = randomUUID();
      const permissions = ['AuditLog.Read.All', 'Policy.Read.All'];
      await simulator.control.createTenant({
        tenantId,
        registrations: [{ appId: clientId, secrets: [{ value: secret }], permissions }],
        logs: [{ kind: 'settings', settings: { retentionDays: RETENTION_DAYS } }, ...plan.changes],
      });
      const graph = createGraphClient({
        graphUrl: simulator.origin,
        loginUrl: simulator.origin,
        tenantId,
        clientId,
        credential: { kind: 'secret', value: secret },
        priority: 'low',
        buckets: new ProcessTokenBuckets(),
        network,
        clock,
        logger: silent,
        tryTimeoutMs: plan.tryTimeoutMs ?? 10_000,
      });
      const store = plan.store ?? newStore();
      return new LogTenant(simulator, clock, graph, { ...plan, tenantId, store });
    },
    close: async () => {
      await network.close();
      await simulator.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export type LogLab = Awaited<ReturnType<typeof startLogLab>>;

type TenantParts = LogTenantPlan & { readonly tenantId: string; readonly store: LogStore };

export interface Union {
  /** SHA-256 of each stored line, in hexadecimal, with the id in the record: as often as it is stored. */
  readonly lines: readonly { readonly id: string; readonly text: string }[];
  readonly manifests: number;
  readonly gaps: readonly { readonly from: string; readonly to: string; readonly reason: string }[];
}

export class LogTenant {
  readonly tenantId: string;
  readonly source: LogSource;
  readonly repository: LogRepository;
  cache: CacheRepository;
  readonly #keys = createLocalKey(randomBytes(32));
  readonly #simulator: Simulator;
  readonly #clock: LabClock;
  readonly #graph: GraphClient;

  constructor(simulator: Simulator, clock: LabClock, graph: GraphClient, parts: TenantParts) {
    this.tenantId = parts.tenantId;
    this.source = parts.source;
    this.cache = parts.cache;
    this.repository = new LogRepository(parts.store, this.#keys, { frameBytes: 64 * 1024 });
    this.#simulator = simulator;
    this.#clock = clock;
    this.#graph = graph;
  }

  context(more: Partial<CollectContext> = {}): CollectContext {
    return {
      tenant: this.tenantId,
      source: this.source,
      graph: this.#graph,
      repository: this.repository,
      cache: this.cache,
      clock: this.#clock,
      writer: randomUUID(),
      retentionDays: RETENTION_DAYS,
      budgetMs: 10 * MINUTE,
      pageRecords: 20,
      ...more,
    };
  }

  async slice(more: Partial<CollectContext> = {}): Promise<SliceReport> {
    return await collectSlice(this.context(more));
  }

  /** Slices until nothing is due. */
  async catchUp(more: Partial<CollectContext> = {}): Promise<SliceReport> {
    for (let slices = 0; slices < 300; slices += 1) {
      const report = await this.slice(more);
      if (report.outcome === 'caughtUp' || report.outcome === 'refused') return report;
      this.#clock.advance(report.retryAfterMs ?? 0);
    }
    throw new Error('the collection does not come to an end');
  }

  async union(): Promise<Union> {
    const chain = { tenant: this.tenantId, source: this.source };
    const lines: { id: string; text: string }[] = [];
    const gaps: Union['gaps'][number][] = [];
    let manifests = 0;
    for await (const { manifest } of this.repository.walk(chain)) {
      manifests += 1;
      if (manifest.gap !== undefined) gaps.push(manifest.gap);
      for (const { name, records, bytes, footerSha256 } of manifest.segments) {
        const named = { bytes, footerSha256 };
        const segment = await openSegment(this.repository.store, name, this.#keys, named);
        const before = lines.length;
        for await (const { line } of segment.records()) {
          const text = line.toString('utf8');
          lines.push({ id: (JSON.parse(text) as { id: string }).id, text });
        }
        if (lines.length - before !== records) throw new Error(`${name} has another count`);
      }
    }
    return { lines, manifests, gaps };
  }

  /** What the log ever showed: ids, and per id the texts with whether they are shown now. */
  async truth(): Promise<Map<string, { text: string; isShown: boolean }[]>> {
    const now = this.#clock.now().getTime();
    const records = new Map<string, { text: string; isShown: boolean }[]>();
    const query = { source: simulatedSources[this.source], text: true, shownBy: now };
    for await (const line of this.#simulator.control.logTruth(this.tenantId, query)) {
      if (line.kind !== 'record') continue;
      const texts = line.versions.map(({ text = '', until }) => ({
        text,
        isShown: until === null || until > now,
      }));
      records.set(line.id, texts);
    }
    return records;
  }

  /** Lost, doubled and invented records of the union, by id; all empty when it is right. */
  async defects(): Promise<{
    lost: string[];
    doubled: string[];
    invented: string[];
    stored: number;
  }> {
    const { lines } = await this.union();
    const truth = await this.truth();
    const stored = new Set(lines.map(({ text }) => text));
    const lost: string[] = [];
    for (const [id, texts] of truth) {
      // a content that was replaced before anybody could read it is nobody's loss
      const shown = texts.filter(({ isShown }) => isShown);
      if (shown.some(({ text }) => !stored.has(text))) lost.push(id);
    }
    const texts = new Map(
      [...truth].map(([id, all]) => [id, new Set(all.map(({ text }) => text))]),
    );
    const invented = lines.filter(({ id, text }) => texts.get(id)?.has(text) !== true);
    const counts = new Map<string, number>();
    for (const { text } of lines) counts.set(text, (counts.get(text) ?? 0) + 1);
    const doubled = lines.filter(({ text }) => (counts.get(text) ?? 0) > 1);
    const idsOf = (some: readonly { id: string }[]): string[] => some.map(({ id }) => id);
    return { lost, doubled: idsOf(doubled), invented: idsOf(invented), stored: stored.size };
  }
}

export const calm: LogChange = { kind: 'settings', settings: { shortPages: 0 } };

/** A number from 0 up to 1 by seed and place; the same every time. */
export function dice(seed: number): () => number {
  let state = (seed * 2_654_435_761) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state / 4_294_967_296;
  };
}
