import type { Clock } from './clock.ts';
import { systemClock } from './clock.ts';
import { calm, seededChaos } from './durable/chaos.ts';
import { ClientLinks } from './durable/client-links.ts';
import { DurableEngine, type EpisodeRecord } from './durable/engine.ts';
import type { HistoryEvent } from './durable/history.ts';
import { ManagementApi } from './durable/management-api.ts';
import type { TimerLimits } from './durable/replay-program.ts';
import { HostError } from './host-error.ts';
import { applyLocalSettings, type HostSettings, readHostSettings } from './host-settings.ts';
import { handleAdmin } from './http/admin-api.ts';
import { HttpFunctions } from './http/http-functions.ts';
import { HttpServer, type RequestHandler } from './http/server.ts';
import { createLogger, type Logger, type LogSink, writeLineToStdout } from './log.ts';
import { Store } from './store/store.ts';
import { TimerFunctions } from './timers/timer-functions.ts';
import { type AppRegistrations, collectRegistrations } from './worker/core-api.ts';
import { enabledFunctions } from './worker/enabled-functions.ts';
import { Invoker } from './worker/invocation.ts';
import { loadApp } from './worker/load-app.ts';
import type { RegisteredFunction } from './worker/rpc.ts';

export interface FunctionsHostOptions {
  /** Directory with host.json and package.json of the app. */
  directory: string;
  /** 0 = any free port. */
  port: number;
  /** SQLite file of the task hub; created when missing. */
  hub: string;
  /** Seed of the misfortunes; absent = nothing goes wrong. */
  chaosSeed?: number | undefined;
  /** Registers functions in this process instead of importing what package.json `main` names. */
  register?: () => unknown;
  clock?: Clock;
  /** Where log lines go; default standard output. */
  log?: LogSink;
  settings?: Partial<HostSettings>;
  limits?: Partial<TimerLimits>;
  /** Largest activity input or output in bytes of JSON text; default 45 KB. */
  maxPayloadBytes?: number;
  /** How many orchestration histories stay in memory; others are read again. */
  keptSessions?: number;
  /** How long a stop waits for what runs, in ms; default 10 s. */
  drainMs?: number;
  onEpisode?: (episode: EpisodeRecord) => void;
}

export interface FunctionsHost {
  /** http://127.0.0.1:PORT */
  url: string;
  engine: DurableEngine;
  /** The history of an instance as it is stored. */
  readHistory(instanceId: string): HistoryEvent[];
  /** Finishes what runs (for at most `drainMs`), then closes everything. */
  stop(): Promise<void>;
}

const DAY_MS = 24 * 3600 * 1000;
const DEFAULT_LIMITS: TimerLimits = {
  maximumShortTimerMs: 6 * DAY_MS,
  longTimerIntervalMs: 3 * DAY_MS,
};
const DEFAULT_PAYLOAD_BYTES = 45 * 1024;
const DEFAULT_KEPT_SESSIONS = 500;
const DEFAULT_DRAIN_MS = 10_000;

/** Settings every Functions app finds in its environment. */
function prepareEnvironment(port: number): void {
  // Without it the SDK rewrites every management link to port 7071.
  process.env['WEBSITE_HOSTNAME'] = `localhost:${port}`;
  process.env['FUNCTIONS_WORKER_RUNTIME'] ??= 'node';
  process.env['AZURE_FUNCTIONS_ENVIRONMENT'] ??= 'Development';
}

function segmentsBelow(segments: string[], base: string): string[] | undefined {
  const depth = base.split('/').length;
  const start = segments.slice(0, depth).join('/').toLowerCase();
  return start === base ? segments.slice(depth) : undefined;
}

function requestHandler(parts: {
  api: ManagementApi;
  http: HttpFunctions;
  timers: TimerFunctions;
  functions: RegisteredFunction[];
}): RequestHandler {
  const { functions } = parts;
  return (request) => {
    const below = (base: string) => segmentsBelow(request.segments, base);
    const durable = below('runtime/webhooks/durabletask') ?? below('durabletask');
    if (durable) return parts.api.handle(request, durable);
    const admin = below('admin');
    if (admin) return handleAdmin(request, admin, { functions, timers: parts.timers });
    return parts.http.handle(request);
  };
}

// https://learn.microsoft.com/azure/azure-functions/functions-app-settings#functions_request_body_size_limit
function readBodyLimit(): number {
  const text = process.env['FUNCTIONS_REQUEST_BODY_SIZE_LIMIT'] || '104857600';
  if (/^\d+$/.test(text)) return Number(text);
  throw new HostError(`FUNCTIONS_REQUEST_BODY_SIZE_LIMIT must be a number of bytes, not "${text}"`);
}

