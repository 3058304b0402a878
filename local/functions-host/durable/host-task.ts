/**
 * A task of the host's replay. It settles once, and whoever waits goes on within that same call:
 * the genuine engine runs all continuations on one thread before it looks at the next event.
 * A failure is a value here: the replay never needs more of it than that it happened.
 */
export class HostTask {
  settled = false;
  failure: { failed: boolean } = { failed: false };
  #waiting: (() => void)[] = [];

  /** Settles; later calls change nothing. */
  settle(failed = false): void {
    if (this.settled) return;
    this.settled = true;
    this.failure = { failed };
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resume of waiting) resume();
  }

  /** Calls `resume` when settled, at once if it is already. */
  onSettled(resume: () => void): void {
    if (this.settled) resume();
    else this.#waiting.push(resume);
  }
}

/** Settled when every task is; failed when one of them is. */
export function whenAll(tasks: HostTask[]): HostTask {
  const all = new HostTask();
  let open = tasks.length;
  if (open === 0) all.settle();
  for (const task of tasks) {
    task.onSettled(() => {
      open -= 1;
      if (open === 0) all.settle(tasks.some((t) => t.failure.failed));
    });
  }
  return all;
}

/** Settled with the first of `tasks`. */
export function whenAny(tasks: HostTask[]): HostTask {
  const any = new HostTask();
  for (const task of tasks) task.onSettled(() => any.settle());
  return any;
}

/** A routine that waits for tasks by `yield`; the value sent back says whether the task failed. */
export type Routine = Generator<HostTask, boolean, boolean>;

/** Runs a routine; the task settles when the routine returns (true = failed). */
export function runRoutine(routine: Routine): HostTask {
  const outcome = new HostTask();
  const advance = (failed: boolean) => {
    let sent = failed;
    for (;;) {
      const step = routine.next(sent);
      if (step.done) {
        outcome.settle(step.value);
        return;
      }
      const awaited = step.value;
      if (!awaited.settled) {
        awaited.onSettled(() => advance(awaited.failure.failed));
        return;
      }
      sent = awaited.failure.failed;
    }
  };
  advance(false);
  return outcome;
}
