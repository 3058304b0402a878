import { ACTION, type Action } from './answer.ts';
import type { Decision, OrchestrationEnd } from './decisions.ts';
import type { HistoryEvent } from './history.ts';
import { HostTask } from './host-task.ts';

/**
 * What the host's program sees while it replays: it hands out ids in order of invocation, keeps
 * the tasks that are open and the decisions the history does not know yet.
 */
export class ReplayContext {
  /** Orchestrator's clock, ms since 1970. */
  now = 0;
  decisions = new Map<number, Decision>();
  readonly openTasks = new Map<number, HostTask>();
  ended = false;
  continuing: { input: string | null; carried: HistoryEvent[] } | undefined;
  readonly executionId: string;
  #nextId = 0;
  readonly #waiting = new Map<string, HostTask[]>();
  readonly #buffered = new Map<string, number>();

  constructor(executionId: string) {
    this.executionId = executionId;
  }

  scheduleActivity(action: Action): HostTask {
    const { functionName: name = '', input } = action;
    return this.#open((id) => ({ kind: 'activity', id, name, input }));
  }

  createTimer(fireAt: number, canceled: boolean): HostTask {
    const text = new Date(fireAt).toISOString();
    const id = this.#nextId;
    const task = this.#open(() => ({ kind: 'timer', id, fireAt: text }));
    // R4: the timer is created all the same, but nobody waits for it.
    if (canceled) {
      this.openTasks.delete(id);
      task.settle(true);
    }
    return task;
  }

  startSubOrchestration(action: Action): HostTask {
    const { functionName: name = '', version } = action;
    const input = inputText(action.input);
    return this.#open((id) => ({
      kind: 'subOrchestration',
      id,
      name,
      version: version ?? undefined,
      instanceId: action.instanceId || `${this.executionId}:${id.toString(16)}`,
      input,
    }));
  }

  /** E3: of several open waits of one name the newest gets the next event. */
  waitForEvent(name: string): HostTask {
    const key = name.toLowerCase();
    const task = new HostTask();
    const buffered = this.#buffered.get(key) ?? 0;
    if (buffered > 0) {
      this.#buffered.set(key, buffered - 1);
      task.settle();
      return task;
    }
    const waiting = this.#waiting.get(key) ?? [];
    waiting.push(task);
    this.#waiting.set(key, waiting);
    return task;
  }

  raiseEvent(event: HistoryEvent): void {
    if (this.continuing) {
      this.continuing.carried.push(event);
      return;
    }
    const key = (event.Name ?? '').toLowerCase();
    const task = this.#waiting.get(key)?.pop();
    if (task) task.settle();
    else this.#buffered.set(key, (this.#buffered.get(key) ?? 0) + 1);
  }

  continueAsNew(action: Action): void {
    const input = inputText(action.input);
    this.continuing = { input, carried: [] };
  }

  /** Settles the task a completion event belongs to; unknown ids are duplicates and ignored. */
  completeTask(id: number, failed: boolean): void {
    const task = this.openTasks.get(id);
    if (!task) return;
    this.openTasks.delete(id);
    task.settle(failed);
  }

  /** The end of the execution takes an id of its own (T7). */
  end(end: OrchestrationEnd): void {
    const id = this.#nextId++;
    if (this.ended) return;
    this.ended = true;
    if (end.status === 'Completed' && this.continuing) {
      this.decisions.set(id, { kind: 'continueAsNew', id, ...this.continuing });
    } else {
      this.decisions.set(id, { kind: 'complete', id, end });
    }
  }

  #open(decide: (id: number) => Decision): HostTask {
    const id = this.#nextId++;
    const task = new HostTask();
    this.decisions.set(id, decide(id));
    this.openTasks.set(id, task);
    return task;
  }
}

/** JSON text of an orchestration's input; the genuine engine keeps null as no input at all. */
function inputText(input: unknown): string | null {
  return input === undefined || input === null ? null : JSON.stringify(input);
}

/** Action types this host does not run, with the name a developer knows them by. */
export const UNSUPPORTED_ACTIONS: Record<number, string> = {
  [ACTION.CallEntity]: 'callEntity',
  [ACTION.CallHttp]: 'callHttp',
  [ACTION.SignalEntity]: 'signalEntity',
  [ACTION.LockEntities]: 'lock',
  [ACTION.ReleaseEntities]: 'release of a lock',
};
