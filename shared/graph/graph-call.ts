import type { MiddlewareOptions } from '@microsoft/microsoft-graph-client';
import type { GraphAnswer } from './graph-answer.ts';
import type { CallOptions, GraphRequest } from './graph-request.ts';
import type { GraphStatistics } from './statistics.ts';

/**
 * read: may be sent again at will. repeatable: a write with the same effect when sent twice.
 * once: a write whose effect must be looked up before it is sent again.
 */
export type CallKind = 'read' | 'repeatable' | 'once';

export interface CallPlan {
  readonly request: GraphRequest;
  readonly method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  readonly kind: CallKind;
  /** Followed instead of the URL the Graph client builds, byte for byte. */
  readonly link?: string;
  /** Estimated resource units. */
  readonly units: number;
  readonly maximumBytes: number;
  readonly options: CallOptions;
}

/**
 * One call on its way through the middleware chain of the Graph client: what was asked for, and
 * what the handlers tell each other. The Graph client itself loses causes and bodies.
 */
export class GraphCall implements MiddlewareOptions {
  readonly plan: CallPlan;
  /** Checks an answer and keeps what the caller wants; throws graphBadAnswer to try again. */
  readonly accept: (answer: GraphAnswer) => void;
  /** Where this call is counted. */
  readonly statistics: GraphStatistics;
  /** Tries begun so far. */
  attempt = 0;
  /** A try may have had an effect although no answer came. */
  mayHaveHappened = false;
  startedAt: Date;
  clientRequestId = '';
  answer: GraphAnswer | undefined;
  failure: unknown;

  constructor(
    plan: CallPlan,
    accept: (answer: GraphAnswer) => void,
    statistics: GraphStatistics,
    now: Date,
  ) {
    this.plan = plan;
    this.accept = accept;
    this.statistics = statistics;
    this.startedAt = now;
  }
}
