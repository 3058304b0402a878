// The simulator as a process of its own, started as the local stack starts it.
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { ControlClient } from '../../local/graph-simulator/control/client.ts';

const tenantId = 'dddddddd-0000-4000-8000-000000000001';

type Started = {
  readonly child: ChildProcessByStdio<null, Readable, null>;
  readonly control: ControlClient;
};

async function start(stateDir: string): Promise<Started> {
  const child = spawn(
    process.execPath,
    ['local/graph-simulator/main.ts', '--state', stateDir, '--sample', tenantId, '--persist'],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const lines = createInterface({ input: child.stdout });
  const [line] = (await once(lines, 'line')) as [string];
  const { origin, caFile, controlToken } = JSON.parse(line) as Record<string, string>;
  const ca = await readFile(String(caFile), 'utf8');
  const control = new ControlClient({ origin: String(origin), token: String(controlToken), ca });
  return { child, control };
}

async function stop({ child }: Started): Promise<void> {
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  expect((await ended)[0]).toBe(0);
}

test('main prints where it listens, serves the sample tenant, ends on SIGTERM and keeps changes', async () => {
  const stateDir = await mkdtemp(join(tmpdir(), 'simulator-process-'));
  const first = await start(stateDir);
  const { liveObjects } = await first.control.summary(tenantId);
  expect([liveObjects.user, liveObjects.group]).toEqual([2_000, 400]);
  const { ids } = await first.control.change(tenantId, {
    kind: 'create',
    type: 'user',
    properties: { displayName: 'kept' },
  });
  await stop(first);
  const second = await start(stateDir);
  expect((await second.control.summary(tenantId)).liveObjects.user).toBe(2_001);
  await second.control.change(tenantId, { kind: 'rename', id: String(ids[0]), displayName: 'k' });
  await stop(second);
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
