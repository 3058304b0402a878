import { formatTimeSpan } from '../worker/invocation.ts';
import type { HistoryEvent } from './history.ts';
import type { TimerLimits } from './replay-program.ts';

/** `[d.]hh:mm:ss`, with a fraction where there is one. */
function timeSpan(ms: number): string {
  const fraction = ms % 1000;
  const whole = formatTimeSpan(ms - fraction);
  return fraction === 0 ? whole : `${whole}.${String(fraction).padStart(3, '0')}0000`;
}

/**
 * The history of one execution as text. Its older part never changes any more and would be written
 * anew for each episode, which is quadratic in the number of steps; so that part is kept.
 */
export class HistoryText {
  #count = 0;
  #text = '';

  /** @param settled how many events at the beginning stay as they are from now on */
  of(history: HistoryEvent[], settled: number): string {
    for (const event of history.slice(this.#count, settled)) {
      this.#text += `${this.#text === '' ? '' : ','}${JSON.stringify(event)}`;
    }
    this.#count = Math.max(this.#count, settled);
    const rest = history.slice(this.#count).map((event) => JSON.stringify(event));
    return this.#text === '' ? rest.join(',') : [this.#text, ...rest].join(',');
  }
}

/**
 * The value of an orchestration trigger (T1-T3), JSON text.
 * @param events the history as text
 * @param started the ExecutionStarted event of this execution
 */
export function orchestrationTrigger(
  events: string,
  started: HistoryEvent,
  limits: TimerLimits,
): string {
  const rest = JSON.stringify({
    instanceId: started.OrchestrationInstance?.InstanceId,
    isReplaying: started.IsPlayed,
    parentInstanceId: started.ParentInstance?.OrchestrationInstance.InstanceId ?? null,
    upperSchemaVersion: 1,
    upperSchemaVersionNew: 3,
    longRunningTimerIntervalDuration: timeSpan(limits.longTimerIntervalMs),
    maximumShortTimerDuration: timeSpan(limits.maximumShortTimerMs),
    defaultHttpAsyncRequestSleepTimeMillseconds: 30_000,
  });
  return `{"history":[${events}],"input":${started.Input ?? 'null'},${rest.slice(1)}`;
}
