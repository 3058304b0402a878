import { ACTION, type Action, type ActionRetryOptions } from './answer.ts';
import { HostTask, type Routine, runRoutine, whenAll, whenAny } from './host-task.ts';
import { type ReplayContext, UNSUPPORTED_ACTIONS } from './replay-context.ts';

/** Longest timer in one piece and the length of the pieces (R9), in ms. */
export interface TimerLimits {
  maximumShortTimerMs: number;
  longTimerIntervalMs: number;
}

/** What the program must know about the app. Names are compared without case. */
export interface ProgramEnvironment extends TimerLimits {
  isActivity(name: string): boolean;
  isOrchestrator(name: string): boolean;
}

/** The orchestrator used a feature this host does not have. */
export class UnsupportedActionError extends Error {
  override name = 'UnsupportedActionError';
}

const MAX_RETRY_INTERVAL_MS = 6 * 24 * 3600 * 1000;

/** The actions of one answer as the program the genuine host makes of them (R1-R10). */
export class ReplayProgram {
  readonly #context: ReplayContext;
  readonly #environment: ProgramEnvironment;

  constructor(context: ReplayContext, environment: ProgramEnvironment) {
    this.#context = context;
    this.#environment = environment;
  }

  /** One action after the other; what an action fails with is the SDK's business, not ours. */
  *run(actions: Action[]): Routine {
    for (const action of actions) yield this.#invoke(action);
    return false;
  }

  #invoke(action: Action): HostTask {
    const context = this.#context;
    switch (action.actionType) {
      case ACTION.CallActivity:
        return this.#activity(action, () => context.scheduleActivity(action));
      case ACTION.CallActivityWithRetry:
        return this.#activity(action, () =>
          this.#withRetry(action, () => context.scheduleActivity(action)),
        );
      case ACTION.CallSubOrchestrator:
        return this.#subOrchestration(action, () => context.startSubOrchestration(action));
      case ACTION.CallSubOrchestratorWithRetry:
        return this.#subOrchestration(action, () =>
          this.#withRetry(action, () => context.startSubOrchestration(action)),
        );
      case ACTION.CreateTimer:
        return runRoutine(this.#timer(action));
      case ACTION.WaitForExternalEvent:
        return context.waitForEvent(action.externalEventName ?? '');
      default:
        return this.#invokeOther(action);
    }
  }

  #invokeOther(action: Action): HostTask {
    const children = () => (action.compoundActions ?? []).map((child) => this.#invoke(child));
    if (action.actionType === ACTION.WhenAll) return whenAll(children());
    if (action.actionType === ACTION.WhenAny) return whenAny(children());
    if (action.actionType !== ACTION.ContinueAsNew) {
      const name = UNSUPPORTED_ACTIONS[action.actionType] ?? `action type ${action.actionType}`;
      throw new UnsupportedActionError(`the local functions host does not support ${name}`);
    }
    this.#context.continueAsNew(action);
    const done = new HostTask();
    done.settle();
    return done;
  }

  // R10: an unknown name takes no id and fails a task whose failure nobody reports.
  #activity(action: Action, call: () => HostTask): HostTask {
    return this.#environment.isActivity(action.functionName ?? '') ? call() : failedTask();
  }

  #subOrchestration(action: Action, call: () => HostTask): HostTask {
    return this.#environment.isOrchestrator(action.functionName ?? '') ? call() : failedTask();
  }

  #withRetry(action: Action, attempt: () => HostTask): HostTask {
    return runRoutine(this.#retry(action.retryOptions, attempt));
  }

  // R7, R8: the delay is waited out after the last attempt too; a timeout that has passed ends it.
  *#retry(options: ActionRetryOptions | undefined, attempt: () => HostTask): Routine {
    const started = this.#context.now;
    const attempts = options?.maxNumberOfAttempts ?? 1;
    for (let count = 0; count < attempts; count++) {
      const failed = yield attempt();
      if (!failed) return false;
      const delay = retryDelay(options, count, this.#context.now - started);
      if (delay <= 0) return true;
      yield this.#context.createTimer(this.#context.now + delay, false);
    }
    return true;
  }

  *#timer(action: Action): Routine {
    const context = this.#context;
    const { maximumShortTimerMs, longTimerIntervalMs } = this.#environment;
    const canceled = action.isCanceled === true;
    const fireAt = Date.parse(action.fireAt ?? '');
    let next =
      fireAt - context.now > maximumShortTimerMs ? context.now + longTimerIntervalMs : fireAt;
    for (;;) {
      yield context.createTimer(next, canceled);
      if (canceled) return true;
      const remaining = fireAt - context.now;
      if (remaining <= 0) return false;
      next = remaining < longTimerIntervalMs ? fireAt : context.now + longTimerIntervalMs;
    }
  }
}

function retryDelay(
  options: ActionRetryOptions | undefined,
  attempt: number,
  elapsed: number,
): number {
  if (!options) return 0;
  if (elapsed >= (options.retryTimeoutInMilliseconds ?? Number.POSITIVE_INFINITY)) return 0;
  const coefficient = options.backoffCoefficient ?? 1;
  const delay = options.firstRetryIntervalInMilliseconds * coefficient ** attempt;
  return Math.min(delay, options.maxRetryIntervalInMilliseconds ?? MAX_RETRY_INTERVAL_MS);
}

function failedTask(): HostTask {
  const task = new HostTask();
  task.settle(true);
  return task;
}
