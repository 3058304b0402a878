import type { Context, Middleware } from '@microsoft/microsoft-graph-client';
import { callOf } from './call-of.ts';
import type { QuotaKeeper } from './quota.ts';

/**
 * Waits for quota as the last thing before a try is sent: behind the token, because a sign-in in
 * between would let two calls arrive closer together than they were let through.
 */
export class QuotaHandler implements Middleware {
  private readonly quota: QuotaKeeper;
  private next: Middleware | undefined;

  constructor(quota: QuotaKeeper) {
    this.quota = quota;
  }

  setNext(next: Middleware): void {
    this.next = next;
  }

  async execute(context: Context): Promise<void> {
    await this.quota.take(callOf(context));
    await this.next?.execute(context);
  }
}
