import type { DurableClient } from 'durable-functions';

/** What this product uses of the durable client; its management addresses are never shown. */
export type OrchestrationClient = Pick<
  DurableClient,
  | 'startNew'
  | 'getStatus'
  | 'getStatusBy'
  | 'terminate'
  | 'purgeInstanceHistory'
  | 'raiseEvent'
  | 'suspend'
  | 'resume'
>;
