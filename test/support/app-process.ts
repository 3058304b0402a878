// The built app inside the local functions host as a process of its own, with its own task hub: it can
// be killed, frozen and started again, and is spoken to over HTTP only.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { guardChild } from '../../local/child-guard.ts';
import { checkout } from './built-app.ts';
import { type Installation, objectIdOfPerson, type Person, people } from './installation.ts';
import { type Download, reach } from './reach.ts';

const host = path.join(checkout, 'local', 'functions-host', 'main.ts');
const version = '2026-11-01';
const READY_WITHIN_MS = 60_000;

export interface StartOptions {
  /** `name:kill|freeze|hang[:nth]` (shared/settings/fault-settings.ts). */
  readonly failpoint?: string;
  /** Seed with which the host runs activities twice, reorders results and kills episodes. */
  readonly chaos?: number;
  readonly environment?: Readonly<Record<string, string>>;
}

export interface OperationView {
  readonly id: string;
  readonly status: string;
  readonly result?: string;
  readonly phase: string;
  readonly progress: Readonly<Record<string, { readonly done: number }>>;
  readonly counts?: Readonly<Record<string, number>>;
  readonly warnings: readonly string[];
  readonly resourceLocation?: string;
  readonly error?: { readonly code: string; readonly message: string };
}

const over = new Set(['succeeded', 'failed', 'canceled']);

export interface Answer<Body> {
  readonly status: number;
  readonly body: Body;
}

export class AppProcess {
  readonly name: string;
  readonly #installation: Installation;
  #child: ChildProcess | undefined;
  #ended: Promise<unknown> | undefined;
  #url = '';
  /** Everything the process and those before it have written. */
  output = '';
  readonly #tokens = new Map<Person, Promise<string>>();

  /** `name` is that of its task hub: two processes over one database have different ones. */
  constructor(installation: Installation, name = 'app') {
    this.#installation = installation;
    this.name = name;
  }

