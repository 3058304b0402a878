// A typed client of the control API, for tests, benchmarks and the local stack. It talks over
// https and trusts only the simulator's own authority.

import type { IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { FaultReport } from '../faults/fault-plan.ts';
import type { FaultRuleInput } from '../faults/fault-schema.ts';
import type { LedgerFilter, LedgerTotals } from '../ledger.ts';
import type { LogLowerBound } from '../log-lower-bound.ts';
import type { PreparedPages } from '../logs/chunk-store.ts';
import type { LogChange } from '../logs/log-changes.ts';
import type { LogSettings } from '../logs/log-settings.ts';
import type { LogTruthLine, LogTruthQuery } from '../logs/log-truth.ts';
import type { LowerBound } from '../lower-bound.ts';
import type { SeedCounts } from '../seed/seed-tenant.ts';
import type { UserTokenRequest } from '../sign-in/user-token.ts';
import type { TenantSettings } from '../tenant/tenant-settings.ts';
import type { ThrottlingSettings } from '../throttling.ts';
import type { LedgerEntry, TruthSummary } from '../types.ts';
import type { AdminChange } from './admin-changes.ts';
import type { RegistrationChange } from './control-api.ts';
import type { LogBoundQuery } from './log-control.ts';
import type { PageHook } from './page-hooks.ts';
import type { ClockChange, NewTenant } from './simulator-state.ts';
import type { TruthLine } from './truth.ts';

export type {
  AdminChange,
  ClockChange,
  FaultRuleInput,
  LogBoundQuery,
  LogChange,
  LogSettings,
  LogTruthLine,
  LogTruthQuery,
  NewTenant,
  PageHook,
  RegistrationChange,
  TruthLine,
};

export type ControlOptions = {
  /** `https://localhost:PORT` */
  readonly origin: string;
  readonly token: string;
  /** PEM of the simulator's authority. */
  readonly ca: string;
};

export class ControlClient {
  readonly #options: ControlOptions;

  constructor(options: ControlOptions) {
    this.#options = options;
  }

  /** Creates or replaces a tenant; counts are null for an empty one. */
  async createTenant(tenant: NewTenant): Promise<SeedCounts | null> {
    const { counts } = await this.#call<{ counts: SeedCounts | null }>('POST', '/tenants', tenant);
    return counts;
  }

  async tenantIds(): Promise<readonly string[]> {
    return (await this.#call<{ tenantIds: readonly string[] }>('GET', '/tenants')).tenantIds;
  }

  async removeTenant(tenantId: string): Promise<void> {
    await this.#call('DELETE', `/tenants/${tenantId}`);
  }

  /** Every object and link, streamed; throws when the stream ends before its last line. */
  truth(tenantId: string, sequence?: number): AsyncGenerator<TruthLine> {
    const query = sequence === undefined ? '' : `?sequence=${sequence}`;
    return this.#untilEnd<TruthLine>(`/tenants/${tenantId}/truth${query}`);
  }

  /** Streams, records, changes of records and settings of the logs, in order; ids of the records. */
  async changeLogs(tenantId: string, ...changes: readonly LogChange[]): Promise<readonly string[]> {
    const path = `/tenants/${tenantId}/logs/changes`;
    return (await this.#call<{ ids: readonly string[] }>('POST', path, { changes })).ids;
  }

  logSettings(tenantId: string, settings: Partial<LogSettings> = {}): Promise<LogSettings> {
    return this.#call('PATCH', `/tenants/${tenantId}/logs/settings`, settings);
  }

  /** Renders and compresses all records of the streams once; for benchmarks. */
  prepareLogPages(tenantId: string, on = true): Promise<PreparedPages> {
    return this.#call('PUT', `/tenants/${tenantId}/logs/pages`, { on });
  }

  /** Every record with all its contents, streamed; throws when the stream ends early. */
  logTruth(tenantId: string, query: LogTruthQuery = {}): AsyncGenerator<LogTruthLine> {
    return this.#untilEnd<LogTruthLine>(`/tenants/${tenantId}/logs/truth${queryOf(query)}`);
  }

  logLowerBound(tenantId: string, query: LogBoundQuery): Promise<LogLowerBound> {
    return this.#call('POST', `/tenants/${tenantId}/logs/lowerBound`, query);
  }

  summary(tenantId: string): Promise<TruthSummary> {
    return this.#call('GET', `/tenants/${tenantId}/summary`);
  }

  lowerBound(tenantId: string): Promise<LowerBound> {
    return this.#call('GET', `/tenants/${tenantId}/lowerBound`);
  }

  /** Applies changes in order; ids of the changed objects, and the number of the last change. */
  change(
    tenantId: string,
    ...changes: readonly AdminChange[]
  ): Promise<{ readonly ids: readonly string[]; readonly sequence: number }> {
    return this.#call('POST', `/tenants/${tenantId}/changes`, { changes });
  }

  settings(tenantId: string, settings: Partial<TenantSettings>): Promise<TenantSettings> {
    return this.#call('PATCH', `/tenants/${tenantId}/settings`, settings);
  }

  async prerender(tenantId: string, on: boolean): Promise<void> {
    await this.#call('PUT', `/tenants/${tenantId}/prerender`, { on });
  }

  /** Use of the tenant's quota by another application. */
  async burn(
    tenantId: string,
    use: { writes?: number; conditionalAccess?: number },
  ): Promise<void> {
    await this.#call('POST', `/tenants/${tenantId}/burn`, use);
  }

  async changeRegistration(tenantId: string, change: RegistrationChange): Promise<void> {
    await this.#call('POST', `/tenants/${tenantId}/registrations`, change);
  }

  async addPageHook(hook: PageHook): Promise<void> {
    await this.#call('POST', '/pageHooks', hook);
  }

  async pendingPageHooks(): Promise<readonly PageHook[]> {
    return (await this.#call<{ pending: readonly PageHook[] }>('GET', '/pageHooks')).pending;
  }

  async clearPageHooks(): Promise<void> {
    await this.#call('DELETE', '/pageHooks');
  }

  /** Returns the time of the simulator in milliseconds since 1970. */
  async clock(change?: ClockChange): Promise<number> {
    const answer =
      change === undefined
        ? await this.#call<{ now: number }>('GET', '/clock')
        : await this.#call<{ now: number }>('PUT', '/clock', change);
    return answer.now;
  }

  throttling(settings: Partial<ThrottlingSettings>): Promise<ThrottlingSettings> {
    return this.#call('PATCH', '/throttling', settings);
  }

  /** Life of access tokens in seconds; undefined for the usual 60 to 90 minutes. */
  async tokenLifetime(seconds: number | undefined): Promise<void> {
    await this.#call('PUT', '/tokenLifetime', seconds === undefined ? {} : { seconds });
  }

  async userToken(request: UserTokenRequest): Promise<string> {
    return (await this.#call<{ token: string }>('POST', '/userTokens', request)).token;
  }

  /** Replaces the fault plan; without rules nothing goes wrong any more. */
  async faults(...rules: readonly FaultRuleInput[]): Promise<void> {
    await this.#call('PUT', '/faults', { rules });
  }

  /** Adds rules behind those there are. */
  async addFaults(...rules: readonly FaultRuleInput[]): Promise<void> {
    await this.#call('POST', '/faults', { rules });
  }

  /** How often each rule of the plan matched and fired. */
  async faultReport(): Promise<readonly FaultReport[]> {
    return (await this.#call<{ report: readonly FaultReport[] }>('GET', '/faults')).report;
  }

  async clearFaults(): Promise<void> {
    await this.#call('DELETE', '/faults');
  }

  async ledger(filter: LedgerFilter = {}): Promise<readonly LedgerEntry[]> {
    const entries: LedgerEntry[] = [];
    for await (const entry of this.#lines<LedgerEntry>(`/ledger${queryOf(filter)}`)) {
      entries.push(entry);
    }
    return entries;
  }

  ledgerTotals(filter: LedgerFilter = {}): Promise<LedgerTotals> {
    return this.#call('GET', `/ledger/totals${queryOf(filter)}`);
  }

  /** Number of the newest entry, to be used as `after`. */
  async ledgerLastNumber(): Promise<number> {
    return (await this.#call<{ lastNumber: number }>('GET', '/ledger/lastNumber')).lastNumber;
  }

  async clearLedger(): Promise<void> {
    await this.#call('DELETE', '/ledger');
  }

  async #call<Result>(method: string, path: string, body?: unknown): Promise<Result> {
    const message = await this.#send(method, path, body);
    const chunks: Buffer[] = [];
    for await (const chunk of message) {
      chunks.push(chunk as Buffer);
    }
    const text = Buffer.concat(chunks).toString('utf8');
    if (message.statusCode !== 200) {
      throw new Error(`simulator control ${method} ${path}: ${message.statusCode} ${text}`);
    }
    return JSON.parse(text) as Result;
  }

  async *#lines<Line>(path: string): AsyncGenerator<Line> {
    const message = await this.#send('GET', path);
    if (message.statusCode !== 200) {
      message.resume();
      throw new Error(`simulator control GET ${path}: ${message.statusCode}`);
    }
    for await (const line of linesOf(message)) {
      yield JSON.parse(line) as Line;
    }
  }

  async *#untilEnd<Line extends { readonly kind: string }>(path: string): AsyncGenerator<Line> {
    let last: Line | undefined;
    for await (const line of this.#lines<Line>(path)) {
      last = line;
      yield line;
    }
    if (last?.kind !== 'end') {
      throw new Error('the truth ended early');
    }
  }

  #send(method: string, path: string, body?: unknown): Promise<IncomingMessage> {
    const { origin, token, ca } = this.#options;
    const payload = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    return new Promise((resolve, reject) => {
      const request = httpsRequest(
        `${origin}/_simulator${path}`,
        {
          method,
          ca,
          headers: {
            'x-simulator-token': token,
            ...(payload === undefined ? {} : { 'content-length': payload.length }),
          },
        },
        resolve,
      );
      request.once('error', reject);
      request.end(payload);
    });
  }
}

/** Lines end with a line feed alone: readline would also cut texts at U+2028. */
async function* linesOf(message: IncomingMessage): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of message.setEncoding('utf8')) {
    const lines = `${rest}${String(chunk)}`.split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  if (rest !== '') {
    yield rest;
  }
}

function queryOf(filter: LedgerFilter | LogTruthQuery): string {
  const parts = Object.entries(filter)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`);
  return parts.length === 0 ? '' : `?${parts.join('&')}`;
}
