import { formatTimeSpan } from '../worker/invocation.ts';
import type { HistoryEvent } from './history.ts';
import type { TimerLimits } from './replay-program.ts';

// Most events of a long history do not change from one episode to the next, so their text is kept.
const texts = new WeakMap<HistoryEvent, { played: boolean; text: string }>();

function eventText(event: HistoryEvent): string {
  const known = texts.get(event);
  if (known && known.played === event.IsPlayed) return known.text;
  const text = JSON.stringify(event);
  texts.set(event, { played: event.IsPlayed, text });
  return text;
}

/** `[d.]hh:mm:ss`, with a fraction where there is one. */
function timeSpan(ms: number): string {
  const fraction = ms % 1000;
  const whole = formatTimeSpan(ms - fraction);
  return fraction === 0 ? whole : `${whole}.${String(fraction).padStart(3, '0')}0000`;
}

/**
 * The value of an orchestration trigger (T1-T3), JSON text.
 * @param started the ExecutionStarted event of this execution
 */
export function orchestrationTrigger(
  history: HistoryEvent[],
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
  const events = history.map(eventText).join(',');
  return `{"history":[${events}],"input":${started.Input ?? 'null'},${rest.slice(1)}`;
}
