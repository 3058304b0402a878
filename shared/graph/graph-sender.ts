import { type Client, ResponseType } from '@microsoft/microsoft-graph-client';
import { isBackupError } from '../errors/backup-error.ts';
import type { Clock } from '../model/clock.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { GraphAnswer } from './graph-answer.ts';
import { type CallPlan, GraphCall } from './graph-call.ts';
import { relativeUrl } from './graph-request.ts';
import type { QuotaKeeper } from './quota.ts';
import { GraphStatistics } from './statistics.ts';

export interface SenderParts {
  readonly client: Client;
  /** `https://graph.microsoft.com`. */
  readonly origin: string;
  readonly priority: 'low' | 'normal';
  readonly clock: Clock;
  readonly logger: Logger;
  readonly statistics: GraphStatistics;
  readonly quota: QuotaKeeper;
  /** 0 <= n < 1, for jitter. */
  readonly random: () => number;
}

export type Accept<T> = (answer: GraphAnswer, call: GraphCall) => T;

/** Sends calls through the Graph client: it builds the URL and runs the chain of handlers. */
export class GraphSender {
  readonly parts: SenderParts;

  constructor(parts: SenderParts) {
    this.parts = parts;
  }

  /** The same connections, token and quotas with counts of its own. */
  withOwnCounts(): GraphSender {
    return new GraphSender({ ...this.parts, statistics: new GraphStatistics() });
  }

  /** What `accept` made of the answer; throws the BackupError the handlers ended with. */
  async send<T>(plan: CallPlan, accept: Accept<T>, body?: string): Promise<T> {
    let result: T | undefined;
    const call = new GraphCall(
      plan,
      (answer) => {
        result = accept(answer, call);
      },
      this.parts.statistics,
      this.parts.clock.now(),
    );
    try {
      await this.dispatch(call, body);
    } catch (error) {
      // The Graph client puts an error of its own around what a handler threw and drops the cause.
      throw this.report(call.failure ?? error);
    }
    return result as T;
  }

  private async dispatch(call: GraphCall, body: string | undefined): Promise<void> {
    const { plan } = call;
    const api = this.parts.client
      .api(relativeUrl(plan.request))
      .version(plan.request.apiVersion)
      .responseType(ResponseType.RAW)
      .headers({
        accept: 'application/json',
        'x-ms-throttle-priority': this.parts.priority,
        ...plan.request.headers,
      })
      .middlewareOptions([call]);
    if (plan.method === 'GET') await api.get();
    else if (plan.method === 'DELETE') await api.delete();
    else if (plan.method === 'POST') await api.post(body ?? '');
    else if (plan.method === 'PATCH') await api.patch(body ?? '');
    else await api.put(body ?? '');
  }

  /** A link that leads elsewhere is a matter for whoever watches the log. */
  private report(error: unknown): unknown {
    if (isBackupError(error, 'graphLinkRefused')) {
      this.parts.logger.warn('graph link refused', { reason: String(error.details['reason']) });
    }
    return error;
  }
}
