// Runs the sign-in half of the simulator behind a real https server, for tests of sign-in.
import { createHash, createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';
import { SignJWT } from 'jose';
import {
  createApplicationCertificate,
  ensureCertificates,
} from '../../../local/graph-simulator/certificates.ts';
import { createSignIn } from '../../../local/graph-simulator/sign-in/sign-in.ts';

export const TENANT = 'a1b2c3d4-0000-4000-8000-000000000001';
export const OTHER_TENANT = 'a1b2c3d4-0000-4000-8000-000000000002';
export const READER = 'b1b2c3d4-0000-4000-8000-000000000001';
export const CERT_APP = 'b1b2c3d4-0000-4000-8000-000000000002';
const DAY = 86_400_000;

export type Authority = Awaited<ReturnType<typeof startAuthority>>;

export async function startAuthority() {
  const stateDir = await mkdtemp(join(tmpdir(), 'simulator-sign-in-'));
  const certificates = await ensureCertificates(stateDir);
  // As the product does with EXTRA_CA_FILE: NODE_EXTRA_CA_CERTS is read at process start only.
  tls.setDefaultCACertificates([...tls.getCACertificates('default'), certificates.ca]);
  let origin = '';
  /** `clock.shift` is added to the real time: tests of token life move it. */
  const clock = { shift: 0, now: () => Date.now() + clock.shift };
  const signIn = await createSignIn({ stateDir, clock, origin: () => origin });
  const server = createServer({ cert: certificates.certificate, key: certificates.key });
  server.on('request', (request, response) => {
    void readBody(request)
      .then((bodyText) =>
        signIn.handle({
          method: request.method ?? 'GET',
          path: new URL(request.url ?? '/', origin).pathname,
          headers: new Map(Object.entries(request.headers).map(([k, v]) => [k, String(v)])),
          bodyText,
        }),
      )
      .then((reply) => {
        response.writeHead(reply?.status ?? 404, { ...reply?.headers, 'content-type': JSON_TYPE });
        response.end(JSON.stringify(reply?.body ?? {}));
      });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `https://localhost:${(server.address() as AddressInfo).port}`;
  const appCertificate = await createApplicationCertificate('backup reader');
  signIn.registrations.addTenant(OTHER_TENANT);
  signIn.registrations.register(TENANT, {
    appId: READER,
    secrets: [
      { value: 'a good secret' },
      { value: 'an old secret', expires: new Date(Date.now() - DAY) },
    ],
    permissions: ['User.Read.All', 'Group.Read.All'],
  });
  signIn.registrations.register(TENANT, {
    appId: CERT_APP,
    certificates: [appCertificate.certificate],
    permissions: ['Policy.Read.All'],
  });
  const stop = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await rm(stateDir, { recursive: true, force: true });
  };
  return { stateDir, signIn, origin, clock, appCertificate, stop };
}

const JSON_TYPE = 'application/json; charset=utf-8';

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

export async function requestToken(
  authority: Authority,
  form: Record<string, string>,
  tenant = TENANT,
) {
  const response = await fetch(`${authority.origin}/${tenant}/oauth2/v2.0/token`, {
    method: 'POST',
    body: new URLSearchParams(form),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

export const secretForm = (authority: Authority, changes: Record<string, string> = {}) => ({
  grant_type: 'client_credentials',
  client_id: READER,
  client_secret: 'a good secret',
  scope: `${authority.origin}/.default`,
  ...changes,
});

export const assertionForm = (authority: Authority, assertion: string) => ({
  grant_type: 'client_credentials',
  client_id: CERT_APP,
  client_assertion: assertion,
  client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
  scope: `${authority.origin}/.default`,
});

export interface AssertionChanges {
  readonly alg?: string;
  readonly key?: string;
  readonly thumbprint?: string;
  readonly claims?: Record<string, unknown>;
}

/** A client assertion of CERT_APP as the documents describe it, with changes. */
export async function makeAssertion(authority: Authority, changes: AssertionChanges = {}) {
  const der = new X509Certificate(authority.appCertificate.certificate).raw;
  const now = Math.floor(Date.now() / 1000);
  return new SignJWT({
    iss: CERT_APP,
    sub: CERT_APP,
    aud: `${authority.origin}/${TENANT}/oauth2/v2.0/token`,
    jti: crypto.randomUUID(),
    nbf: now,
    exp: now + 300,
    ...changes.claims,
  })
    .setProtectedHeader({
      alg: changes.alg ?? 'PS256',
      'x5t#S256': changes.thumbprint ?? createHash('sha256').update(der).digest('base64url'),
    })
    .sign(createPrivateKey(changes.key ?? authority.appCertificate.key));
}
