import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../clock.ts';
import type { Logger } from '../log.ts';
import { isFinal, type StoredActivity, type StoredMessage } from '../store/records.ts';
import type { Store } from '../store/store.ts';
import type { Chaos } from './chaos.ts';
import { Episode, type EpisodeEnvironment, type Session } from './episode.ts';
import { EVENT } from './history.ts';
import { reconcile } from './reconcile.ts';
import { HistoryText } from './trigger.ts';

export interface OrchestrationDispatcherOptions {
  store: Store;
  clock: Clock;
  logger: Logger;
  chaos: Chaos;
  environment: EpisodeEnvironment;
  maxConcurrent: number;
  /** How many histories stay in memory between episodes; others are read again. */
  keptSessions: number;
  /** False leaves a new execution of this version waiting. */
  acceptsVersion(version: string): boolean;
  scheduled(activities: StoredActivity[]): void;
}

const RETRY_MS = 1000;

/**
 * Gives waiting messages to instances: one work item per instance at a time, several instances at
 * once, timers when they are due. What it holds in memory is only a copy of the store.
 */
export class OrchestrationDispatcher {
  readonly #options: OrchestrationDispatcherOptions;
  readonly #ready = new Set<string>();
  readonly #busy = new Map<string, Promise<void>>();
  readonly #sessions = new Map<string, Session>();
  readonly #purged = new Set<string>();
  #pumpScheduled = false;
  #stopped = false;
  #wakeAt = Number.POSITIVE_INFINITY;
  #cancelWake = () => {};

  constructor(options: OrchestrationDispatcherOptions) {
    this.#options = options;
  }

  /** Takes up whatever the store holds. */
  start(): void {
    this.#wake();
  }

  /** Starts no new work item; resolves when none runs any more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelWake();
    await Promise.all(this.#busy.values());
  }

  /** An instance has got a message that it may have from `visibleAt` (ms) on. */
  notify(instanceId: string, visibleAt: number): void {
    if (visibleAt > this.#now()) this.#wakeBy(visibleAt);
    else {
      this.#ready.add(instanceId);
      this.#schedulePump();
    }
  }

  /** Drops the copy of an instance, after a purge; what is being decided for it goes nowhere. */
  forget(instanceId: string): void {
    this.#sessions.delete(instanceId);
    if (this.#busy.has(instanceId)) this.#purged.add(instanceId);
  }

  #now(): number {
    return this.#options.environment.now();
  }

  #wake(): void {
    this.#wakeAt = Number.POSITIVE_INFINITY;
    const now = this.#now();
    for (const id of this.#options.store.instancesWithMessages(now)) this.#ready.add(id);
    const next = this.#options.store.nextVisibleAt(now);
    if (next !== undefined) this.#wakeBy(next);
    this.#schedulePump();
  }

  #wakeBy(at: number): void {
    if (this.#stopped || at >= this.#wakeAt) return;
    this.#cancelWake();
    this.#wakeAt = at;
    this.#cancelWake = this.#options.clock.callAt(at, () => this.#wake());
  }

  // A turn of the event loop later, so that completions that come together share a work item.
  #schedulePump(): void {
    if (this.#pumpScheduled || this.#stopped) return;
    this.#pumpScheduled = true;
    setImmediate(() => {
      this.#pumpScheduled = false;
      this.#pump();
    });
  }

  #pump(): void {
    for (const id of this.#ready) {
      if (this.#stopped || this.#busy.size >= this.#options.maxConcurrent) return;
      if (this.#busy.has(id)) continue;
      this.#ready.delete(id);
      const work = this.#workSafely(id).finally(() => {
        this.#busy.delete(id);
        this.#purged.delete(id);
        if (this.#ready.size > 0) this.#schedulePump();
      });
      this.#busy.set(id, work);
    }
  }

  async #workSafely(instanceId: string): Promise<void> {
    try {
      await this.#work(instanceId);
    } catch (error) {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      this.#options.logger.write('critical', 'Host.Durable', `work item ${instanceId}: ${text}`);
      this.#sessions.delete(instanceId);
      await sleep(RETRY_MS, undefined, { ref: false });
      this.#ready.add(instanceId);
    }
  }

  async #work(instanceId: string): Promise<void> {
    const { store, chaos, environment, acceptsVersion } = this.#options;
    const waiting = store.readMessages(instanceId, this.#now());
    if (waiting.length === 0) return;
    const known = this.#sessions.get(instanceId)?.instance ?? store.findInstance(instanceId);
    const load = () => this.#load(instanceId);
    const { session, accepted, dropped } = reconcile(known, load, waiting, this.#now());
    if (dropped.length > 0) this.#drop(instanceId, waiting, dropped);
    if (!session || accepted.length === 0) return;
    if (!acceptsVersion(session.instance.version)) {
      const version = session.instance.version;
      const message = `instance ${instanceId} has version '${version}', which this app does not accept: it waits`;
      this.#options.logger.write('warning', 'Host.Durable', message);
      return;
    }
    const batch = arrivals(accepted, chaos);
    if (batch.length < accepted.length) this.#ready.add(instanceId);
    const result = await new Episode(session, environment).run(batch);
    if (store.closed) return;
    if (this.#purged.has(instanceId)) {
      this.#ready.add(instanceId);
      return;
    }
    if (chaos.loseEpisode()) {
      this.#ready.add(instanceId);
      return;
    }
    this.#commit(result);
  }

  #drop(instanceId: string, waiting: StoredMessage[], dropped: number[]): void {
    this.#options.store.dropMessages(dropped);
    const starts = waiting.filter(
      (m) => dropped.includes(m.id) && m.event.EventType === EVENT.ExecutionStarted,
    );
    // Whoever sent it waits for ever, as with the genuine engine; that needs to be findable.
    for (const _ of starts) {
      const message = `a start of instance ${instanceId} was dropped, because it is running already`;
      this.#options.logger.write('warning', 'Host.Durable', message);
    }
  }

  #commit(result: Awaited<ReturnType<Episode['run']>>): void {
    const { commit, session } = result;
    const { instanceId, status } = commit.instance;
    const activities = this.#options.store.commitEpisode(commit);
    this.#sessions.delete(instanceId);
    if (!isFinal(status)) this.#keep(instanceId, session);
    for (const message of commit.messages) this.notify(message.instanceId, message.visibleAt);
    this.#options.scheduled(activities);
  }

  #keep(instanceId: string, session: Session): void {
    this.#sessions.set(instanceId, session);
    const [oldest] = this.#sessions.keys();
    if (this.#sessions.size > this.#options.keptSessions && oldest !== undefined) {
      this.#sessions.delete(oldest);
    }
  }

  #load(instanceId: string): Session {
    const kept = this.#sessions.get(instanceId);
    if (kept) return kept;
    const { store } = this.#options;
    const instance = store.findInstance(instanceId);
    if (!instance) throw new Error(`instance ${instanceId} is not in the store`);
    const history = store.readHistory(instanceId);
    for (const event of history.slice(0, instance.played)) {
      if (event.EventType !== EVENT.OrchestratorStarted) event.IsPlayed = true;
    }
    return { instance, history, text: new HistoryText() };
  }
}

// A start stays first whatever happens to the order of the rest.
function arrivals(accepted: StoredMessage[], chaos: Chaos): StoredMessage[] {
  const [first] = accepted;
  if (first?.event.EventType !== EVENT.ExecutionStarted) return chaos.arrival(accepted);
  return accepted.length === 1 ? accepted : [first, ...chaos.arrival(accepted.slice(1))];
}
