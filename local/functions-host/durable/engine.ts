// The durable engine: plays the part of the Durable Functions extension for the unmodified SDK.
// It decides nothing about the app's workflows; it replays them as the genuine engine does, its
// unpleasant habits included, and keeps every step in the store before it has an effect.
import { randomUUID } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { HostSettings } from '../host-settings.ts';
import type { Logger } from '../log.ts';
import { listInstances } from '../store/instance-list.ts';
import { type InstanceRecord, isFinal, type RuntimeStatus } from '../store/records.ts';
import type { Store } from '../store/store.ts';
import type { Invoker } from '../worker/invocation.ts';
import type { RegisteredFunction } from '../worker/rpc.ts';
import { ActivityDispatcher } from './activity-dispatcher.ts';
import { type EpisodeAnswer, readAnswer } from './answer.ts';
import type { Chaos } from './chaos.ts';
import { AlreadyExistsError, ArgumentError, InvalidOperationError } from './engine-errors.ts';
import { newExecutionId } from './episode.ts';
import { FunctionTable } from './function-table.ts';
import {
  eventRaised,
  executionResumed,
  executionStarted,
  executionSuspended,
  executionTerminated,
  type HistoryEvent,
} from './history.ts';
import { OrchestrationDispatcher } from './orchestration-dispatcher.ts';
import type { TimerLimits } from './replay-program.ts';
import { orchestrationTrigger } from './trigger.ts';
import { acceptsVersion } from './versions.ts';

/** An episode as it happened, for tests and diagnostics. */
export interface EpisodeRecord {
  instanceId: string;
  /** The trigger value, JSON text. */
  trigger: string;
  answer: EpisodeAnswer;
}

export interface EngineOptions {
  store: Store;
  functions: RegisteredFunction[];
  invoker: Invoker;
  settings: HostSettings;
  clock: Clock;
  logger: Logger;
  chaos: Chaos;
  limits: TimerLimits;
  maxPayloadBytes: number;
  keptSessions: number;
  onEpisode?: ((episode: EpisodeRecord) => void) | undefined;
}

/** How an operation on an instance went, in the words of the management API. */
export type OperationResult = 'accepted' | 'notFound' | 'finished';

export interface StartRequest {
  name: string;
  instanceId?: string | undefined;
  /** JSON text. */
  input: string | null;
  version?: string | undefined;
}

/** Starts, signals and lists orchestrations, and runs them. */
export class DurableEngine {
  readonly #options: EngineOptions;
  readonly #orchestrators: FunctionTable;
  readonly #activities: FunctionTable;
  readonly #orchestrations: OrchestrationDispatcher;
  readonly #runner: ActivityDispatcher;
  #latest = 0;

