import { randomUUID } from 'node:crypto';
import type { Context, Middleware } from '@microsoft/microsoft-graph-client';
import type { Clock } from '../model/clock.ts';
import { callOf } from './call-of.ts';
import type { GraphCall } from './graph-call.ts';

/** Gives every try its own client-request-id and counts it. */
export class CountHandler implements Middleware {
  private readonly clock: Clock;
  private next: Middleware | undefined;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  setNext(next: Middleware): void {
    this.next = next;
  }

  async execute(context: Context): Promise<void> {
    const call = callOf(context);
    call.clientRequestId = randomUUID();
    call.startedAt = this.clock.now();
    call.statistics.add({ requests: 1 });
    await this.next?.execute(context);
    this.countAnswer(call);
  }

  private countAnswer(call: GraphCall): void {
    if (call.answer === undefined) return;
    const reported = Number(call.answer.headers['x-ms-resource-unit'] ?? Number.NaN);
    call.statistics.add({
      units: Number.isFinite(reported) && reported >= 0 ? reported : call.plan.units,
      throttled: call.answer.status === 429 ? 1 : 0,
    });
  }
}
