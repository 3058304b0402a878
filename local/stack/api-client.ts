// Calls the API of the running application as one of the people of the tour.
import type { ControlClient } from '../graph-simulator/control/client.ts';
import { type Person, people, sampleTenant } from './sample-tenant.ts';

export interface OperationView {
  readonly id: string;
  readonly status: string;
  readonly result?: string;
  readonly phase: string;
  readonly progress: Readonly<Record<string, { done: number; total?: number }>>;
  readonly warnings: readonly string[];
  readonly resourceLocation?: string;
  readonly waitingFor?: { readonly cause: string; readonly detail: string };
  readonly error?: { readonly code: string; readonly message: string };
}

const RENEW_AFTER_MS = 30 * 60_000;
const version = '2026-11-01';

export class ApiClient {
  readonly #url: string;
  readonly #control: ControlClient;
  readonly #tokens = new Map<Person, { readonly token: Promise<string>; readonly at: number }>();

  constructor(url: string, control: ControlClient) {
    this.#url = url;
    this.#control = control;
  }

  token(person: Person): Promise<string> {
    const known = this.#tokens.get(person);
    if (known !== undefined && Date.now() - known.at < RENEW_AFTER_MS) return known.token;
    const token = this.#control.userToken({
      tenantId: sampleTenant.tenantId,
      user: people[person].name,
      audience: sampleTenant.audience,
      roles: people[person].roles,
    });
    this.#tokens.set(person, { token, at: Date.now() });
    return token;
  }

  /** Answer body of a call; throws with code and message when the API refuses. */
  async call<Result>(
    person: Person,
    method: string,
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Result> {
    const response = await this.send(person, method, path, body, headers);
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return (text === '' ? undefined : JSON.parse(text)) as Result;
  }

  async send(
    person: Person,
    method: string,
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Response> {
    const separator = path.includes('?') ? '&' : '?';
    return await fetch(`${this.#url}${path}${separator}api-version=${version}`, {
      method,
      headers: {
        authorization: `Bearer ${await this.token(person)}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }
}
