import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startPostgres, withClient } from '../../local/postgres.ts';
import { type PostgresRecord, removePostgres } from '../../local/postgres-folders.ts';
import { schemaVersion } from '../../shared/repository/schema-version.ts';

describe('the local PostgreSQL', () => {
  let folder = '';
  const children: ChildProcess[] = [];

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'entra-backup-local-'));
  });
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    removePostgres(folder);
  });

  const record = (): PostgresRecord =>
    JSON.parse(readFileSync(path.join(folder, 'postgres.json'), 'utf8')) as PostgresRecord;
  const pidFile = (): string => path.join(record().data, 'postmaster.pid');
  const serverPid = (): number => Number(readFileSync(pidFile(), 'utf8').split('\n')[0]);

  async function inOwnProcess(): Promise<{ child: ChildProcess; appUrl: string }> {
    const script = path.join(import.meta.dirname, '..', 'support', 'run-postgres.ts');
    const child = spawn(process.execPath, [script, folder], { stdio: ['ignore', 'pipe', 'pipe'] });
    children.push(child);
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString('utf8');
    });
    const [first] = (await Promise.race([
      once(child.stdout, 'data'),
      once(child, 'exit').then(() => [undefined]),
    ])) as [Buffer | undefined];
    if (first === undefined) throw new Error(said);
    return { child, ...(JSON.parse(first.toString('utf8')) as { appUrl: string }) };
  }

  const addTenant = (url: string): Promise<unknown> =>
    withClient(url, (client) =>
      client.query(
        "insert into tenant (tenant_id, display_name) values (gen_random_uuid(), 'contoso')",
      ),
    );
  const tenants = (url: string): Promise<number> =>
    withClient(url, async (client) => (await client.query('select from tenant')).rowCount ?? 0);

  it('has the schema of this version and keeps its data over a restart', async () => {
    const first = await startPostgres({ dataDir: folder, volatile: true });
    await addTenant(first.appUrl);
    await first.stop();
    const second = await startPostgres({ dataDir: folder, volatile: true });
    try {
      expect(await tenants(second.appUrl)).toBe(1);
      const version = await withClient(second.appUrl, (client) =>
        client.query('select max(name) as name from pgmigrations'),
      );
      expect(version.rows).toEqual([{ name: schemaVersion }]);
    } finally {
      await second.stop();
    }
  });

  it('ends with the process that started it, even by kill -9, and starts again', async () => {
    const { child, appUrl } = await inOwnProcess();
    await addTenant(appUrl);
    const pid = serverPid();
    child.kill('SIGKILL');
    await once(child, 'exit');
    await vanished(pid);
    const again = await startPostgres({ dataDir: folder, volatile: true });
    try {
      expect(await tenants(again.appUrl)).toBe(1);
    } finally {
      await again.stop();
    }
  });

  it('takes over from a server whose starter and guard were both killed', async () => {
    const { child, appUrl } = await inOwnProcess();
    await addTenant(appUrl);
    const pid = serverPid();
    // the guard is the other child of the starter
    for (const other of childrenOf(child.pid ?? 0))
      if (other !== pid) process.kill(other, 'SIGKILL');
    child.kill('SIGKILL');
    await once(child, 'exit');
    await sleep(300);
    expect(() => process.kill(pid, 0)).not.toThrow();
    const again = await startPostgres({ dataDir: folder, volatile: true });
    try {
      expect(await tenants(again.appUrl)).toBe(1);
      expect(serverPid()).not.toBe(pid);
    } finally {
      await again.stop();
    }
  });

  it('starts although a left pid file now names another program, and leaves that alone', async () => {
    await (await startPostgres({ dataDir: folder, volatile: true })).stop();
    const other = spawn('sleep', ['60'], { stdio: 'ignore' });
    children.push(other);
    writeFileSync(pidFile(), `${other.pid}\n${record().data}\n0\n5432\n\n127.0.0.1\n`);
    const again = await startPostgres({ dataDir: folder, volatile: true });
    await again.stop();
    expect(other.exitCode).toBeNull();
    expect(other.signalCode).toBeNull();
  });

  it('says which folder is in use by another process', async () => {
    await inOwnProcess();
    await expect(startPostgres({ dataDir: folder })).rejects.toThrow(
      `folder ${folder} is in use by another process`,
    );
  });

  it('says which port is in use', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const start = startPostgres({ dataDir: folder, port });
    await expect(start).rejects.toThrow(`port ${port} for postgresql is in use`);
    server.close();
  });

  it('works in a folder that only its owner may enter', async () => {
    const closed = path.join(folder, 'closed');
    mkdirSync(closed, { mode: 0o700 });
    const running = await startPostgres({ dataDir: path.join(closed, 'pg'), volatile: true });
    const file = path.join(closed, 'pg', 'postgres.json');
    const { data } = JSON.parse(readFileSync(file, 'utf8')) as PostgresRecord;
    try {
      await addTenant(running.appUrl);
      expect(data.startsWith(closed)).toBe(userInfo().uid !== 0);
    } finally {
      await running.stop();
      removePostgres(path.join(closed, 'pg'));
    }
    expect(existsSync(data)).toBe(false);
  });

  it('makes the cluster anew when an earlier attempt was cut off', async () => {
    await (await startPostgres({ dataDir: folder, volatile: true })).stop();
    const { data } = record();
    rmSync(data, { recursive: true });
    mkdirSync(`${data}.new`);
    writeFileSync(path.join(`${data}.new`, 'half'), '');
    await (await startPostgres({ dataDir: folder, volatile: true })).stop();
    expect(existsSync(`${data}.new`)).toBe(false);
  });
});

function childrenOf(parent: number): number[] {
  return readFileSync(`/proc/${parent}/task/${parent}/children`, 'utf8')
    .trim()
    .split(' ')
    .map(Number);
}

async function vanished(pid: number): Promise<void> {
  for (let waited = 0; waited < 10_000; waited += 50) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await sleep(50);
  }
  throw new Error(`process ${pid} is still there`);
}
