// A simulator in this process with one tenant, spoken to over real https with real tokens.
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NewTenant, TruthLine } from '../../../local/graph-simulator/control/client.ts';
import {
  readerPermissions,
  restorerPermissions,
} from '../../../local/graph-simulator/permissions.ts';
import {
  type Simulator,
  type SimulatorOptions,
  startSimulator,
} from '../../../local/graph-simulator/server.ts';
import type { JsonObject } from '../../../local/graph-simulator/types.ts';
import { type Answer, readAnswer } from './answer.ts';

export type { Answer };

export const readerApp = 'aaaaaaaa-0000-4000-8000-000000000001';
export const restorerApp = 'aaaaaaaa-0000-4000-8000-000000000002';
const secret = 'correct horse battery';
const maximumPages = 500;

export type CallOptions = {
  readonly method?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly app?: string;
  /** Instead of a fresh token of the app; empty for none. */
  readonly token?: string;
};

export type Row = JsonObject & { readonly id: string };

export class SimulatedTenant {
  readonly simulator: Simulator;
  readonly tenantId: string;
  readonly #agent: Agent;
  readonly #tokens = new Map<string, string>();
  readonly #stateDir: string;

  constructor(simulator: Simulator, tenantId: string, stateDir: string) {
    this.simulator = simulator;
    this.tenantId = tenantId;
    this.#stateDir = stateDir;
    this.#agent = new Agent({ keepAlive: true, ca: simulator.ca, maxSockets: 8 });
  }

  get control() {
    return this.simulator.control;
  }

  get state() {
    return this.simulator.state.tenant(this.tenantId);
  }

  /** An empty tenant beside this one, or a seeded one. */
  async add(plan: Partial<NewTenant> = {}): Promise<SimulatedTenant> {
    const tenantId = plan.tenantId ?? randomUUID();
    await this.control.createTenant(newTenant({ ...plan, tenantId }));
    return new SimulatedTenant(this.simulator, tenantId, this.#stateDir);
  }

  /** `path` without version, or an absolute link. Writes default to the restorer. */
  async call(path: string, options: CallOptions = {}): Promise<Answer> {
    const method = options.method ?? 'GET';
    const app = options.app ?? (method === 'GET' ? readerApp : restorerApp);
    const token = options.token ?? (await this.token(app));
    const url = /^https?:/.test(path) ? path : `${this.simulator.origin}/v1.0${path}`;
    return this.send(
      url,
      method,
      {
        ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
        ...(options.body === undefined ? {} : { 'content-type': 'application/json' }),
        ...options.headers,
      },
      options.body,
    );
  }

  get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    return this.call(path, { headers });
  }

  post(path: string, body: unknown): Promise<Answer> {
    return this.call(path, { method: 'POST', body });
  }

  patch(path: string, body: unknown): Promise<Answer> {
    return this.call(path, { method: 'PATCH', body });
  }

  remove(path: string): Promise<Answer> {
    return this.call(path, { method: 'DELETE' });
  }

  reference(id: string): JsonObject {
    return { '@odata.id': `${this.simulator.origin}/v1.0/directoryObjects/${id}` };
  }

