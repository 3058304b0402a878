import { randomUUID } from 'node:crypto';
import type {
  EpisodeCommit,
  InstanceRecord,
  NewActivity,
  NewMessage,
  RuntimeStatus,
  StoredMessage,
} from '../store/records.ts';
import type { EpisodeAnswer } from './answer.ts';
import type { Decision, OrchestrationEnd } from './decisions.ts';
import {
  EVENT,
  executionCompleted,
  executionStarted,
  type HistoryEvent,
  orchestratorCompleted,
  orchestratorStarted,
  type ParentInstance,
  subOrchestrationCompleted,
  subOrchestrationCreated,
  subOrchestrationFailed,
  taskScheduled,
  timerCreated,
  timerFired,
} from './history.ts';
import { Replay, type ReplayResult } from './replay.ts';
import type { ProgramEnvironment } from './replay-program.ts';
import { HistoryText } from './trigger.ts';

/** One instance while it is worked on: its row and its history. */
export interface Session {
  instance: InstanceRecord;
  history: HistoryEvent[];
  text: HistoryText;
}

export interface EpisodeEnvironment extends ProgramEnvironment {
  now(): number;
  defaultVersion: string;
  /** Calls the orchestrator function with the history so far, as JSON text without brackets. */
  callOrchestrator(history: string, started: HistoryEvent): Promise<EpisodeAnswer>;
}

/** A new execution id: 32 hexadecimal digits. */
export function newExecutionId(): string {
  return randomUUID().replaceAll('-', '');
}

/**
 * One work item: all messages that wait, one answer of the SDK, one replay, and what follows from
 * them; more than one generation when the orchestrator continues as new (C1). The session given
 * is not changed, so that an episode can be thrown away.
 */
export class Episode {
  readonly #environment: EpisodeEnvironment;
  readonly #instance: InstanceRecord;
  #history: HistoryEvent[];
  #text: HistoryText;
  #settled: number;
  #persisted: number;
  readonly #activities: NewActivity[] = [];
  readonly #messages: NewMessage[] = [];

  constructor(session: Session, environment: EpisodeEnvironment) {
    this.#environment = environment;
    this.#instance = { ...session.instance };
    this.#history = [...session.history];
    this.#text = session.text;
    this.#settled = session.instance.played;
    this.#persisted = session.history.length;
  }

  /** Runs the work item over `messages` (in order of arrival) and returns what it changes. */
  async run(messages: StoredMessage[]): Promise<{ commit: EpisodeCommit; session: Session }> {
    this.#history.push(orchestratorStarted(this.#environment.now()));
    this.#history.push(...messages.map((message) => message.event));
    let carriedStatus: string | null | undefined;
    for (;;) {
      const result = await this.#replay();
      // R12: the first commit of a new generation carries the status of the old one.
      this.#instance.customStatus = result.customStatus ?? carriedStatus ?? null;
      const next = this.#apply(result.decisions);
      if (!next) break;
      carriedStatus = this.#instance.customStatus;
      this.#startGeneration(next);
    }
    this.#instance.updatedAt = this.#environment.now();
    return this.#result(messages.map((message) => message.id));
  }

