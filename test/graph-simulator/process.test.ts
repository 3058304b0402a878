// The simulator as a process of its own, started as the local stack starts it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { spawnSimulator } from '../../local/graph-simulator/control/spawn.ts';

const tenantId = 'dddddddd-0000-4000-8000-000000000001';

test('a process of its own serves the sample tenant, ends on SIGTERM and keeps changes', async () => {
  const stateDir = await mkdtemp(join(tmpdir(), 'simulator-process-'));
  const options = { stateDir, sampleTenantId: tenantId, persist: true };
  const first = await spawnSimulator(options);
  const { liveObjects } = await first.control.summary(tenantId);
  expect([liveObjects.user, liveObjects.group]).toEqual([2_000, 400]);
  const { ids } = await first.control.change(tenantId, {
    kind: 'create',
    type: 'user',
    properties: { displayName: 'kept' },
  });
  await first.stop();
  const second = await spawnSimulator(options);
  expect((await second.control.summary(tenantId)).liveObjects.user).toBe(2_001);
  await second.control.change(tenantId, { kind: 'rename', id: String(ids[0]), displayName: 'k' });
  await second.stop();
  await rm(stateDir, { recursive: true, force: true });
});

test('a port that is taken ends the process before it is ready', async () => {
  const stateDir = await mkdtemp(join(tmpdir(), 'simulator-process-'));
  const first = await spawnSimulator({ stateDir });
  await expect(spawnSimulator({ stateDir, port: first.port })).rejects.toThrow(
    'the simulator ended with code 2 before it was ready',
  );
  await first.stop();
  await rm(stateDir, { recursive: true, force: true });
});

test('main without a state folder says what is missing and ends with 2', async () => {
  const child = spawn(process.execPath, ['local/graph-simulator/main.ts'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const chunks: Buffer[] = [];
  child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
  const [code] = (await once(child, 'exit')) as [number];
  expect([code, Buffer.concat(chunks).toString()]).toEqual([
    2,
    'missing --state DIR: the folder for certificates and the signing key\n',
  ]);
});
