// The timer listener of the host. It decides only when a timer function runs; it must never run
// one beside itself, nor forget a run that was due while the host was down.
import type { Clock } from '../clock.ts';
import { type Environment, resolveSettings } from '../host-settings.ts';
import type { Logger } from '../log.ts';
import type { ScheduleStatus } from '../store/records.ts';
import type { Store } from '../store/store.ts';
import type { Invoker } from '../worker/invocation.ts';
import type { RegisteredFunction, RpcTypedData } from '../worker/rpc.ts';
import { type NcrontabSchedule, nextWallTime, parseNcrontab } from './ncrontab.ts';
import { TimeZone } from './time-zone.ts';

export interface TimerFunctionsOptions {
  functions: RegisteredFunction[];
  store: Store;
  clock: Clock;
  invoker: Invoker;
  logger: Logger;
  environment: Environment;
  extraInput: (type: string) => RpcTypedData | null;
}

interface Timer {
  fn: RegisteredFunction;
  schedule: NcrontabSchedule;
  runOnStartup: boolean;
  useMonitor: boolean;
  cancel: () => void;
}

/**
 * Runs timer functions by their schedules. The last and next run are kept in the store, so that a
 * run missed while the host was down is made up for once, marked as past due. A function never
 * overlaps itself: the next run is computed when the present one is over.
 */
export class TimerFunctions {
  readonly #options: TimerFunctionsOptions;
  readonly #timers = new Map<string, Timer>();
  readonly #zone: TimeZone;
  readonly #running = new Set<Promise<void>>();
  #stopped = false;

  /** @throws HostError for a schedule that cannot be read or names a missing setting */
  constructor(options: TimerFunctionsOptions) {
    this.#options = options;
    this.#zone = new TimeZone(options.environment['WEBSITE_TIME_ZONE'] || 'UTC');
    for (const fn of options.functions) {
      if (fn.trigger.type.toLowerCase() !== 'timertrigger') continue;
      this.#timers.set(fn.name.toLowerCase(), this.#toTimer(fn));
    }
  }

  /** Runs what is past due or wants to run on start-up, then waits for the schedules. */
  start(): void {
    for (const timer of this.#timers.values()) this.#startTimer(timer);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    for (const timer of this.#timers.values()) timer.cancel();
    await Promise.all(this.#running);
  }

  /** Runs a timer function now, apart from its schedule; false when there is none of that name. */
  runNow(name: string): boolean {
    const timer = this.#timers.get(name.toLowerCase());
    if (!timer || this.#stopped) return false;
    void this.#track(this.#invoke(timer, false));
    return true;
  }

  #toTimer(fn: RegisteredFunction): Timer {
    const { runOnStartup, useMonitor } = fn.trigger;
    const where = `timer function ${fn.name}`;
    const text = String(fn.trigger['schedule']);
    const schedule = parseNcrontab(resolveSettings(text, this.#options.environment, where));
    return {
      fn,
      schedule,
      runOnStartup: runOnStartup === true,
      useMonitor: typeof useMonitor === 'boolean' ? useMonitor : !isQuick(schedule),
      cancel: () => {},
    };
  }

  #startTimer(timer: Timer): void {
    const now = this.#options.clock.now();
    const status = timer.useMonitor ? this.#options.store.findSchedule(timer.fn.name) : undefined;
    const pastDue = status !== undefined && Date.parse(status.next) <= now;
    if (pastDue || timer.runOnStartup) void this.#track(this.#runAndWait(timer, pastDue));
    else this.#waitForNext(timer);
  }

  #next(timer: Timer, after: number): number | undefined {
    const wall = nextWallTime(timer.schedule, this.#zone.toWall(after));
    return wall === undefined ? undefined : Math.max(this.#zone.toUtc(wall), after + 1);
  }

  #waitForNext(timer: Timer): void {
    const now = this.#options.clock.now();
    const at = this.#next(timer, now);
    if (at === undefined || this.#stopped) return;
    const status = this.#options.store.findSchedule(timer.fn.name);
    if (!status || Date.parse(status.next) !== at) this.#save(timer, status?.last, at, now);
    timer.cancel = this.#options.clock.callAt(at, () => {
      void this.#track(this.#runAndWait(timer, false));
    });
  }

  async #runAndWait(timer: Timer, pastDue: boolean): Promise<void> {
    const started = this.#options.clock.now();
    await this.#invoke(timer, pastDue);
    if (this.#options.store.closed) return;
    const next = this.#next(timer, this.#options.clock.now());
    if (next !== undefined) this.#save(timer, new Date(started).toISOString(), next, started);
    if (!this.#stopped) this.#waitForNext(timer);
  }

  #save(timer: Timer, last: string | undefined, next: number, now: number): void {
    if (!timer.useMonitor) return;
    const never = new Date(0).toISOString();
    const status: ScheduleStatus = {
      last: last ?? never,
      next: new Date(next).toISOString(),
      lastUpdated: new Date(now).toISOString(),
    };
    this.#options.store.saveSchedule(timer.fn.name, status);
  }

  async #invoke(timer: Timer, pastDue: boolean): Promise<void> {
    const { invoker, store, logger, extraInput } = this.#options;
    const status = timer.useMonitor ? store.findSchedule(timer.fn.name) : undefined;
    const value = {
      Schedule: { AdjustForDST: true },
      ScheduleStatus: status
        ? { Last: status.last, Next: status.next, LastUpdated: status.lastUpdated }
        : null,
      IsPastDue: pastDue,
    };
    if (pastDue) {
      const message = `Function '${timer.fn.name}' is past due on startup. Executing now.`;
      logger.write('information', 'Host.Triggers.Timer', message);
    }
    await invoker.invoke(timer.fn, { trigger: { json: JSON.stringify(value) }, extraInput });
  }

  async #track(run: Promise<void>): Promise<void> {
    this.#running.add(run);
    try {
      await run;
    } finally {
      this.#running.delete(run);
    }
  }
}

/** Schedules with less than a minute between runs are not monitored unless they ask for it. */
function isQuick(schedule: NcrontabSchedule): boolean {
  return schedule.seconds.size > 1;
}
