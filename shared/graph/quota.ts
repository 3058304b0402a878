import { BackupError } from '../errors/backup-error.ts';
import type { Clock } from '../model/clock.ts';
import type { CallPlan } from './graph-call.ts';
import type { GraphStatistics } from './statistics.ts';
import type { Quota, TokenBucketStore } from './token-bucket.ts';

/** Waits for the quotas of one tenant and for what Graph asks, but never past a slice's end. */
export class QuotaKeeper {
  private readonly tenantId: string;
  private readonly buckets: TokenBucketStore;
  private readonly clock: Clock;
  private readonly statistics: GraphStatistics;

  constructor(
    tenantId: string,
    buckets: TokenBucketStore,
    clock: Clock,
    statistics: GraphStatistics,
  ) {
    this.tenantId = tenantId;
    this.buckets = buckets;
    this.clock = clock;
    this.statistics = statistics;
  }

  /** Takes what the call costs; throws graphThrottled when that would end after the deadline. */
  async take(plan: CallPlan): Promise<void> {
    for (const [quota, amount] of amountsOf(plan)) {
      const now = this.clock.now();
      const maximum = remainingMs(plan, now);
      const key = { tenantId: this.tenantId, quota };
      const answer = await this.buckets.take(key, amount, now, maximum);
      if (!answer.granted) {
        throw sliceEnds(answer.waitMs, new BackupError('graphThrottled', 'the quota is used up'));
      }
      await this.sleep(answer.waitMs, plan);
    }
  }

  /** Makes everybody who calls for this tenant wait. */
  async pause(plan: CallPlan, waitMs: number): Promise<void> {
    const until = new Date(this.clock.now().getTime() + waitMs);
    for (const [quota] of amountsOf(plan)) {
      await this.buckets.pause({ tenantId: this.tenantId, quota }, until);
    }
  }

  /** Waits after `cause`; throws graphThrottled when that would end after the deadline. */
  async wait(plan: CallPlan, waitMs: number, cause: BackupError): Promise<void> {
    if (waitMs > remainingMs(plan, this.clock.now())) throw sliceEnds(waitMs, cause);
    await this.sleep(waitMs, plan);
  }

  private async sleep(waitMs: number, plan: CallPlan): Promise<void> {
    if (waitMs <= 0) return;
    this.statistics.add({ waitMs });
    await this.clock.sleep(waitMs, plan.options.signal);
  }
}

function amountsOf(plan: CallPlan): [Quota, number][] {
  const { service } = plan.request;
  const amount = service === 'identity' ? plan.units : 1;
  return plan.kind === 'read'
    ? [[service, amount]]
    : [
        [service, amount],
        ['writes', 1],
      ];
}

function remainingMs(plan: CallPlan, now: Date): number {
  const { deadline } = plan.options;
  return deadline === undefined ? Number.POSITIVE_INFINITY : deadline.getTime() - now.getTime();
}

function sliceEnds(waitMs: number, cause: BackupError): BackupError {
  return new BackupError('graphThrottled', 'the wait would pass the end of the slice', {
    cause,
    details: { ...cause.details, causeCode: cause.code, retryAfterMs: waitMs },
  });
}
