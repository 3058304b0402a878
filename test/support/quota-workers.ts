// Several instances that use one quota as fast as they can or now and then, over one store of leases.
import { BackupError } from '../../shared/errors/backup-error.ts';
import { type LeaseStore, SharedTokenBuckets } from '../../shared/graph/shared-token-buckets.ts';
import type { Quota, TenantSize } from '../../shared/graph/token-bucket.ts';
import type { VirtualTime } from './virtual-time.ts';

export interface Send {
  readonly worker: number;
  readonly time: number;
  readonly amount: number;
}

export interface Plan {
  readonly quota: Quota;
  readonly size: TenantSize;
  /** Milliseconds by which each worker's clock is wrong; one worker each. */
  readonly skews: readonly number[];
  /** Random numbers from 0 to 1. */
  readonly random: () => number;
  readonly largest: number;
  /** Mean pause between two requests of a worker; 0: as fast as it can. */
  readonly pauseMs: number;
  readonly endMs: number;
}

export const tenantId = 'a1b2c3d4-0000-4000-8000-000000000001';

/** Leases in the test's own time; each request takes some of it. */
export class VirtualLeases implements LeaseStore {
  readonly #time: VirtualTime;
  readonly #random: () => number;
  #value: { value: Buffer; etag: string } | undefined;
  #writes = 0;
  /** True: nobody reaches it; or the workers that do not. */
  isCutOff: (worker: number) => boolean = () => false;
  conflicts = 0;

  constructor(time: VirtualTime, random: () => number) {
    this.#time = time;
    this.#random = random;
  }

  /** As if the table had been lost, or the setting pointed at another account. */
  lose(): void {
    this.#value = undefined;
  }

  garble(): void {
    if (this.#value !== undefined) this.#value.value = Buffer.from('{"version":1}');
  }

  async read(): ReturnType<LeaseStore['read']> {
    await this.#time.sleep(this.#random() * 300);
    return this.#value === undefined ? undefined : { ...this.#value };
  }

  async write(_: string, __: string, value: Buffer, etag: string | undefined): Promise<string> {
    await this.#time.sleep(this.#random() * 300);
    if (this.#value?.etag !== etag) {
      this.conflicts += 1;
      return 'conflict';
    }
    this.#writes += 1;
    this.#value = { value, etag: String(this.#writes) };
    return this.#value.etag;
  }

  of(worker: number): LeaseStore {
    const reach = async (): Promise<void> => {
      if (!this.isCutOff(worker)) return;
      await this.#time.sleep(this.#random() * 2_000);
      throw new BackupError('cacheUnreachable', 'the cache is cut off');
    };
    return {
      read: async () => {
        await reach();
        return await this.read();
      },
      write: async (partition, row, value, etag) => {
        await reach();
        return await this.write(partition, row, value, etag);
      },
    };
  }
}

/** Runs the workers; answers what they sent, in order of time. */
export async function runWorkers(
  time: VirtualTime,
  plan: Plan,
  storeOf: (worker: number) => LeaseStore,
): Promise<Send[]> {
  const sends: Send[] = [];
  const key = { tenantId, quota: plan.quota };
  const end = time.now + plan.endMs;
  const failures: unknown[] = [];
  for (const [worker, skew] of plan.skews.entries()) {
    const clock = time.clock(skew);
    const buckets = new SharedTokenBuckets({ store: storeOf(worker), clock });
    const work = async (): Promise<void> => {
      await buckets.setTenantSize(tenantId, plan.size);
      while (time.now < end) {
        await time.sleep(plan.random() * 2 * plan.pauseMs);
        const amount = 1 + Math.floor(plan.random() * plan.largest);
        const answer = await buckets.take(key, amount, clock.now(), 60_000);
        await time.sleep(answer.waitMs);
        if (answer.granted) sends.push({ worker, time: time.now, amount });
      }
    };
    for (let lane = 0; lane < 3; lane += 1) {
      work().catch((error: unknown) => failures.push(error));
    }
  }
  await time.runUntil(end);
  if (failures.length > 0) throw failures[0];
  return sends.sort((a, b) => a.time - b.time);
}

/** Largest sum of amounts in any window of `windowMs`. */
export function busiest(sends: readonly Send[], windowMs: number): number {
  let start = 0;
  let sum = 0;
  let most = 0;
  for (const { time, amount } of sends) {
    sum += amount;
    while ((sends[start]?.time ?? 0) <= time - windowMs) sum -= sends[start++]?.amount ?? 0;
    most = Math.max(most, sum);
  }
  return most;
}
