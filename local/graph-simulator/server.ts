// The Graph and sign-in simulator as an https server. It stands in for the services during
// development and tests: strict where they are strict, and as unreliable as they may be. Nothing
// of the product is used here, and the product does not know that it exists.
import { randomBytes, randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { ensureCertificates } from './certificates.ts';
import { createClock } from './clock.ts';
import { ControlClient } from './control/client.ts';
import { answerControl, type FaultControl, sendControl } from './control/control-api.ts';
import { SimulatorState } from './control/simulator-state.ts';
import { createFaultPlan } from './faults/fault-plan.ts';
import { answerGraph } from './graph-endpoint.ts';
import { createLedger } from './ledger.ts';
import { checkPermission } from './permissions.ts';
import type { PipelineParts } from './pipeline.ts';
import { trackRawSockets } from './raw-sockets.ts';
import { createSignIn } from './sign-in/sign-in.ts';
import { answerSignIn } from './sign-in-endpoint.ts';
import { loadTenants, saveTenants } from './tenant-file.ts';
import { createThrottling, standardThrottling, type ThrottlingSettings } from './throttling.ts';
import type { Clock, DecideFault } from './types.ts';
import { readBody } from './wire.ts';

export type SimulatorOptions = {
  /** Keeps the certificate authority and the signing key. */
  readonly stateDir: string;
  /** 0 or nothing: any free port. */
  readonly port?: number;
  readonly controlToken?: string;
  /** Starts with a virtual clock at this time. */
  readonly startAt?: number;
  readonly throttling?: Partial<ThrottlingSettings>;
  /** Every ledger entry is also written to this NDJSON file. */
  readonly ledgerFile?: string;
  /** Tenants survive a restart: they are kept in the state folder. */
  readonly persist?: boolean;
  /** Decides on faults besides the fault plan, for tests in the same process. */
  readonly decideFault?: DecideFault;
};

export type Simulator = {
  /** `https://localhost:PORT`: base of Graph, of sign-in, and of the control API. */
  readonly origin: string;
  readonly port: number;
  readonly ca: string;
  readonly caFile: string;
  readonly controlToken: string;
  readonly control: ControlClient;
  /** For tests in the same process. */
  readonly state: SimulatorState;
  close(): Promise<void>;
};

/** Starts the simulator in this process; it listens on localhost only. */
export async function startSimulator(options: SimulatorOptions): Promise<Simulator> {
  const clock = createClock(options.startAt);
  const certificates = await ensureCertificates(options.stateDir);
  let origin = '';
  const signIn = await createSignIn({ stateDir: options.stateDir, clock, origin: () => origin });
  const state = new SimulatorState({
    clock,
    signIn,
    throttling: createThrottling({ ...standardThrottling(), ...options.throttling }),
    ledger: createLedger(options.ledgerFile === undefined ? {} : { file: options.ledgerFile }),
  });
  const keeper = options.persist === true ? await keepTenants(state, options.stateDir) : undefined;
  const faults = createFaultControl(clock, options.decideFault);
  const controlToken = options.controlToken ?? randomBytes(24).toString('base64url');
  const parts = pipelineParts(state, faults.decide);
  const server = createServer(
    { cert: certificates.certificate, key: certificates.key, keepAliveTimeout: 60_000 },
    (message, response) => {
      const answered = route(message, response, { state, parts, faults, controlToken, origin });
      answered.catch((error: unknown) => fail(response, error));
    },
  );
  trackRawSockets(server);
  const port = await listen(server, options.port ?? 0);
  origin = `https://localhost:${port}`;
  return {
    origin,
    port,
    ca: certificates.ca,
    caFile: certificates.caFile,
    controlToken,
    control: new ControlClient({ origin, token: controlToken, ca: certificates.ca }),
    state,
    close: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
      state.dispose();
      await state.ledger.close();
      await keeper?.stop();
    },
  };
}

const saveEveryMilliseconds = 5_000;

