import type { OrchestrationContext } from 'durable-functions';
import type { Step } from './define-activity.ts';

/** Sleeps by a durable timer, counted from the time of the orchestration. */
export function* pause(context: OrchestrationContext, seconds: number): Step<void> {
  yield context.df.createTimer(new Date(context.df.currentUtcDateTime.getTime() + seconds * 1_000));
}
