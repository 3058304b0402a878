/**
 * What a page of Graph costs before it reaches the repository: download through our chain of
 * handlers against a bare pool and against the Graph client as it comes, and parsing, canonical
 * text and hash of an object against what Node does natively. One run, variants interleaved.
 */
import { fork } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setDefaultCACertificates } from 'node:tls';
import { gunzipSync } from 'node:zlib';
import { Client } from '@microsoft/microsoft-graph-client';
import { Pool } from 'undici';
import { createGraphClient } from '../shared/graph/create-graph-client.ts';
import { createNetwork } from '../shared/graph/network.ts';
import { ProcessTokenBuckets } from '../shared/graph/token-bucket.ts';
import { canonicalText, contentHash } from '../shared/json/canonical-text.ts';
import type { JsonObject } from '../shared/json/json-value.ts';
import { parseJson } from '../shared/json/parse-json.ts';
import { systemClock } from '../shared/model/clock.ts';
import { userPage } from './support/user-page.ts';

const pageSize = 999;
const rounds = Number(process.env['BENCH_ROUNDS'] ?? 15);
const path = '/v1.0/users?$top=999';
const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

interface Variant {
  readonly name: string;
  run(): unknown;
}

/**
 * Median milliseconds of processor time of each variant: other load on the machine does not count.
 * Every round runs all of them, in turns.
 */
async function measure(variants: readonly Variant[], warmUp: number): Promise<Map<string, number>> {
  const times = new Map(variants.map(({ name }) => [name, [] as number[]]));
  for (let round = 0; round < rounds + warmUp; round++) {
    for (let turn = 0; turn < variants.length; turn++) {
      const variant = variants[(turn + round) % variants.length] as Variant;
      const start = process.cpuUsage();
      await variant.run();
      const { user, system } = process.cpuUsage(start);
      if (round >= warmUp) times.get(variant.name)?.push((user + system) / 1000);
    }
  }
  return new Map([...times].map(([name, list]) => [name, median(list)]));
}

function median(list: number[]): number {
  return list.sort((one, other) => one - other)[list.length >> 1] ?? Number.NaN;
}

function print(title: string, times: ReadonlyMap<string, number>, yardstick: string): void {
  const base = times.get(yardstick) ?? Number.NaN;
  console.log(`\n${title}`);
  console.table(
    [...times].map(([name, milliseconds]) => ({
      name,
      'cpu ms a page': Number(milliseconds.toFixed(2)),
      'objects/s of cpu': Math.round((pageSize / milliseconds) * 1000),
      [`ratio to ${yardstick}`]: Number((milliseconds / base).toFixed(2)),
    })),
  );
}

async function benchTransport(): Promise<void> {
  const stateDir = await mkdtemp(join(tmpdir(), 'bench-pages-'));
  const server = fork(new URL('./support/page-server.ts', import.meta.url), [
    stateDir,
    String(pageSize),
  ]);
  const { port } = await new Promise<{ port: number }>((resolve) =>
    server.once('message', resolve),
  );
  const origin = `https://localhost:${port}`;
  const ca = await readFile(join(stateDir, 'certificates', 'ca.pem'), 'utf8');
  setDefaultCACertificates([ca]);
  const pool = new Pool(origin, { connections: 4, allowH2: false });
  const network = createNetwork();
  const client = createGraphClient({
    graphUrl: origin,
    loginUrl: origin,
    tenantId: '11111111-2222-3333-4444-555555555555',
    clientId: '99999999-2222-3333-4444-555555555555',
    credential: { kind: 'secret', value: 'bench' },
    priority: 'low',
    buckets: new ProcessTokenBuckets(),
    network,
    clock: systemClock,
    logger: silent,
  });
  const stock = Client.init({
    baseUrl: `${origin}/`,
    customHosts: new Set(['localhost']),
    authProvider: (done) => done(null, 'token'),
  });
  const bare = async (parse: (body: Buffer) => unknown): Promise<unknown> => {
    const headers = { 'accept-encoding': 'gzip', authorization: 'Bearer token' };
    const { body } = await pool.request({ path, method: 'GET', headers });
    return parse(gunzipSync(await body.bytes()));
  };
  const request = {
    path: '/users',
    apiVersion: 'v1.0',
    service: 'identity',
    query: { $top: '999' },
  } as const;
  const times = await measure(
    [
      { name: 'bare pool, JSON.parse', run: () => bare((body) => JSON.parse(body.toString())) },
      { name: 'bare pool, parseJson', run: () => bare(parseJson) },
      { name: 'our GraphClient', run: () => client.page(request) },
      { name: 'stock Graph client', run: () => stock.api('/users').query('$top=999').get() },
    ],
    5,
  );
  print('a page of 999 users over https, gzip', times, 'bare pool, parseJson');
  const ratio = (name: string): string =>
    ((times.get('our GraphClient') ?? 0) / (times.get(name) ?? 1)).toFixed(2);
  console.log(`our client / bare pool with JSON.parse: ${ratio('bare pool, JSON.parse')}`);
  console.log(
    `our client / bare pool with parseJson (P7: <= 1.15): ${ratio('bare pool, parseJson')}`,
  );
  console.log(`our client / stock client (P7: <= 0.6): ${ratio('stock Graph client')}`);
  await Promise.all([network.close(), pool.close()]);
  server.disconnect();
  await rm(stateDir, { recursive: true });
}

async function benchJson(): Promise<void> {
  const page = Buffer.from(userPage(pageSize));
  const bytes = Math.round(page.length / pageSize);
  const rules = {
    volatile: new Set(['lastPasswordChangeDateTime']),
    unordered: new Set(['proxyAddresses', 'assignedLicenses', 'assignedPlans']),
    dropEmptyTopLevel: true,
  };
  const items = (): JsonObject[] => (parseJson(page) as { value: JsonObject[] }).value;
  const kept = items();
  const texts = kept.map((item) => canonicalText(item, rules));
  const times = await measure(
    [
      { name: 'JSON.parse', run: () => JSON.parse(page.toString()) as unknown },
      { name: 'parseJson', run: () => parseJson(page) },
      { name: 'JSON.stringify', run: () => kept.map((item) => JSON.stringify(item)) },
      { name: 'canonicalText', run: () => kept.map((item) => canonicalText(item, rules)) },
      { name: 'contentHash', run: () => texts.map(contentHash) },
      {
        name: 'parse + canonical + hash',
        run: () => items().map((item) => contentHash(canonicalText(item, rules))),
      },
    ],
    10,
  );
  print(`objects of ${bytes} bytes, one core`, times, 'JSON.parse');
}

await benchJson();
await benchTransport();
