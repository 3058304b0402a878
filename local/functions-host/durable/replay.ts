import type { EpisodeAnswer, OrchestratorAnswer } from './answer.ts';
import type { Decision, OrchestrationEnd } from './decisions.ts';
import { EVENT, type HistoryEvent } from './history.ts';
import { runRoutine } from './host-task.ts';
import { checkAgainstHistory, NonDeterministicError } from './nondeterminism.ts';
import { ReplayContext } from './replay-context.ts';
import {
  type ProgramEnvironment,
  ReplayProgram,
  UnsupportedActionError,
} from './replay-program.ts';

export interface ReplayResult {
  /** Ascending ids (T5). */
  decisions: Decision[];
  /** JSON text; null clears (R11). */
  customStatus: string | null;
}

interface ProgramResult {
  settled: boolean;
  end: OrchestrationEnd | undefined;
}

const STATUS_LIMIT_KB = 16;

/**
 * The second side of the replay: runs the SDK's answer as a program over the history and finds
 * out what the history does not hold yet. Marks every event it has looked at as played, as the
 * genuine engine does (T14). Touches nothing else.
 */
export class Replay {
  readonly #context: ReplayContext;
  readonly #answer: EpisodeAnswer;
  readonly #environment: ProgramEnvironment;
  #name = '';
  #program: ProgramResult = { settled: false, end: undefined };
  #customStatus: string | null = null;
  #suspended = false;
  #heldEvents: HistoryEvent[] = [];
  #heldDecisions = new Map<number, Decision>();

  constructor(executionId: string, answer: EpisodeAnswer, environment: ProgramEnvironment) {
    this.#context = new ReplayContext(executionId);
    this.#answer = answer;
    this.#environment = environment;
  }

  run(history: HistoryEvent[]): ReplayResult {
    try {
      for (const event of history) {
        if (event.EventType === EVENT.OrchestratorStarted) {
          this.#context.now = Date.parse(event.Timestamp);
          continue;
        }
        this.#process(event);
        event.IsPlayed = true;
      }
      this.#finish();
    } catch (error) {
      this.#context.end(this.#endByError(error));
    }
    const decisions = [...this.#context.decisions.values()].sort((a, b) => a.id - b.id);
    return { decisions, customStatus: this.#customStatus };
  }

  // R16: what was decided before the error is sent all the same.
  #endByError(error: unknown): OrchestrationEnd {
    if (error instanceof NonDeterministicError) return failure(error.message, null);
    if (error instanceof UnsupportedActionError) return this.#fail(error.message);
    // The same answer would be as wrong at every repetition: the instance fails instead.
    const text = error instanceof Error ? error.message : String(error);
    return this.#fail(`its actions cannot be carried out: ${text}`);
  }

  // R2, R3: an end waits until no task is open any more.
  #finish(): void {
    if (this.#context.openTasks.size > 0 || !this.#program.settled) return;
    if (this.#program.end) this.#context.end(this.#program.end);
  }

  #process(event: HistoryEvent): void {
    const type = event.EventType;
    const passes = type === EVENT.ExecutionResumed || type === EVENT.ExecutionTerminated;
    if (this.#suspended && !passes) {
      if (type !== EVENT.ExecutionSuspended) this.#heldEvents.push(event);
      return;
    }
    if (this.#processControl(event)) return;
    this.#processTask(event);
  }

  #processControl(event: HistoryEvent): boolean {
    switch (event.EventType) {
      case EVENT.ExecutionStarted:
        this.#start(event);
        return true;
      case EVENT.ExecutionTerminated: {
        const reason = event.Input ?? null;
        const output = reason === null ? null : JSON.stringify(reason);
        this.#context.end({ status: 'Terminated', output, reason });
        return true;
      }
      case EVENT.ExecutionSuspended:
        this.#suspend();
        return true;
      case EVENT.ExecutionResumed:
        this.#resume();
        return true;
      default:
        return false;
    }
  }

  #processTask(event: HistoryEvent): void {
    const context = this.#context;
    switch (event.EventType) {
      case EVENT.TaskScheduled:
        this.#confirm('activity', event);
        break;
      case EVENT.TimerCreated:
        this.#confirm('timer', event);
        break;
      case EVENT.SubOrchestrationInstanceCreated:
        this.#confirm('subOrchestration', event);
        break;
      case EVENT.TaskCompleted:
      case EVENT.SubOrchestrationInstanceCompleted:
        context.completeTask(event.TaskScheduledId ?? -1, false);
        break;
      case EVENT.TaskFailed:
      case EVENT.SubOrchestrationInstanceFailed:
        context.completeTask(event.TaskScheduledId ?? -1, true);
        break;
      case EVENT.TimerFired:
        context.completeTask(event.TimerId ?? -1, false);
        break;
      case EVENT.EventRaised:
        context.raiseEvent(event);
        break;
    }
  }

