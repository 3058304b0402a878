import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../log.ts';
import type { NewMessage, StoredActivity } from '../store/records.ts';
import type { Store } from '../store/store.ts';
import type { InvocationOutcome, Invoker } from '../worker/invocation.ts';
import { activityInput, activityResult } from './activity-values.ts';
import type { Chaos } from './chaos.ts';
import { activityFailure } from './failure-text.ts';
import type { FunctionTable } from './function-table.ts';
import { type HistoryEvent, taskCompleted, taskFailed } from './history.ts';

export interface ActivityDispatcherOptions {
  store: Store;
  invoker: Invoker;
  activities: FunctionTable;
  logger: Logger;
  chaos: Chaos;
  now(): number;
  maxConcurrent: number;
  /** Largest input or output of an activity, in bytes of JSON text. */
  maxPayloadBytes: number;
  /** Called when a result has been delivered to an instance. */
  delivered(instanceId: string): void;
}

/**
 * Runs activities, oldest first, never more than `maxConcurrent` at once. An activity stays in the
 * store until its result is delivered, so one that was running when the process died runs again.
 */
export class ActivityDispatcher {
  readonly #options: ActivityDispatcherOptions;
  #queue: StoredActivity[] = [];
  #head = 0;
  readonly #running = new Set<Promise<void>>();
  #stopped = false;

  constructor(options: ActivityDispatcherOptions) {
    this.#options = options;
  }

  enqueue(activities: StoredActivity[]): void {
    this.#queue.push(...activities);
    this.#pump();
  }

  /** Takes no new activity; resolves when none runs any more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#running);
  }

  #pump(): void {
    while (!this.#stopped && this.#running.size < this.#options.maxConcurrent) {
      const next = this.#queue[this.#head];
      if (!next) break;
      this.#head += 1;
      const run = this.#run(next).finally(() => {
        this.#running.delete(run);
        this.#pump();
      });
      this.#running.add(run);
    }
    if (this.#head === this.#queue.length) {
      this.#queue = [];
      this.#head = 0;
    }
  }

  async #run(activity: StoredActivity): Promise<void> {
    const { chaos, store, delivered, now } = this.#options;
    const delay = chaos.delay();
    if (delay > 0) await sleep(delay);
    const twice = chaos.runTwice();
    let outcome = await this.#execute(activity);
    if (twice) outcome = await this.#execute(activity);
    if (store.closed) return;
    const { instanceId, executionId } = activity;
    const event = this.#resultEvent(activity, outcome);
    const message: NewMessage = { instanceId, executionId, visibleAt: now(), event };
    if (store.completeActivity(activity.id, message)) delivered(instanceId);
  }

  async #execute(activity: StoredActivity): Promise<InvocationOutcome> {
    const { activities, invoker, maxPayloadBytes } = this.#options;
    const fn = activities.find(activity.name);
    const size = Buffer.byteLength(activity.input ?? '');
    if (!fn) {
      const known = activities.all().map((known) => `'${known.name}'`);
      const message = `The function '${activity.name}' doesn't exist, is disabled, or is not an activity function. Additional info: The following are the known activity functions: ${known.join(', ')}.`;
      return { ok: false, failure: { message, stack: '' } };
    }
    if (size > maxPayloadBytes) return this.#tooLarge(activity, 'input', size);
    const outcome = await invoker.invoke(fn, {
      trigger: activityInput(activity.input),
      triggerMetadata: { instanceId: { string: activity.instanceId } },
    });
    const result = outcome.ok ? activityResult(outcome.response.returnValue) : null;
    const resultSize = Buffer.byteLength(result ?? '');
    return resultSize > maxPayloadBytes ? this.#tooLarge(activity, 'output', resultSize) : outcome;
  }

  #tooLarge(activity: StoredActivity, side: 'input' | 'output', bytes: number): InvocationOutcome {
    const kb = (n: number) => `${Math.ceil(n / 1024)} KB`;
    const limit = kb(this.#options.maxPayloadBytes);
    const message = `the ${side} has ${kb(bytes)}, more than the ${limit} this host allows: pass ids and counts, keep data in the repository`;
    this.#options.logger.write('error', `Function.${activity.name}`, message);
    return { ok: false, failure: { message, stack: '' } };
  }

  #resultEvent(activity: StoredActivity, outcome: InvocationOutcome): HistoryEvent {
    const now = this.#options.now();
    if (outcome.ok) {
      const result = activityResult(outcome.response.returnValue);
      return taskCompleted(activity.taskId, result, now);
    }
    return taskFailed(activity.taskId, activityFailure(activity.name, outcome.failure), now);
  }
}