/** Loads the tenants of the process before, then saves them every few seconds and at the end. */
async function keepTenants(
  state: SimulatorState,
  stateDir: string,
): Promise<{ stop(): Promise<void> }> {
  await loadTenants(state, stateDir);
  let saved = state.changeCount;
  let saving: Promise<void> = Promise.resolve();
  const save = (): Promise<void> => {
    if (saved !== state.changeCount) {
      saved = state.changeCount;
      saving = saving.then(() => saveTenants(state, stateDir));
    }
    return saving;
  };
  const timer = setInterval(() => {
    save().catch((error: unknown) => reportFailure(error));
  }, saveEveryMilliseconds);
  timer.unref();
  return {
    stop: () => {
      clearInterval(timer);
      return save();
    },
  };
}

type Faults = FaultControl & { readonly decide: DecideFault };

/** The fault plan, and before it what a test in the same process decides. */
function createFaultControl(clock: Clock, extra: DecideFault | undefined): Faults {
  const plan = createFaultPlan(clock);
  return {
    decide: (request, route, caller) =>
      extra?.(request, route, caller) ?? plan.decide(request, route, caller),
    set: (rules) => plan.set(rules),
    add: (rules) => plan.add(...rules),
    clear: () => plan.clear(),
    report: () => plan.report(),
  };
}

function pipelineParts(state: SimulatorState, decideFault: DecideFault): PipelineParts {
  return {
    checkCaller: state.signIn.checkCaller,
    checkPermission,
    charge: state.throttling.charge,
    decideFault,
    record: (entry) => state.ledger.record(entry),
    findTenant: (tenantId) => state.findTenant(tenantId),
    onPage: (when, request, tenant, page) => state.hooks.run(when, request, tenant, page),
  };
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, 'localhost', () => {
      resolve((server.address() as AddressInfo).port);
    });
  });
}

type Environment = {
  readonly state: SimulatorState;
  readonly parts: PipelineParts;
  readonly faults: FaultControl;
  readonly controlToken: string;
  readonly origin: string;
};

async function route(
  message: IncomingMessage,
  response: ServerResponse,
  environment: Environment,
): Promise<void> {
  const url = message.url ?? '/';
  const path = url.split('?')[0] ?? '/';
  const method = message.method ?? 'GET';
  const bodyText = await readBody(message);
  const headers = headerMap(message);
  if (bodyText === undefined) {
    response.writeHead(413).end();
    return;
  }
  if (path.startsWith('/_simulator/')) {
    const { state, faults, controlToken } = environment;
    const token = headers.get('x-simulator-token');
    const request = { method, path, query: queryMap(url), token, bodyText };
    await sendControl(response, answerControl(request, state, faults, controlToken));
    return;
  }
  const incoming = {
    id: randomUUID(),
    method,
    url,
    origin: environment.origin,
    headers,
    bodyText,
    receivedAt: environment.state.clock.now(),
    query: queryMap(url),
  };
  const call = { message, response, incoming, parts: environment.parts };
  if (!(await answerSignIn(call, environment.state.signIn))) {
    await answerGraph(call);
  }
}

function headerMap(message: IncomingMessage): ReadonlyMap<string, string> {
  const headers = new Map<string, string>();
  for (const [name, value] of Object.entries(message.headers)) {
    if (value !== undefined) {
      headers.set(name, Array.isArray(value) ? value.join(', ') : value);
    }
  }
  return headers;
}

export function queryMap(url: string): ReadonlyMap<string, string> {
  const at = url.indexOf('?');
  return new Map(at < 0 ? [] : new URLSearchParams(url.slice(at + 1)));
}

/** A mistake of the simulator itself must be seen as such, never taken for a Graph error. */
function fail(response: ServerResponse, error: unknown): void {
  reportFailure(error);
  if (!response.headersSent) {
    response.writeHead(599, { 'content-type': 'text/plain' });
  }
  response.end('simulator failure');
}

function reportFailure(error: unknown): void {
  process.stderr.write(`simulator failure: ${error instanceof Error ? error.stack : 'unknown'}\n`);
}
