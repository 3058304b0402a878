// Runs the simulator as a process of its own: `node local/graph-simulator/main.ts --state DIR
// [--port 8443] [--control-token TEXT] [--ledger FILE] [--sample TENANT-ID]
// [--persist] [--api-tenant TENANT-ID] [--api-audience URI]`. `simulator.json` in DIR tells other commands.
// Prints one JSON line with where it listens and the control token, then stays until it is told
// to end.
import { randomUUID } from 'node:crypto';
import { parseArgs } from 'node:util';
import { sampleLogs } from './logs/sample-logs.ts';
import { samplePlan } from './seed/seed-tenant.ts';
import { startSimulator } from './server.ts';
import { removeSimulatorFile, writeSimulatorFile } from './simulator-file.ts';

const { values } = parseArgs({
  options: {
    state: { type: 'string' },
    port: { type: 'string', default: '0' },
    'control-token': { type: 'string' },
    ledger: { type: 'string' },
    sample: { type: 'string' },
    persist: { type: 'boolean', default: false },
    'api-tenant': { type: 'string' },
    'api-audience': { type: 'string', default: 'api://entra-backup' },
  },
});
if (values.state === undefined) {
  process.stderr.write('missing --state DIR: the folder for certificates and the signing key\n');
  process.exit(2);
}
const simulator = await startSimulator({
  stateDir: values.state,
  port: Number(values.port),
  persist: values.persist,
  ...(values['control-token'] === undefined ? {} : { controlToken: values['control-token'] }),
  ...(values.ledger === undefined ? {} : { ledgerFile: values.ledger }),
}).catch((error: unknown) => {
  if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
  process.stderr.write(`port ${values.port} is taken: choose another with --port\n`);
  process.exit(2);
});
if (values.sample !== undefined) {
  simulator.state.createTenant({
    tenantId: values.sample,
    seed: samplePlan,
    logs: sampleLogs(Date.now()),
    keepExisting: true,
  });
}
const { origin, port, caFile, controlToken } = simulator;
const stateDir = values.state;
const apiTenantId = values['api-tenant'] ?? values.sample ?? randomUUID();
simulator.state.signIn.registrations.addTenant(apiTenantId);
await writeSimulatorFile(stateDir, {
  url: origin,
  controlToken,
  apiTenantId,
  apiAudience: values['api-audience'],
  caFile,
});
process.stdout.write(`${JSON.stringify({ origin, port, caFile, controlToken })}\n`);
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    Promise.all([simulator.close(), removeSimulatorFile(stateDir)]).then(
      () => process.exit(0),
      () => process.exit(1),
    );
  });
}