  get #started(): HistoryEvent {
    const started = this.#history.find((event) => event.EventType === EVENT.ExecutionStarted);
    if (!started) throw new Error(`history of ${this.#instance.instanceId} has no start`);
    return started;
  }

  async #replay(): Promise<ReplayResult> {
    const text = this.#text.of(this.#history, this.#settled);
    const answer = await this.#environment.callOrchestrator(text, this.#started);
    const replay = new Replay(this.#instance.executionId, answer, this.#environment);
    // The replay marks events as played; a thrown-away episode must not have done so.
    this.#history = this.#history.map((event) => (event.IsPlayed ? event : { ...event }));
    const result = replay.run(this.#history);
    this.#instance.played = this.#history.length;
    this.#instance.status = this.#statusAfterReplay();
    return result;
  }

  #statusAfterReplay(): RuntimeStatus {
    const last = this.#history.findLast(
      (e) => e.EventType === EVENT.ExecutionSuspended || e.EventType === EVENT.ExecutionResumed,
    );
    return last?.EventType === EVENT.ExecutionSuspended ? 'Suspended' : 'Running';
  }

  /** Writes decisions into the history; returns the continuation if there is one. */
  #apply(decisions: Decision[]): (Decision & { kind: 'continueAsNew' }) | undefined {
    const now = this.#environment.now();
    for (const decision of decisions) {
      if (decision.kind === 'continueAsNew') return decision;
      this.#applyOne(decision, now);
    }
    if (this.#history.at(-1)?.EventType !== EVENT.OrchestratorCompleted) {
      this.#history.push(orchestratorCompleted(now));
    }
    return undefined;
  }

  #applyOne(decision: Exclude<Decision, { kind: 'continueAsNew' }>, now: number): void {
    switch (decision.kind) {
      case 'activity':
        this.#history.push(taskScheduled(decision.id, decision.name, now));
        this.#activities.push({
          ...this.#identity(),
          taskId: decision.id,
          name: decision.name,
          input: decision.input === undefined ? null : JSON.stringify(decision.input),
        });
        break;
      case 'timer': {
        this.#history.push(timerCreated(decision.id, decision.fireAt, now));
        const event = timerFired(decision.id, decision.fireAt, now);
        const visibleAt = Math.max(now, Math.ceil(Date.parse(decision.fireAt)));
        this.#messages.push({ ...this.#identity(), visibleAt, event });
        break;
      }
      case 'subOrchestration':
        this.#startChild(decision, now);
        break;
      case 'complete':
        this.#complete(decision.id, decision.end, now);
        break;
    }
  }

  #identity(): { instanceId: string; executionId: string } {
    const { instanceId, executionId } = this.#instance;
    return { instanceId, executionId };
  }

  #startChild(decision: Decision & { kind: 'subOrchestration' }, now: number): void {
    const version = decision.version ?? this.#environment.defaultVersion;
    const { id, name, instanceId, input } = decision;
    this.#history.push(subOrchestrationCreated(id, { name, version, instanceId }, now));
    const parent: ParentInstance = {
      Name: this.#instance.name,
      OrchestrationInstance: {
        InstanceId: this.#instance.instanceId,
        ExecutionId: this.#instance.executionId,
      },
      TaskScheduleId: id,
      Version: this.#instance.version,
    };
    const instance = { InstanceId: instanceId, ExecutionId: newExecutionId() };
    const event = executionStarted({ instance, parent, name, version, input }, now);
    this.#messages.push({ instanceId, executionId: null, visibleAt: now, event });
  }

  #complete(id: number, end: OrchestrationEnd, now: number): void {
    const text = end.status === 'Completed' ? end.output : end.reason;
    this.#history.push(executionCompleted(id, end.status, text, now));
    this.#instance.status = end.status;
    this.#instance.output = end.output;
    const parent = this.#started.ParentInstance;
    if (!parent) return;
    const { InstanceId: instanceId, ExecutionId: executionId } = parent.OrchestrationInstance;
    const event = answerToParent(parent.TaskScheduleId, end, now);
    this.#messages.push({ instanceId, executionId, visibleAt: now, event });
  }

  // C1, C3: a new execution within the same work item; carried events keep their mark as played.
  #startGeneration(next: Decision & { kind: 'continueAsNew' }): void {
    const now = this.#environment.now();
    const started = this.#started;
    const executionId = newExecutionId();
    this.#instance.executionId = executionId;
    this.#instance.input = next.input;
    this.#instance.status = 'Running';
    const start = {
      instance: { InstanceId: this.#instance.instanceId, ExecutionId: executionId },
      parent: started.ParentInstance ?? null,
      name: started.Name ?? '',
      version: started.Version ?? '',
      input: next.input,
    };
    const first = [orchestratorStarted(now), executionStarted(start, now)];
    this.#history = [...first, ...next.carried, orchestratorCompleted(now)];
    this.#text = new HistoryText();
    this.#settled = 0;
    this.#persisted = 0;
  }

  #result(consumed: number[]): { commit: EpisodeCommit; session: Session } {
    const from = this.#persisted;
    const commit: EpisodeCommit = {
      instance: this.#instance,
      consumed,
      history: { from, events: this.#history.slice(from) },
      activities: this.#activities,
      messages: this.#messages,
    };
    return {
      commit,
      session: { instance: this.#instance, history: this.#history, text: this.#text },
    };
  }
}

/** C5, F5, F6: what a parent is told. A terminated child comes without details. */
function answerToParent(taskId: number, end: OrchestrationEnd, now: number): HistoryEvent {
  if (end.status === 'Completed') return subOrchestrationCompleted(taskId, end.output, now);
  const details = end.status === 'Failed' ? end.details : null;
  return subOrchestrationFailed(taskId, { reason: end.reason, details }, now);
}