  get hub(): string {
    return path.join(this.#installation.folder, `${this.name}.sqlite`);
  }

  get #failpointFile(): string {
    return path.join(this.#installation.folder, `${this.name}.failpoint`);
  }

  /** Plans a failpoint of the process, also while it runs; the text is that of StartOptions. */
  arm(failpoint: string): void {
    const fresh = `${this.#failpointFile}.new`;
    writeFileSync(fresh, failpoint);
    renameSync(fresh, this.#failpointFile);
  }

  get running(): boolean {
    const child = this.#child;
    return child !== undefined && child.exitCode === null && child.signalCode === null;
  }

  /** Starts the process and waits until its API answers. Throws when it ends before. */
  async start(options: StartOptions = {}): Promise<void> {
    const { app, environment, folder } = this.#installation;
    const { failpoint, chaos } = options;
    if (this.running) throw new Error(`${this.name} is running`);
    this.arm(failpoint ?? '');
    const args = ['--app', app.directory, '--port', '0', '--hub', this.hub];
    const child = spawn(
      process.execPath,
      [host, ...args, ...(chaos === undefined ? [] : ['--chaos', String(chaos)])],
      {
        cwd: checkout,
        stdio: ['ignore', 'pipe', 'pipe'],
        env: {
          ...environment,
          ...options.environment,
          FAILPOINT_FILE: this.#failpointFile,
        },
      },
    );
    guardChild(child, { signal: 'TERM' });
    this.#child = child;
    this.#ended = once(child, 'close');
    const log = createWriteStream(path.join(folder, `${this.name}.log`), { flags: 'a' });
    let fresh = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        fresh += chunk.toString('utf8');
        this.output += chunk.toString('utf8');
        log.write(chunk);
      });
    }
    void this.#ended.then(() => log.end());
    for (const end = Date.now() + READY_WITHIN_MS; ; await sleep(10)) {
      const ready = /^ready (http\S+)$/m.exec(fresh)?.[1];
      if (ready !== undefined) {
        this.#url = ready;
        return;
      }
      if (!this.running || Date.now() > end) throw new Error(`the app does not start:\n${fresh}`);
    }
  }

  /** kill -9; nothing happens to a process that has ended. */
  async kill(): Promise<void> {
    await this.#signal('SIGKILL');
  }

  /** Ends it in good order. */
  async stop(): Promise<void> {
    await this.#signal('SIGTERM');
  }

  async #signal(signal: NodeJS.Signals): Promise<void> {
    if (this.running) this.#child?.kill(signal);
    await this.#ended;
  }

  freeze(): void {
    this.#child?.kill('SIGSTOP');
  }

  wake(): void {
    this.#child?.kill('SIGCONT');
  }

  /** True while the process is stopped by SIGSTOP. */
  get frozen(): boolean {
    if (!this.running) return false;
    const stat = readFileSync(`/proc/${this.#child?.pid}/stat`, 'utf8');
    return /^\d+ \(.*\) T/.test(stat);
  }

  /** Waits until the process has frozen itself at its failpoint. */
  async untilFrozen(timeoutMs = 120_000): Promise<void> {
    await until(() => this.frozen, timeoutMs, `${this.name} does not reach its failpoint`);
  }

  /** Waits until the process has died by a signal and answers it; null when it ended otherwise. */
  async died(timeoutMs = 120_000): Promise<NodeJS.Signals | null> {
    await until(() => !this.running, timeoutMs, `${this.name} does not reach its failpoint`);
    await this.#ended;
    return this.#child?.signalCode ?? null;
  }

  async send<Body>(
    person: Person,
    method: string,
    target: string,
    body?: unknown,
  ): Promise<Answer<Body>> {
    const separator = target.includes('?') ? '&' : '?';
    const token =
      this.#tokens.get(person) ??
      this.#tokens.set(person, this.#installation.token(person)).get(person);
    const response = await reach(`${this.#url}${target}${separator}api-version=${version}`, {
      method,
      headers: {
        authorization: `Bearer ${await token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const { status, text } = response;
    return { status, body: (text === '' ? undefined : JSON.parse(text)) as Body };
  }

  /** A GET whose answer is bytes. */
  async download(
    person: Person,
    target: string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Download> {
    const separator = target.includes('?') ? '&' : '?';
    const token = await this.#installation.token(person);
    return await reach(`${this.#url}${target}${separator}api-version=${version}`, {
      method: 'GET',
      headers: { authorization: `Bearer ${token}`, ...headers },
    });
  }

  /** Body of a good answer; throws with what the API says otherwise. */
  async call<Body>(person: Person, method: string, target: string, body?: unknown): Promise<Body> {
    const answer = await this.send<Body>(person, method, target, body);
    if (answer.status < 300) return answer.body;
    throw new Error(`${method} ${target}: ${answer.status} ${JSON.stringify(answer.body)}`);
  }

  /** Registers a tenant over the API and gives the people their access. */
  async register(tenantId: string): Promise<void> {
    await this.call('admin', 'PUT', `/api/tenants/${tenantId}`, {
      displayName: 'contoso.example',
      cloud: 'global',
      state: 'active',
    });
    for (const person of ['admin', 'operator', 'approver'] as const) {
      const target = `/api/access/${objectIdOfPerson(person)}`;
      if ((await this.send('admin', 'GET', target)).status === 200) continue;
      await this.call('admin', 'PUT', target, {
        kind: 'user',
        assignments: [{ allTenants: true, roles: [...people[person]] }],
      });
    }
  }

  /** Starts a backup and answers the id of its operation. */
  async startBackup(
    tenantId: string,
    request: { mode?: 'auto' | 'full' | 'incremental'; types?: readonly string[] } = {},
  ): Promise<string> {
    const target = `/api/tenants/${tenantId}/backups`;
    return (await this.call<OperationView>('operator', 'POST', target, request)).id;
  }

  /** Runs a timer function now, as the administration API of the Functions host does. */
  async runTimer(name: string): Promise<void> {
    const headers = { 'content-type': 'application/json' };
    const target = `${this.#url}/admin/functions/${name}`;
    const { status, text } = await reach(target, { method: 'POST', headers, body: '{}' });
    if (status !== 202) throw new Error(`timer ${name}: ${status} ${text}`);
  }

  /** An orchestration as the management API of the host shows it. */
  async instance(id: string): Promise<{ runtimeStatus: string; output: unknown } | undefined> {
    const target = `/runtime/webhooks/durabletask/instances/${encodeURIComponent(id)}`;
    const response = await reach(`${this.#url}${target}`, { method: 'GET' });
    const { status, text } = response;
    if (status === 404) return undefined;
    return JSON.parse(text) as { runtimeStatus: string; output: unknown };
  }

  async operation(id: string): Promise<OperationView> {
    return await this.call('operator', 'GET', `/api/operations/${id}`);
  }

  /** Waits until an operation has ended, however it ended. */
  async ended(id: string, timeoutMs = 200_000): Promise<OperationView> {
    let last = await this.operation(id);
    const end = Date.now() + timeoutMs;
    while (!over.has(last.status)) {
      if (Date.now() > end) {
        throw new Error(`operation ${id} stays ${JSON.stringify(last)}\n${tail(this.output)}`);
      }
      await sleep(150);
      last = await this.operation(id);
    }
    return last;
  }

  /** As ended; throws when the operation did not succeed. */
  async succeeded(id: string, timeoutMs?: number): Promise<OperationView> {
    const operation = await this.ended(id, timeoutMs);
    if (operation.status === 'succeeded') return operation;
    throw new Error(`operation ${id}: ${JSON.stringify(operation)}\n${tail(this.output)}`);
  }

  /** A whole backup. */
  async backup(
    tenantId: string,
    request: Parameters<AppProcess['startBackup']>[1] = {},
  ): Promise<OperationView> {
    return await this.succeeded(await this.startBackup(tenantId, request));
  }
}

/** Polls until it is true. */
export async function until(
  isTrue: () => boolean | Promise<boolean>,
  timeoutMs: number,
  otherwise: string,
): Promise<void> {
  for (const end = Date.now() + timeoutMs; !(await isTrue()); await sleep(30)) {
    if (Date.now() > end) throw new Error(`${otherwise} within ${timeoutMs} ms`);
  }
}

function tail(text: string): string {
  return text.split('\n').slice(-40).join('\n');
}