  constructor(options: EngineOptions) {
    this.#options = options;
    this.#orchestrators = new FunctionTable(options.functions, 'orchestrationTrigger');
    this.#activities = new FunctionTable(options.functions, 'activityTrigger');
    const { store, invoker, settings, clock, logger, chaos } = options;
    const now = () => this.now();
    this.#runner = new ActivityDispatcher({
      ...{ store, invoker, logger, chaos, now },
      activities: this.#activities,
      maxConcurrent: settings.maxConcurrentActivities,
      maxPayloadBytes: options.maxPayloadBytes,
      delivered: (instanceId) => this.#orchestrations.notify(instanceId, this.#latest),
    });
    this.#orchestrations = new OrchestrationDispatcher({
      ...{ store, clock, logger, chaos },
      maxConcurrent: settings.maxConcurrentOrchestrators,
      keptSessions: options.keptSessions,
      scheduled: (activities) => this.#runner.enqueue(activities),
      acceptsVersion: (version) =>
        settings.versionFailureStrategy === 'Fail' || acceptsVersion(settings, version),
      environment: {
        ...options.limits,
        now,
        defaultVersion: settings.defaultVersion,
        isActivity: (name) => this.#activities.has(name),
        isOrchestrator: (name) => this.#orchestrators.has(name),
        callOrchestrator: (history, started) => this.#callOrchestrator(history, started),
      },
    });
  }

  /** Takes up what the store holds: redelivers activities, refires timers, goes on. */
  start(): void {
    this.#runner.enqueue(this.#options.store.listActivities());
    this.#orchestrations.start();
  }

  /** Finishes what runs and starts nothing new. */
  async stop(): Promise<void> {
    await Promise.all([this.#orchestrations.stop(), this.#runner.stop()]);
  }

  /** Time in ms that never runs backwards, so that no message waits for a clock set back. */
  now(): number {
    this.#latest = Math.max(this.#latest, this.#options.clock.now());
    return this.#latest;
  }

  find(instanceId: string): InstanceRecord | undefined {
    return this.#options.store.findInstance(instanceId);
  }

  /**
   * Starts an instance and returns its id.
   * @throws ArgumentError for an unknown orchestrator or an id the genuine extension refuses
   * @throws AlreadyExistsError while an instance of that id is not over
   */
  startInstance(request: StartRequest): string {
    const { name } = request;
    const input = request.input === 'null' ? null : request.input;
    this.#checkOrchestrator(name);
    const instanceId = request.instanceId || newExecutionId();
    checkInstanceId(instanceId);
    const existing = this.find(instanceId);
    if (existing && !isFinal(existing.status)) throw new AlreadyExistsError(existing.status);
    const now = this.now();
    const version = request.version ?? this.#options.settings.defaultVersion;
    const executionId = newExecutionId();
    const instance = { InstanceId: instanceId, ExecutionId: executionId };
    const event = executionStarted({ instance, parent: null, name, version, input }, now);
    this.#options.store.createInstance(
      {
        ...{ instanceId, executionId, name, version, input },
        ...{ status: 'Pending', output: null, customStatus: null, played: 0 },
        createdAt: now,
        updatedAt: now,
      },
      { instanceId, executionId: null, visibleAt: now, event },
    );
    this.#orchestrations.notify(instanceId, now);
    return instanceId;
  }

  /** @param input JSON text */
  raiseEvent(instanceId: string, name: string, input: string): OperationResult {
    return this.#send(instanceId, (now) => eventRaised(name, input, now));
  }

  terminate(instanceId: string, reason: string | null): OperationResult {
    return this.#send(instanceId, (now) => executionTerminated(reason, now));
  }

  /** @throws InvalidOperationError when it is suspended already */
  suspend(instanceId: string, reason: string | null): OperationResult {
    this.#refuseWhen(instanceId, 'Suspended', 'suspend');
    return this.#send(instanceId, (now) => executionSuspended(reason, now));
  }

  /** @throws InvalidOperationError when it is running already */
  resume(instanceId: string, reason: string | null): OperationResult {
    this.#refuseWhen(instanceId, 'Running', 'resume');
    return this.#send(instanceId, (now) => executionResumed(reason, now));
  }

  /**
   * Starts the orchestrator of an instance again with the same input; returns the id.
   * @throws ArgumentError for an unknown instance, AlreadyExistsError while it runs
   */
  restart(instanceId: string, withNewId: boolean): string {
    const instance = this.find(instanceId);
    if (!instance) throw ArgumentError.unknownInstance(instanceId);
    const { name, input, version } = instance;
    const id = withNewId ? randomUUID().replaceAll('-', '') : instanceId;
    return this.startInstance({ name, input, version, instanceId: id });
  }

  /** Removes one instance in whatever state it is; returns how many were removed. */
  purge(instanceId: string): number {
    const purged = this.#options.store.purge([instanceId]);
    this.#orchestrations.forget(instanceId);
    return purged;
  }

  /** Removes instances that are over. Times in ms. */
  purgeFinished(filter: {
    createdFrom?: number;
    createdTo?: number;
    statuses?: RuntimeStatus[];
  }): number {
    const statuses = (filter.statuses ?? FINAL).filter(isFinal);
    const limit = Number.MAX_SAFE_INTEGER - 1;
    const { instances } = listInstances(this.#options.store, { ...filter, statuses, limit });
    return this.#options.store.purge(instances.map((instance) => instance.instanceId));
  }

  #checkOrchestrator(name: string): void {
    if (this.#orchestrators.has(name)) return;
    throw ArgumentError.unknownOrchestrator(
      name,
      this.#orchestrators.all().map((fn) => fn.name),
    );
  }

  #refuseWhen(instanceId: string, status: RuntimeStatus, verb: string): void {
    if (this.find(instanceId)?.status !== status) return;
    throw new InvalidOperationError(
      `Cannot ${verb} the orchestration instance ${instanceId} because instance is in the ${status} state.`,
    );
  }

  #send(instanceId: string, build: (now: number) => HistoryEvent): OperationResult {
    const instance = this.find(instanceId);
    if (!instance) return 'notFound';
    if (isFinal(instance.status)) return 'finished';
    const now = this.now();
    const message = { instanceId, executionId: null, visibleAt: now, event: build(now) };
    this.#options.store.addMessage(message);
    this.#orchestrations.notify(instanceId, now);
    return 'accepted';
  }

  // The thrown message holds the whole state; the log gets the error alone.
  #logFailure(name: string, answer: EpisodeAnswer): void {
    const error = answer.kind === 'failure' ? answer.message : answer.state.error;
    if (error) this.#options.logger.write('error', `Function.${name}`, error);
  }

  async #callOrchestrator(history: string, started: HistoryEvent): Promise<EpisodeAnswer> {
    const { settings, invoker, limits, onEpisode } = this.#options;
    const { Name: name = '', Version: version = '' } = started;
    const fn = this.#orchestrators.find(name);
    const instanceId = started.OrchestrationInstance?.InstanceId ?? '';
    if (!fn)
      return refusal(`The function '${name}' doesn't exist or is not an orchestrator function.`);
    if (!acceptsVersion(settings, version)) {
      return refusal(`The app does not accept version '${version}' of this orchestration.`);
    }
    const trigger = orchestrationTrigger(history, started, limits);
    const metadata = { instanceId: { string: instanceId } };
    const outcome = await invoker.invoke(fn, {
      trigger: { string: trigger },
      triggerMetadata: metadata,
      logFailure: false,
    });
    const answer = readAnswer(outcome);
    this.#logFailure(fn.name, answer);
    onEpisode?.({ instanceId, trigger, answer });
    return answer;
  }
}

const LONGEST_ID = 256;

// The checks of the genuine extension's client; sub-orchestrations do not pass through them.
function checkInstanceId(instanceId: string): void {
  if (instanceId.startsWith('@')) throw ArgumentError.reservedId();
  if (/[/\\#?]|\p{Cc}/u.test(instanceId)) throw ArgumentError.forbiddenCharacter();
  if (instanceId.length > LONGEST_ID) throw ArgumentError.idTooLong(LONGEST_ID);
}

const FINAL: RuntimeStatus[] = ['Completed', 'Failed', 'Terminated'];

function refusal(message: string): EpisodeAnswer {
  return { kind: 'failure', message, stack: '' };
}