  /** Follows next links; rows of all pages, and the delta link if there is one. */
  async readAll(
    path: string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<{ rows: Row[]; pages: Row[][]; deltaLink: string }> {
    const pages: Row[][] = [];
    let link: string | undefined = path;
    let deltaLink = '';
    while (link !== undefined) {
      const answer: Answer = await this.get(link, headers);
      if (answer.status !== 200) {
        throw new Error(`${answer.status} ${answer.text}`);
      }
      pages.push(answer.body['value'] as unknown as Row[]);
      if (pages.length > maximumPages) {
        throw new Error(`${path} does not end`);
      }
      link = answer.body['@odata.nextLink'] as string | undefined;
      deltaLink = (answer.body['@odata.deltaLink'] as string | undefined) ?? deltaLink;
    }
    return { rows: pages.flat(), pages, deltaLink };
  }

  async token(app: string): Promise<string> {
    const known = this.#tokens.get(app);
    if (known !== undefined) {
      return known;
    }
    const token = await this.freshToken(app);
    this.#tokens.set(app, token);
    return token;
  }

  async freshToken(app: string): Promise<string> {
    const form = new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: app,
      client_secret: secret,
      scope: 'https://graph.microsoft.com/.default',
    });
    const url = `${this.simulator.origin}/${this.tenantId}/oauth2/v2.0/token`;
    const type = { 'content-type': 'application/x-www-form-urlencoded' };
    const answer = await this.send(url, 'POST', type, form.toString());
    return String(answer.body['access_token']);
  }

  /** Tokens are asked for again, after permissions changed. */
  forgetTokens(): void {
    this.#tokens.clear();
  }

  send(
    url: string,
    method: string,
    headers: Readonly<Record<string, string>>,
    body?: unknown,
  ): Promise<Answer> {
    const payload = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const request = httpsRequest(url, { method, headers, agent: this.#agent }, (message) => {
        readAnswer(message).then(resolve, reject);
      });
      request.once('error', reject);
      request.end(payload);
    });
  }

  /** `code: message` of an error answer. */
  static problem(answer: Answer): string {
    const error = answer.body['error'] as unknown as { code: string; message: string } | undefined;
    return `${answer.status} ${error?.code}: ${error?.message}`;
  }

  async stop(): Promise<void> {
    this.#agent.destroy();
    await this.simulator.close();
    await rm(this.#stateDir, { recursive: true, force: true });
  }

  async truth(sequence?: number): Promise<TruthLine[]> {
    const lines: TruthLine[] = [];
    for await (const line of this.control.truth(this.tenantId, sequence)) {
      lines.push(line);
    }
    return lines;
  }

  /** Changes by an administrator; the ids of the changed objects. */
  async change(
    ...changes: Parameters<Simulator['control']['change']>[1][]
  ): Promise<readonly string[]> {
    return (await this.control.change(this.tenantId, ...changes)).ids;
  }

  /** A live user made by an administrator. */
  async addUser(name: string, properties: JsonObject = {}): Promise<string> {
    const [id] = await this.change({
      kind: 'create',
      type: 'user',
      properties: {
        accountEnabled: true,
        displayName: name,
        mailNickname: name,
        userPrincipalName: `${name}@contoso.example`,
        ...properties,
      },
    });
    return String(id);
  }

  /** A live security group made by an administrator, with members. */
  async addGroup(
    name: string,
    members: readonly string[] = [],
    properties: JsonObject = {},
  ): Promise<string> {
    const [id] = await this.change({
      kind: 'create',
      type: 'group',
      properties: {
        displayName: name,
        mailEnabled: false,
        mailNickname: name,
        securityEnabled: true,
        groupTypes: [],
        ...properties,
      },
    });
    await this.link('members', String(id), ...members);
    return String(id);
  }

  async link(
    relationship: 'members' | 'owners' | 'manager',
    source: string,
    ...targets: readonly string[]
  ): Promise<void> {
    await this.change(
      ...targets.map((target) => ({ kind: 'addLink', relationship, source, target }) as const),
    );
  }
}

export function newTenant(plan: Partial<NewTenant> & { readonly tenantId: string }): NewTenant {
  return {
    domains: ['contoso.onmicrosoft.com', 'contoso.example'],
    registrations: [
      { appId: readerApp, secrets: [{ value: secret }], permissions: readerPermissions },
      { appId: restorerApp, secrets: [{ value: secret }], permissions: restorerPermissions },
    ],
    ...plan,
  };
}

/** Starts a simulator without throttling (unless the options say otherwise) and one tenant. */
export async function startTenant(
  plan: Partial<NewTenant> = {},
  options: Partial<SimulatorOptions> = {},
): Promise<SimulatedTenant> {
  const stateDir = await mkdtemp(join(tmpdir(), 'graph-simulator-'));
  const simulator = await startSimulator({
    stateDir,
    throttling: { identity: false, writes: false, conditionalAccess: false },
    ...options,
  });
  const tenantId = plan.tenantId ?? randomUUID();
  await simulator.control.createTenant(newTenant({ ...plan, tenantId }));
  return new SimulatedTenant(simulator, tenantId, stateDir);
}

export const problem = SimulatedTenant.problem;
