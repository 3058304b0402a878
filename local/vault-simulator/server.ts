/**
 * A Key Vault for development and tests: an https process with real RSA keys, as strict as the
 * documentation lets one expect. It imports nothing of the product and knows nothing of what the
 * wrapped keys are for.
 */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { ensureCertificates } from '../graph-simulator/certificates.ts';
import { authenticate, type VaultAuthority } from './authentication.ts';
import { KeyStore } from './key-store.ts';
import { matchRoute } from './routes.ts';
import { badParameter, VaultError, type VaultReply, type VaultRequest } from './vault-request.ts';

export interface VaultOptions {
  /**
   * Holds the keys, and the certificates: simulators that one client talks to share the folder,
   * because it cannot tell two authorities of the same name apart.
   */
  readonly stateDir: string;
  readonly port?: number;
  readonly authority: VaultAuthority;
  readonly now?: () => Date;
  /** Of the whole vault: https://learn.microsoft.com/azure/key-vault/general/service-limits */
  readonly requestsPer10Seconds?: number;
  /** Answers instead of the vault, before it looks at the request. */
  readonly fault?: (request: VaultRequest) => VaultReply | undefined;
}

export interface VaultSimulator {
  readonly origin: string;
  readonly ca: string;
  readonly caFile: string;
  readonly keys: KeyStore;
  /** Method, path and status of every request. */
  readonly ledger: { readonly method: string; readonly path: string; readonly status: number }[];
  /** Replaces what the principal (object or application id) may do: `keys/get`, ... */
  grant(principal: string, permissions: readonly string[]): void;
  close(): Promise<void>;
}

const versions = [...['2016-10-01', '7.0', '7.1', '7.2', '7.3', '7.4', '7.5', '7.6', '2025-07-01']];
const MAXIMUM_BODY = 64 * 1024;
const WINDOW_MS = 10_000;

export async function startVaultSimulator(options: VaultOptions): Promise<VaultSimulator> {
  const now = options.now ?? (() => new Date());
  const certificates = await ensureCertificates(options.stateDir);
  const keys = await KeyStore.open(path.join(options.stateDir, 'vault'), now);
  const grants = new Map<string, ReadonlySet<string>>();
  const ledger: { method: string; path: string; status: number }[] = [];
  const vault = { options, keys, grants, now, origin: '', window: { start: 0, count: 0 } };
  const server = createServer(
    { key: certificates.key, cert: certificates.certificate },
    (message, response) => {
      serve(vault, message, response).then(
        (status) => ledger.push({ ...lineOf(message), status }),
        (error: unknown) => {
          process.stderr.write(`vault simulator failure: ${String(error)}\n`);
          response.writeHead(599).end();
        },
      );
    },
  );
  server.listen(options.port ?? 0, 'localhost');
  await once(server, 'listening');
  vault.origin = `https://localhost:${(server.address() as AddressInfo).port}`;
  return {
    origin: vault.origin,
    ca: certificates.ca,
    caFile: certificates.caFile,
    keys,
    ledger,
    grant: (principal, permissions) => grants.set(principal, new Set(permissions)),
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

interface Vault {
  readonly options: VaultOptions;
  readonly keys: KeyStore;
  readonly grants: ReadonlyMap<string, ReadonlySet<string>>;
  readonly now: () => Date;
  readonly origin: string;
  readonly window: { start: number; count: number };
}

async function serve(
  vault: Vault,
  message: IncomingMessage,
  response: ServerResponse,
): Promise<number> {
  const text = await textOf(message);
  const reply = await answer(vault, message, text).catch((error: unknown) => {
    if (error instanceof VaultError) return error.reply();
    throw error;
  });
  response.writeHead(reply.status, {
    'content-type': 'application/json; charset=utf-8',
    'cache-control': 'no-cache',
    'x-ms-request-id': randomUUID(),
    'x-ms-keyvault-region': 'local',
    ...reply.headers,
  });
  response.end(JSON.stringify(reply.body));
  return reply.status;
}

async function answer(
  vault: Vault,
  message: IncomingMessage,
  text: string | undefined,
): Promise<VaultReply> {
  const url = new URL(message.url ?? '/', vault.origin);
  const query = url.searchParams;
  const asked = { ...lineOf(message), query, body: {} };
  const fault = vault.options.fault?.(asked);
  if (fault !== undefined) return fault;
  throttle(vault);
  const now = vault.now();
  const callers = await authenticate(message.headers.authorization, vault.options.authority, now);
  checkVersion(query.get('api-version'));
  const match = matchRoute(asked.method, asked.path);
  if (match === undefined) throw new VaultError(404, 'NotFound', 'The resource does not exist.');
  const isGranted = callers.some((id) => vault.grants.get(id)?.has(match.route.permission));
  if (!isGranted) throw forbidden(match.route.permission);
  const request = { ...asked, body: asked.method === 'GET' ? {} : bodyOf(message, text) };
  const { name, version } = match;
  const { keys, origin } = vault;
  return await match.route.answer({ request, keys, origin, now, name, version });
}

function forbidden(permission: string): VaultError {
  const message = `Caller is not authorized to perform action on resource. Action: ${permission}`;
  return new VaultError(403, 'Forbidden', message, { inner: 'ForbiddenByRbac' });
}

/** https://learn.microsoft.com/azure/key-vault/general/overview-throttling */
function throttle({ options, window, now }: Vault): void {
  const at = now().getTime();
  if (at - window.start >= WINDOW_MS) Object.assign(window, { start: at, count: 0 });
  window.count += 1;
  if (window.count <= (options.requestsPer10Seconds ?? 4000)) return;
  const seconds = Math.ceil((window.start + WINDOW_MS - at) / 1000);
  throw new VaultError(
    429,
    'Throttled',
    'Request was not processed because too many requests were received. Reason: VaultRequestTypeLimitReached',
    { headers: { 'retry-after': String(seconds) } },
  );
}

function checkVersion(version: string | null): void {
  if (version === null) throw badParameter('api-version must be specified');
  if (!versions.includes(version)) throw badParameter(`Unsupported api-version: ${version}`);
}

function bodyOf(message: IncomingMessage, text: string | undefined): VaultRequest['body'] {
  if (text === undefined)
    throw new VaultError(413, 'RequestEntityTooLarge', 'The body is too large.');
  if (text === '') return {};
  const isJson = (message.headers['content-type'] ?? '').startsWith('application/json');
  const value = isJson ? parsed(text) : undefined;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw badParameter('The request body is not a JSON object');
  }
  return value as VaultRequest['body'];
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function lineOf(message: IncomingMessage): { method: string; path: string } {
  return { method: message.method ?? 'GET', path: (message.url ?? '/').split('?')[0] ?? '/' };
}

/** Undefined when it is longer than any body of the vault; the rest is thrown away. */
async function textOf(message: IncomingMessage): Promise<string | undefined> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of message as AsyncIterable<Buffer>) {
    bytes += piece.length;
    if (bytes <= MAXIMUM_BODY) pieces.push(piece);
  }
  return bytes > MAXIMUM_BODY ? undefined : Buffer.concat(pieces).toString('utf8');
}
