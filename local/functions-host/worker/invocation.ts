// The language-worker side: loads the app (load-app.ts), takes its registrations (core-api.ts) and
// calls its functions as the Node.js worker of the real host does. It knows bindings only as data
// that goes in and comes out; what a trigger means is decided by http/, timers/ and durable/.
import { randomUUID } from 'node:crypto';
import type { Logger, LogLevel } from '../log.ts';
import type { AppRegistrations, CoreInvocationContext, HookName } from './core-api.ts';
import type {
  InvocationRequest,
  InvocationResponse,
  RegisteredFunction,
  RpcTypedData,
} from './rpc.ts';

/** The app's own failure, as the worker would report it to the host. */
export interface InvocationFailure {
  message: string;
  stack: string;
}

export type InvocationOutcome =
  | { ok: true; response: InvocationResponse }
  | { ok: false; failure: InvocationFailure };

export interface InvocationInputs {
  trigger: RpcTypedData | null;
  /** Value of a non-trigger input binding, such as the durable client's. */
  extraInput?: (type: string) => RpcTypedData | null;
  triggerMetadata?: Record<string, RpcTypedData>;
  traceParent?: string | undefined;
  /** False leaves a failure to the caller's log. */
  logFailure?: boolean;
}

/** Calls functions of one app: hooks, arguments, handler, answer; as the Node.js worker does. */
export class Invoker {
  readonly #app: AppRegistrations;
  readonly #logger: Logger;
  readonly #timeoutMs: number;
  readonly #appHookData = {};

  /** @param timeoutMs `functionTimeout` of host.json; Infinity = none */
  constructor(app: AppRegistrations, logger: Logger, timeoutMs: number) {
    this.#app = app;
    this.#logger = logger;
    this.#timeoutMs = timeoutMs;
  }

  /** Never rejects: whatever the app throws is an outcome. */
  async invoke(fn: RegisteredFunction, inputs: InvocationInputs): Promise<InvocationOutcome> {
    const invocationId = randomUUID();
    const run = this.#run(fn, inputs, invocationId).then(
      (response): InvocationOutcome => ({ ok: true, response }),
      (error: unknown): InvocationOutcome => ({ ok: false, failure: describeFailure(error) }),
    );
    const outcome = await this.#withTimeout(fn, run);
    if (!outcome.ok && inputs.logFailure !== false) {
      const { message, stack } = outcome.failure;
      this.#logger.write('error', `Function.${fn.name}`, stack || message, invocationId);
    }
    return outcome;
  }

  /** Runs the app's appStart or appTerminate hooks in order of registration. */
  async runAppHooks(name: 'appStart' | 'appTerminate'): Promise<void> {
    await this.#hooks(name, { hookData: {}, appHookData: this.#appHookData });
  }

  async #run(
    fn: RegisteredFunction,
    inputs: InvocationInputs,
    invocationId: string,
  ): Promise<InvocationResponse> {
    const model = this.#app.model;
    if (!model) throw new Error('the app registered no function');
    const core: CoreInvocationContext = {
      invocationId,
      request: buildRequest(fn, inputs, invocationId),
      metadata: fn.metadata,
      log: (level, category, message) => this.#log(fn, level, category, message, invocationId),
    };
    const invocation = model.getInvocationModel(core);
    const { context, inputs: args } = await invocation.getArguments();
    const shared = { hookData: {}, appHookData: this.#appHookData, invocationContext: context };
    const before = { ...shared, inputs: args, functionCallback: fn.callback };
    core.state = 'preInvocationHooks';
    await this.#hooks('preInvocation', before);
    const after = {
      ...shared,
      inputs: before.inputs,
      result: undefined as unknown,
      error: null as unknown,
    };
    core.state = 'invocation';
    try {
      after.result = await invocation.invokeFunction(
        context,
        before.inputs,
        before.functionCallback,
      );
    } catch (error) {
      after.error = error ?? new Error('Unknown error');
    }
    core.state = 'postInvocationHooks';
    await this.#hooks('postInvocation', after);
    core.state = undefined;
    // A hook may set `error` to anything; it travels as it is and is described where it is caught.
    if (after.error) return Promise.reject(after.error);
    return invocation.getResponse(context, after.result);
  }

  async #hooks(name: HookName, context: object): Promise<void> {
    for (const hook of [...this.#app.hooks[name]]) await hook(context);
  }

  #log(
    fn: RegisteredFunction,
    level: LogLevel,
    category: 'user' | 'system',
    message: string,
    invocationId: string,
  ): void {
    const line = { level, message, category, invocationContext: undefined, hookData: {} };
    for (const hook of this.#app.hooks.log) hook(line);
    const suffix = category === 'user' ? '.User' : '';
    this.#logger.write(line.level, `Function.${fn.name}${suffix}`, line.message, invocationId);
  }

  #withTimeout(
    fn: RegisteredFunction,
    run: Promise<InvocationOutcome>,
  ): Promise<InvocationOutcome> {
    if (!Number.isFinite(this.#timeoutMs)) return run;
    const { promise, resolve } = Promise.withResolvers<InvocationOutcome>();
    const timer = setTimeout(() => {
      const limit = formatTimeSpan(this.#timeoutMs);
      const message = `Timeout value of ${limit} was exceeded by function: Functions.${fn.name}`;
      resolve({ ok: false, failure: { message, stack: '' } });
    }, this.#timeoutMs);
    return Promise.race([run, promise]).finally(() => clearTimeout(timer));
  }
}

function buildRequest(
  fn: RegisteredFunction,
  inputs: InvocationInputs,
  invocationId: string,
): InvocationRequest {
  const inputData: InvocationRequest['inputData'] = [];
  for (const [name, binding] of Object.entries(fn.metadata.bindings)) {
    if (name === fn.triggerName) inputData.push({ name, data: inputs.trigger });
    else if (binding.direction === 'in') {
      inputData.push({ name, data: inputs.extraInput?.(binding.type) ?? null });
    }
  }
  const traceParent = inputs.traceParent ?? newTraceParent();
  return {
    invocationId,
    functionId: fn.name,
    inputData,
    triggerMetadata: inputs.triggerMetadata ?? {},
    traceContext: { traceParent, traceState: '', attributes: {} },
  };
}

function newTraceParent(): string {
  // randomUUID draws from a pool, unlike randomBytes, and this is done for every invocation.
  const ids = [randomUUID(), randomUUID()].map((id) => id.replaceAll('-', ''));
  return `00-${ids[0]}-${ids[1]?.slice(16)}-00`;
}

/** The worker's rules for what is not an Error: text stays text, all else becomes JSON. */
function describeFailure(error: unknown): InvocationFailure {
  if (error instanceof Error) {
    const message = error.message === '' ? JSON.stringify(error) : error.message;
    return { message, stack: error.stack ?? '' };
  }
  const message = typeof error === 'string' ? error : (JSON.stringify(error) ?? 'Unknown error');
  return { message, stack: new Error(message).stack ?? '' };
}

/** `[d.]hh:mm:ss`, as .NET prints time spans. */
export function formatTimeSpan(ms: number): string {
  const seconds = Math.round(ms / 1000);
  const days = Math.floor(seconds / 86_400);
  const two = (n: number) => String(n).padStart(2, '0');
  const clock = [Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60, seconds % 60];
  return `${days > 0 ? `${days}.` : ''}${clock.map(two).join(':')}`;
}