interface Running {
  server: HttpServer;
  store: Store;
  invoker: Invoker;
  engine: DurableEngine;
  timers: TimerFunctions;
}

async function stopAll(running: Running, drainMs: number, logger: Logger): Promise<void> {
  const { server, store, invoker, engine, timers } = running;
  const drained = Promise.all([server.close(), timers.stop(), engine.stop()]).then(() => true);
  const { promise: late, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(false), drainMs);
  if (!(await Promise.race([drained, late]))) {
    const message = `not everything ended within ${drainMs} ms: the rest runs again at the next start`;
    logger.write('warning', 'Host', message);
  }
  clearTimeout(timer);
  server.closeConnections();
  await invoker.runAppHooks('appTerminate');
  store.close();
}

/** @throws HostError when the app registered nothing or wants what this host does not have */
async function checkCapabilities(app: AppRegistrations): Promise<void> {
  if (app.functions.size === 0) throw new HostError('the app registered no function');
  // Asking ends the SDK's set-up phase, as it does in the real worker.
  const capabilities = await app.model?.getCapabilities({});
  if (capabilities?.['HttpUri']) {
    throw new HostError('this host has no HTTP streaming: remove enableHttpStream from app.setup');
  }
}

async function startParts(
  options: FunctionsHostOptions,
  server: HttpServer,
  logger: Logger,
): Promise<Running & { port: number }> {
  const port = await server.listen(options.port);
  prepareEnvironment(port);
  const settings = { ...readHostSettings(options.directory, process.env), ...options.settings };
  const store = new Store(options.hub);
  try {
    const { register } = options;
    const app = await (register ? collectRegistrations(register) : loadApp(options.directory));
    await checkCapabilities(app);
    const { functions, gaps } = enabledFunctions(app, process.env);
    for (const gap of gaps) logger.write('warning', 'Host', gap);
    const invoker = new Invoker(app, logger, settings.functionTimeoutMs);
    const clock = options.clock ?? systemClock;
    const engine = new DurableEngine({
      ...{ store, functions, invoker, settings, clock, logger },
      chaos: options.chaosSeed === undefined ? calm : seededChaos(options.chaosSeed),
      limits: { ...DEFAULT_LIMITS, ...options.limits },
      maxPayloadBytes: options.maxPayloadBytes ?? DEFAULT_PAYLOAD_BYTES,
      keptSessions: options.keptSessions ?? DEFAULT_KEPT_SESSIONS,
      onEpisode: options.onEpisode,
    });
    const extraInput = clientInput(port, settings.hubName);
    const timers = new TimerFunctions({
      ...{ functions, store, clock, invoker, logger, extraInput },
      environment: process.env,
    });
    const http = new HttpFunctions(functions, {
      prefix: settings.routePrefix,
      invoker,
      extraInput,
    });
    const api = new ManagementApi(engine, store, settings.hubName);
    server.setHandler(requestHandler({ api, http, timers, functions }));
    return { server, store, invoker, engine, timers, port };
  } catch (error) {
    store.close();
    throw error;
  }
}

function clientInput(port: number, hubName: string) {
  const links = new ClientLinks(`http://localhost:${port}`, hubName);
  const binding = { string: links.binding(`http://127.0.0.1:${port}`) };
  return (type: string) => (/^(?:durable|orchestration)client$/i.test(type) ? binding : null);
}

/**
 * Starts the host: loads the app, takes up what the task hub holds, listens.
 * @throws HostError when host.json, the port, the hub or a schedule is wrong; what the app itself
 * throws while it is loaded passes through
 */
export async function startFunctionsHost(options: FunctionsHostOptions): Promise<FunctionsHost> {
  const logger = createLogger(options.log ?? writeLineToStdout);
  applyLocalSettings(options.directory, process.env);
  const server = new HttpServer(logger, readBodyLimit());
  try {
    const running = await startParts(options, server, logger);
    await running.invoker.runAppHooks('appStart');
    running.engine.start();
    running.timers.start();
    const drainMs = options.drainMs ?? DEFAULT_DRAIN_MS;
    let stopping: Promise<void> | undefined;
    return {
      url: `http://127.0.0.1:${running.port}`,
      engine: running.engine,
      readHistory: (instanceId) => running.store.readHistory(instanceId),
      stop: () => (stopping ??= stopAll(running, drainMs, logger)),
    };
  } catch (error) {
    server.closeConnections();
    await server.close();
    throw error;
  }
}
