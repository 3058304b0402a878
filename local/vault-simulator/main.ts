// Runs the vault as a process of its own: `node local/vault-simulator/main.ts --state DIR
// --authority https://localhost:8443/TENANT-ID [--port 8444] [--key NAME ...]
// [--grant PRINCIPAL=keys/get,keys/wrapKey,keys/unwrapKey ...]`. The authority is the Graph simulator
// of the same state folder. Makes the keys that are missing, prints one JSON line with where it
// listens, then stays until it is told to end.

import tls from 'node:tls';
import { parseArgs } from 'node:util';
import { createRemoteJWKSet } from 'jose';
import { ensureCertificates } from '../graph-simulator/certificates.ts';
import { startVaultSimulator } from './server.ts';

const { values } = parseArgs({
  options: {
    state: { type: 'string' },
    authority: { type: 'string' },
    port: { type: 'string', default: '0' },
    key: { type: 'string', multiple: true, default: [] },
    grant: { type: 'string', multiple: true, default: [] },
  },
});
const { state: stateDir, authority } = values;
if (stateDir === undefined || authority === undefined || !URL.canParse(authority)) {
  process.stderr.write('missing --state DIR or --authority https://localhost:PORT/TENANT-ID\n');
  process.exit(2);
}
const { ca } = await ensureCertificates(stateDir);
tls.setDefaultCACertificates([...tls.getCACertificates('default'), ca]);
const vault = await startVaultSimulator({
  stateDir,
  port: Number(values.port),
  authority: {
    url: authority,
    issuer: `${authority}/v2.0`,
    keys: createRemoteJWKSet(new URL(`${authority}/discovery/v2.0/keys`)),
  },
}).catch((error: unknown) => {
  if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
  process.stderr.write(`port ${values.port} is taken: choose another with --port\n`);
  process.exit(2);
});
for (const name of values.key) await vault.keys.ensure(name);
for (const grant of values.grant) {
  const [principal = '', permissions = ''] = grant.split('=');
  vault.grant(principal, permissions.split(','));
}
const { origin, caFile } = vault;
process.stdout.write(`${JSON.stringify({ origin, caFile })}\n`);
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    vault.close().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  });
}