  #confirm(kind: 'activity' | 'timer' | 'subOrchestration', event: HistoryEvent): void {
    checkAgainstHistory(kind, event, this.#context.decisions.get(event.EventId));
    this.#context.decisions.delete(event.EventId);
  }

  #suspend(): void {
    this.#suspended = true;
    for (const [id, decision] of this.#context.decisions) this.#heldDecisions.set(id, decision);
    this.#context.decisions.clear();
  }

  #resume(): void {
    this.#suspended = false;
    for (const [id, decision] of this.#heldDecisions) this.#context.decisions.set(id, decision);
    this.#heldDecisions.clear();
    const held = this.#heldEvents;
    this.#heldEvents = [];
    for (const event of held) this.#process(event);
  }

  #start(event: HistoryEvent): void {
    this.#name = event.Name ?? '';
    const answer = this.#answer;
    if (answer.kind === 'failure') {
      this.#program = { settled: true, end: this.#fail(answer.message) };
      return;
    }
    const { state } = answer;
    const status = serializeStatus(state);
    const kilobytes = Math.floor(((status?.length ?? 0) * 2) / 1024);
    if (kilobytes > STATUS_LIMIT_KB) {
      const limit = `must not exceed ${STATUS_LIMIT_KB} KB. The current payload size is ${kilobytes} KB.`;
      const message = `The UTF-16 size of the JSON-serialized payload ${limit}`;
      this.#program = { settled: true, end: this.#fail(message) };
      return;
    }
    this.#customStatus = status;
    this.#runProgram(state);
  }

  #runProgram(state: OrchestratorAnswer): void {
    const program = new ReplayProgram(this.#context, this.#environment);
    const routine = runRoutine(program.run(state.actions[0] ?? []));
    routine.onSettled(() => {
      this.#program = { settled: true, end: this.#endOf(state) };
    });
  }

  // R13: an answer that is neither done nor names an error leaves the instance running for ever.
  #endOf(state: OrchestratorAnswer): OrchestrationEnd | undefined {
    if (state.error) return this.#fail(state.error);
    if (!state.isDone) return undefined;
    const { output } = state;
    return { status: 'Completed', output: isNothing(output) ? null : JSON.stringify(output) };
  }

  #fail(error: string): OrchestrationEnd {
    // The genuine text ends without the blanks the error may end with (recorded case rethrow).
    const reason = `Orchestrator function '${this.#name}' failed: ${error}`.trimEnd();
    const frames = '   at FunctionsHost.Durable.Replay.Run(OrchestratorAnswer answer)';
    return failure(reason, `Message: ${error}, StackTrace: ${frames}`);
  }
}

function failure(reason: string, details: string | null): OrchestrationEnd {
  return { status: 'Failed', output: JSON.stringify(reason), reason, details };
}

function isNothing(value: unknown): boolean {
  return value === undefined || value === null;
}

function serializeStatus(state: OrchestratorAnswer): string | null {
  return isNothing(state.customStatus) ? null : JSON.stringify(state.customStatus);
}
