// The control API under `/_simulator`: how tests and the local stack create tenants, change them
// behind the client's back, read the truth, the ledger and the clock. Guarded by a token that
// the process prints when it starts; never part of what a Graph client may use.
import { timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { FaultReport } from '../faults/fault-plan.ts';
import type { FaultRuleInput } from '../faults/fault-schema.ts';
import type { LedgerFilter } from '../ledger.ts';
import type { LogChange } from '../logs/log-changes.ts';
import type { LogSettings } from '../logs/log-settings.ts';
import type { ExistingTokens, NewRegistration } from '../sign-in/registrations.ts';
import type { UserTokenRequest } from '../sign-in/user-token.ts';
import type { TenantSettings } from '../tenant/tenant-settings.ts';
import type { ThrottlingSettings } from '../throttling.ts';
import { type AdminChange, applyChanges } from './admin-changes.ts';
import {
  boundOf,
  changeLogs,
  changeSettings,
  type LogBoundQuery,
  preparePages,
  truthOf,
} from './log-control.ts';
import type { PageHook } from './page-hooks.ts';
import type { ClockChange, NewTenant, SimulatorState } from './simulator-state.ts';
import { truthLines, truthSummary } from './truth.ts';

/** Setting and clearing the fault plan; rules that cannot be read throw. */
export type FaultControl = {
  set(rules: readonly FaultRuleInput[]): void;
  add(rules: readonly FaultRuleInput[]): void;
  clear(): void;
  report(): readonly FaultReport[];
};

export type ControlRequest = {
  readonly method: string;
  readonly path: string;
  readonly query: ReadonlyMap<string, string>;
  readonly token: string | undefined;
  readonly bodyText: string;
};

export type ControlReply =
  | { readonly status: number; readonly body: unknown }
  | { readonly status: number; readonly lines: Iterable<unknown> };

type Operation = (call: {
  readonly state: SimulatorState;
  readonly faults: FaultControl;
  readonly body: unknown;
  readonly tenantId: string;
  readonly query: ReadonlyMap<string, string>;
}) => unknown;

/** A result that is streamed as one JSON text per line. */
class Lines {
  readonly lines: Iterable<unknown>;
  constructor(lines: Iterable<unknown>) {
    this.lines = lines;
  }
}

export type RegistrationChange =
  | { readonly kind: 'register'; readonly registration: NewRegistration }
  | { readonly kind: 'grant'; readonly appId: string; readonly permission: string }
  | {
      readonly kind: 'revoke';
      readonly appId: string;
      readonly permission: string;
      readonly existing?: ExistingTokens;
    }
  | { readonly kind: 'refuseTokens'; readonly appId: string }
  | { readonly kind: 'setEnabled'; readonly appId: string; readonly enabled: boolean };

function changeRegistration(
  state: SimulatorState,
  tenantId: string,
  change: RegistrationChange,
): void {
  const { registrations } = state.signIn;
  switch (change.kind) {
    case 'register':
      registrations.register(tenantId, change.registration);
      return;
    case 'grant':
      registrations.grant(tenantId, change.appId, change.permission);
      return;
    case 'revoke':
      registrations.revoke(tenantId, change.appId, change.permission, change.existing);
      return;
    case 'refuseTokens':
      registrations.refuseExisting(tenantId, change.appId);
      return;
    case 'setEnabled':
      registrations.setEnabled(tenantId, change.appId, change.enabled);
      return;
  }
}

type Burn = { readonly writes?: number; readonly conditionalAccess?: number };
type FaultRules = { readonly rules: readonly FaultRuleInput[] };
type Lifetime = { readonly seconds?: number };

/** Keys: method and path, `{t}` is a tenant id. */
const operations: Readonly<Record<string, Operation>> = {
  'GET /tenants': ({ state }) => ({ tenantIds: state.tenantIds() }),
  'POST /tenants': ({ state, body }) => ({ counts: state.createTenant(body as NewTenant) ?? null }),
  'DELETE /tenants/{t}': ({ state, tenantId }) => {
    state.removeTenant(tenantId);
    return {};
  },
  'GET /tenants/{t}/truth': ({ state, tenantId, query }) => {
    const at = query.get('sequence');
    return new Lines(truthLines(state.tenant(tenantId), at === undefined ? undefined : Number(at)));
  },
  'GET /tenants/{t}/summary': ({ state, tenantId }) => truthSummary(state.tenant(tenantId)),
  'GET /tenants/{t}/lowerBound': ({ state, tenantId }) => state.lowerBound(tenantId),
  'POST /tenants/{t}/changes': ({ state, tenantId, body }) => {
    const tenant = state.tenant(tenantId);
    const ids = applyChanges(tenant, (body as { changes: readonly AdminChange[] }).changes);
    return { ids, sequence: tenant.log.sequence };
  },
  'PATCH /tenants/{t}/settings': ({ state, tenantId, body }) =>
    state.changeSettings(tenantId, body as Partial<TenantSettings>),
  'PUT /tenants/{t}/prerender': ({ state, tenantId, body }) => {
    state.prerender(tenantId, (body as { on: boolean }).on);
    return {};
  },
  'POST /tenants/{t}/burn': ({ state, tenantId, body }) => {
    state.throttling.burn(tenantId, body as Burn, state.clock.now());
    return {};
  },
  'POST /tenants/{t}/registrations': ({ state, tenantId, body }) => {
    changeRegistration(state, tenantId, body as RegistrationChange);
    return {};
  },
  'POST /tenants/{t}/logs/changes': ({ state, tenantId, body }) =>
    changeLogs(state.tenant(tenantId), (body as { changes: readonly LogChange[] }).changes),
  'PATCH /tenants/{t}/logs/settings': ({ state, tenantId, body }) =>
    changeSettings(state.tenant(tenantId), body as Partial<LogSettings>),
  'PUT /tenants/{t}/logs/pages': ({ state, tenantId, body }) =>
    preparePages(state.tenant(tenantId), (body as { on: boolean }).on),
  'GET /tenants/{t}/logs/truth': ({ state, tenantId, query }) =>
    new Lines(truthOf(state.tenant(tenantId), query)),
  'POST /tenants/{t}/logs/lowerBound': ({ state, tenantId, body }) =>
    boundOf(state.tenant(tenantId), body as LogBoundQuery),
  'POST /pageHooks': ({ state, body }) => {
    state.hooks.add(body as PageHook);
    return {};
  },
  'GET /pageHooks': ({ state }) => ({ pending: state.hooks.pending() }),
  'DELETE /pageHooks': ({ state }) => {
    state.hooks.clear();
    return {};
  },
  'GET /clock': ({ state }) => ({ now: state.clock.now() }),
  'PUT /clock': ({ state, body }) => ({ now: state.changeClock(body as ClockChange) }),
  'PATCH /throttling': ({ state, body }) =>
    state.changeThrottling(body as Partial<ThrottlingSettings>),
  'PUT /tokenLifetime': ({ state, body }) => {
    state.signIn.setTokenLifetime((body as Lifetime).seconds);
    return {};
  },
  'POST /userTokens': ({ state, body }) => ({
    token: state.signIn.issueUserToken(body as UserTokenRequest),
  }),
  'PUT /faults': ({ faults, body }) => {
    faults.set((body as FaultRules).rules);
    return {};
  },
  'POST /faults': ({ faults, body }) => {
    faults.add((body as FaultRules).rules);
    return {};
  },
  'GET /faults': ({ faults }) => ({ report: faults.report() }),
  'DELETE /faults': ({ faults }) => {
    faults.clear();
    return {};
  },
  'GET /ledger': ({ state, query }) => new Lines(state.ledger.entries(ledgerFilter(query))),
  'GET /ledger/totals': ({ state, query }) => state.ledger.totals(ledgerFilter(query)),
  'GET /ledger/lastNumber': ({ state }) => ({ lastNumber: state.ledger.lastNumber }),
  'DELETE /ledger': ({ state }) => {
    state.ledger.clear();
    return {};
  },
};

function ledgerFilter(query: ReadonlyMap<string, string>): LedgerFilter {
  const filter: Record<string, string | number | boolean> = {};
  for (const [name, value] of query) {
    if (name === 'after' || name === 'status') {
      filter[name] = Number(value);
    } else {
      filter[name] = name === 'applied' ? value === 'true' : value;
    }
  }
  return filter;
}

function isAllowed(given: string | undefined, expected: string): boolean {
  const [left, right] = [Buffer.from(given ?? ''), Buffer.from(expected)];
  return left.length === right.length && timingSafeEqual(left, right);
}

export function answerControl(
  request: ControlRequest,
  state: SimulatorState,
  faults: FaultControl,
  controlToken: string,
): ControlReply {
  if (!isAllowed(request.token, controlToken)) {
    return { status: 401, body: { error: 'the header x-simulator-token is missing or wrong' } };
  }
  const path = request.path.replace(/^\/_simulator/, '');
  const tenantId = /^\/tenants\/([^/]+)/.exec(path)?.[1] ?? '';
  const key = `${request.method} ${path.replace(/^\/tenants\/[^/]+/, '/tenants/{t}')}`;
  const operation = operations[key];
  if (operation === undefined) {
    return { status: 404, body: { error: `no control operation ${key}` } };
  }
  try {
    const body: unknown = request.bodyText === '' ? {} : JSON.parse(request.bodyText);
    const result = operation({ state, faults, body, tenantId, query: request.query });
    return result instanceof Lines
      ? { status: 200, lines: result.lines }
      : { status: 200, body: result };
  } catch (error) {
    return { status: 400, body: { error: error instanceof Error ? error.message : String(error) } };
  }
}

const linesPerWrite = 500;

export async function sendControl(response: ServerResponse, reply: ControlReply): Promise<void> {
  response.statusCode = reply.status;
  if ('body' in reply) {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(reply.body));
    return;
  }
  response.setHeader('content-type', 'application/x-ndjson');
  let chunk: string[] = [];
  for (const line of reply.lines) {
    chunk.push(`${JSON.stringify(line)}\n`);
    if (chunk.length === linesPerWrite) {
      if (!response.write(chunk.join(''))) {
        await once(response, 'drain');
      }
      chunk = [];
    }
  }
  response.end(chunk.join(''));
}
