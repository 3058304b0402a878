import { BackupError } from '../errors/backup-error.ts';
import type { Clock } from '../model/clock.ts';
import type { CallPlan, GraphCall } from './graph-call.ts';
import { type Quota, type TokenBucketStore, tenantSizeOf } from './token-bucket.ts';

/** Waits for the quotas of one tenant and for what Graph asks, but never past a slice's end. */
export class QuotaKeeper {
  private readonly tenantId: string;
  private readonly buckets: TokenBucketStore;
  private readonly clock: Clock;

  constructor(tenantId: string, buckets: TokenBucketStore, clock: Clock) {
    this.tenantId = tenantId;
    this.buckets = buckets;
    this.clock = clock;
  }

  /** Takes what the call costs; throws graphThrottled when that would end after the deadline. */
  async take(call: GraphCall): Promise<void> {
    for (const [quota, amount] of amountsOf(call.plan)) {
      const now = this.clock.now();
      const maximum = remainingMs(call.plan, now);
      const key = { tenantId: this.tenantId, quota };
      const answer = await this.buckets.take(key, amount, now, maximum);
      if (!answer.granted) {
        throw sliceEnds(answer.waitMs, new BackupError('graphThrottled', 'the quota is used up'));
      }
      await this.sleep(answer.waitMs, call);
    }
  }

  /** Chooses the identity quota by the number of users of the tenant. */
  async setTenantUsers(users: number): Promise<void> {
    await this.buckets.setTenantSize(this.tenantId, tenantSizeOf(users));
  }

  /** Makes everybody who calls for this tenant wait. */
  async pause(call: GraphCall, waitMs: number): Promise<void> {
    const until = new Date(this.clock.now().getTime() + waitMs);
    for (const [quota] of amountsOf(call.plan)) {
      await this.buckets.pause({ tenantId: this.tenantId, quota }, until);
    }
  }

  /** Waits after `cause`; throws graphThrottled when that would end after the deadline. */
  async wait(call: GraphCall, waitMs: number, cause: BackupError): Promise<void> {
    if (waitMs > remainingMs(call.plan, this.clock.now())) throw sliceEnds(waitMs, cause);
    await this.sleep(waitMs, call);
  }

  private async sleep(waitMs: number, call: GraphCall): Promise<void> {
    if (waitMs <= 0) return;
    call.statistics.add({ waitMs });
    await this.clock.sleep(waitMs, call.plan.options.signal);
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
