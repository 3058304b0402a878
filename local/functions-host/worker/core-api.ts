import Module from 'node:module';
import { HostError } from '../host-error.ts';
import type { LogLevel } from '../log.ts';
import type {
  FunctionCallback,
  FunctionMetadata,
  InvocationRequest,
  InvocationResponse,
  RegisteredFunction,
} from './rpc.ts';

export type HookName = 'appStart' | 'appTerminate' | 'preInvocation' | 'postInvocation' | 'log';
export type HookCallback = (context: object) => unknown;

export interface CoreInvocationContext {
  invocationId: string;
  request: InvocationRequest;
  metadata: FunctionMetadata;
  state?: 'preInvocationHooks' | 'invocation' | 'postInvocationHooks' | undefined;
  log(level: LogLevel, category: 'user' | 'system', message: string): void;
}

export interface InvocationModel {
  getArguments(): Promise<{ context: object; inputs: unknown[] }>;
  invokeFunction(context: object, inputs: unknown[], handler: FunctionCallback): Promise<unknown>;
  getResponse(context: object, result: unknown): Promise<InvocationResponse>;
}

export interface ProgrammingModel {
  name: string;
  version: string;
  getInvocationModel(context: CoreInvocationContext): InvocationModel;
  getCapabilities(capabilities: Record<string, string>): Promise<Record<string, string>>;
}

/** What one app registered while it was imported. */
export interface AppRegistrations {
  functions: Map<string, RegisteredFunction>;
  hooks: Record<HookName, HookCallback[]>;
  model: ProgrammingModel | undefined;
}

/** Empty registrations, filled by `collectRegistrations`. */
function emptyRegistrations(): AppRegistrations {
  const hooks = { appStart: [], appTerminate: [], preInvocation: [], postInvocation: [], log: [] };
  return { functions: new Map(), hooks, model: undefined };
}

// @azure/functions asks for its core module once per process and keeps it. The object is therefore
// one per process too, and registrations go to whatever app is being imported at that time.
let collecting: AppRegistrations | undefined;
let sharedModel: ProgrammingModel | undefined;

function registerFunction(metadata: FunctionMetadata, callback: FunctionCallback): object {
  if (!collecting) throw new Error('A function can only be registered during app startup.');
  const found = Object.entries(metadata.bindings).find(([, b]) => /trigger$/i.test(b.type));
  if (!found) throw new Error(`function "${metadata.name}" has no trigger binding`);
  const key = metadata.name.toLowerCase();
  if (collecting.functions.has(key)) {
    throw new Error(`A function named "${metadata.name}" is registered twice.`);
  }
  const [triggerName, trigger] = found;
  const entry: RegisteredFunction = {
    name: metadata.name,
    metadata,
    callback,
    triggerName,
    trigger,
  };
  collecting.functions.set(key, entry);
  return { dispose: () => undefined };
}

class Disposable {
  readonly #dispose: () => void;
  constructor(dispose: () => void) {
    this.#dispose = dispose;
  }
  dispose(): void {
    this.#dispose();
  }
}

function registerHook(name: string, callback: HookCallback): Disposable {
  const target = collecting;
  if (!target) throw new Error('A hook can only be registered during app startup.');
  const list = Object.hasOwn(target.hooks, name) ? target.hooks[name as HookName] : undefined;
  if (!list) throw new RangeError(`Unrecognized hook "${name}"`);
  list.push(callback);
  return new Disposable(() => {
    const index = list.indexOf(callback);
    if (index >= 0) list.splice(index, 1);
  });
}

// The same surface as the module that the real Node.js worker injects
// (https://github.com/Azure/azure-functions-nodejs-worker, src/coreApi).
const coreApi = {
  version: '4.0.0',
  hostVersion: '4.1000.0.0',
  Disposable,
  registerHook,
  registerFunction,
  setProgrammingModel(model: ProgrammingModel): void {
    sharedModel = model;
    if (collecting) collecting.model = model;
  },
  getProgrammingModel: (): ProgrammingModel | undefined => sharedModel,
  log(): void {
    // Notes of the SDK about itself; nothing in them concerns the person who runs the host.
  },
};

type Require = (this: unknown, id: string) => unknown;
let patched = false;

/** Makes `require('@azure/functions-core')` answer; must run before the app is imported. */
export function installCoreApi(): void {
  if (patched) return;
  const prototype = Module.prototype as unknown as { require: Require };
  const original = prototype.require;
  prototype.require = function patchedRequire(this: unknown, id: string): unknown {
    return id === '@azure/functions-core' ? coreApi : Reflect.apply(original, this, [id]);
  };
  patched = true;
}

/**
 * Runs `load` and returns what it registered. One app at a time.
 * Errors thrown by the app pass through unchanged.
 */
export async function collectRegistrations(load: () => unknown): Promise<AppRegistrations> {
  if (collecting) throw new HostError('another app is being loaded in this process');
  installCoreApi();
  const registrations = emptyRegistrations();
  collecting = registrations;
  try {
    await load();
  } finally {
    collecting = undefined;
  }
  registrations.model ??= sharedModel;
  return registrations;
}
