// Typed activities and orchestrations over durable-functions: a step is registered once and called
// with `yield*`, so that its input and output are checked. Nothing here knows what a step does.
import type { OrchestrationContext, Task } from 'durable-functions';
import * as df from 'durable-functions';

/** A step of an orchestration: yields one durable task and evaluates to its typed result. */
export type Step<Result> = Generator<Task, Result, unknown>;

/** Inputs and outputs stay JSON objects under 16 KB: they are stored in the task hub. */
const MAX_BYTES = 16 * 1024;

/**
 * Registers an activity and returns the typed way for an orchestrator to call it. Input and output
 * are JSON objects; more than 16 KB is a mistake of ours and fails the activity.
 */
export function defineActivity<Input extends object, Output extends object>(
  name: string,
  handler: (input: Input) => Promise<Output>,
): (context: OrchestrationContext, input: Input) => Step<Output> {
  df.app.activity(name, {
    handler: async (input: unknown) => {
      const output = await handler(input as Input);
      const bytes = Buffer.byteLength(JSON.stringify(output));
      if (bytes > MAX_BYTES) throw new Error(`activity ${name} answered ${bytes} bytes`);
      return output;
    },
  });
  return function* call(context, input) {
    return (yield context.df.callActivity(name, input)) as Output;
  };
}

/** Registers an orchestration and returns its name and the typed way to call it as a child. */
export function defineOrchestration<Input extends object, Output extends object>(
  name: string,
  run: (context: OrchestrationContext, input: Input) => Generator<Task, Output, unknown>,
): {
  readonly name: string;
  readonly call: (context: OrchestrationContext, input: Input, instanceId: string) => Step<Output>;
} {
  df.app.orchestration(name, function* orchestration(context) {
    return yield* run(context, context.df.getInput() as Input);
  });
  return {
    name,
    call: function* call(context, input, instanceId) {
      return (yield context.df.callSubOrchestrator(name, input, instanceId)) as Output;
    },
  };
}
