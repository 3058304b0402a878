/**
 * How fast pages become versions and links, against plain download and COPY of the same bytes: user
 * and group lists through the reading and storing path of a backup, and links of groups through its
 * storing path. Interleaved rounds in one run, medians.
 */
import { randomUUID } from 'node:crypto';
import { Pool } from 'undici';
import { objectType } from '../shared/catalog/index.ts';
import type { ObjectType } from '../shared/catalog/object-type.ts';
import type { GraphClient } from '../shared/graph/graph-client.ts';
import type { Fence } from '../shared/repository/fence.ts';
import { type BackupGraph, defaultLimits } from '../shared/tenant-backup/backup-context.ts';
import {
  type ContextFactory,
  open,
  runStage,
  testContext,
  testTenant,
} from '../test/support/run-backup.ts';
import { hold, median, printMachine, round } from './support/figures.ts';
import {
  type MeasuredTenant,
  readerId,
  readerSecret,
  startMeasuredTenant,
} from './support/measured-tenant.ts';
import { copyBytes, copyPage, encodeLinks, PlainCopy } from './support/plain-copy.ts';
import { type Cost, costOf, serverOf } from './support/processor-time.ts';
import { rememberAnswers } from './support/remembered-answers.ts';
import { printStatements, startStatements } from './support/statements.ts';

const users = Number(process.env['BENCH_USERS'] ?? 20_000);
const groups = users / 4;
const rounds = Number(process.env['BENCH_ROUNDS'] ?? 7);
const goal = 0.25;
const validYardstick = 30_000;

/** The type with its list alone: no passes for links, facets, recycle bin. */
function listOnly(name: 'user' | 'group'): ObjectType {
  const { recycleBin: _, ...type } = objectType(name) as ObjectType;
  return { ...type, facets: [], links: [], children: [] };
}

function membersOnly(): ObjectType {
  const type = objectType('group') as ObjectType;
  return {
    ...listOnly('group'),
    links: type.links.filter((link) => link.name === 'group.members'),
  };
}

interface Started {
  readonly tenantNo: number;
  readonly fence: Fence;
  make(catalogue: readonly ObjectType[], graph: BackupGraph): ContextFactory;
}

/** A session of a tenant that has nothing yet, ready to list. */
async function startSession(measured: MeasuredTenant, graph: GraphClient): Promise<Started> {
  const tenantNo = await measured.db.addTenant(randomUUID());
  const tenant = testTenant(tenantNo, measured.tenantId);
  const make = (catalogue: readonly ObjectType[], client: BackupGraph) => () =>
    testContext(measured.db, tenant, client, { catalogue, limits: defaultLimits });
  const lists = make([listOnly('user'), listOnly('group')], graph);
  const fence = await open(lists, { operationId: randomUUID(), mode: 'full' });
  await runStage(lists, fence);
  return { tenantNo, fence, make };
}

const remembered = rememberAnswers();

interface ProductRound {
  readonly tenantNo: number;
  readonly pages: Cost;
  readonly links: Cost;
}

/** Lists users and groups, then reads the members; with `replayed`, the latter from memory. */
async function productRound(measured: MeasuredTenant, replayed: boolean): Promise<ProductRound> {
  const graph = await measured.graph();
  const { tenantNo, fence, make } = await startSession(measured, graph);
  const lists = make([listOnly('user'), listOnly('group')], graph);
  const pages = await cost(() => runStage(lists, fence));
  await measured.db.owner.rows(
    `update session_task set phase = case collection when 'group' then 'list' else 'done' end
     where session_id = $1`,
    [fence.sessionId],
  );
  const client = await measured.graph();
  const members = make([membersOnly()], replayed ? remembered.of(client) : client);
  const links = await cost(() => runStage(members, fence));
  return { tenantNo, pages, links };
}

async function plainPagesRound(plain: PlainCopy): Promise<Cost> {
  const lists = ['user', 'group'] as const;
  const clients = await Promise.all(lists.map(() => plain.connect()));
  // neither compressed nor cut by the server: either would be most of what is measured
  await clients[0]?.query(`drop table if exists plain_page; create table plain_page (body bytea);
    alter table plain_page alter column body set storage plain`);
  return await cost(() =>
    Promise.all(
      lists.map(async (name, index) => {
        const client = clients[index];
        if (client === undefined) return;
        await plain.pages(pathOf(name), (page) => copyPage(client, 'plain_page', page));
      }),
    ),
  );
}

function pathOf(name: 'user' | 'group'): string {
  const { collection, select, pageSize } = listOnly(name);
  return `/v1.0${collection}?$select=${select.join(',')}&$top=${pageSize.list}`;
}

type Pair = readonly [source: number, target: number];

async function plainLinksRound(plain: PlainCopy, pairs: readonly Pair[]): Promise<Cost> {
  const client = await plain.connect();
  await client.query('drop table if exists plain_link');
  await client.query('create table plain_link (like link including all)');
  const bytes = encodeLinks(1, 'group.members', pairs);
  return await cost(() => copyBytes(client, 'plain_link', bytes));
}

async function linksOf(measured: MeasuredTenant, tenantNo: number): Promise<Pair[]> {
  const rows = await measured.db.owner.rows<{ source: number; target: number }>(
    'select source, target from link where tenant_no = $1 order by source, target',
    [tenantNo],
  );
  return rows.map((row) => [row.source, row.target]);
}

async function forget(measured: MeasuredTenant, tenantNo: number): Promise<void> {
  for (const table of ['object', 'object_version', 'link', 'link_read', 'link_source']) {
    await measured.db.owner.rows(`delete from ${table} where tenant_no = $1`, [tenantNo]);
  }
}

async function token(measured: MeasuredTenant): Promise<string> {
  const pool = new Pool(measured.origin, { connect: { ca: measured.ca } });
  const form = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: readerId,
    client_secret: readerSecret,
    scope: `${measured.origin}/.default`,
  });
  const { body } = await pool.request({
    path: `/${measured.tenantId}/oauth2/v2.0/token`,
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: form.toString(),
  });
  const answer = (await body.json()) as { access_token?: string };
  await pool.close();
  if (answer.access_token === undefined) throw new Error('no token for the yardstick');
  return answer.access_token;
}

const times = {
  plainPages: [] as Cost[],
  pages: [] as Cost[],
  plainLinks: [] as Cost[],
  links: [] as Cost[],
  linksWithGraph: [] as Cost[],
};
let linkCount = 0;
let server = Number.NaN;

const cost = async (work: () => Promise<unknown>): Promise<Cost> => await costOf(server, work);

async function oneRound(
  measured: MeasuredTenant,
  plain: PlainCopy,
  counts: boolean,
): Promise<void> {
  const plainPages = await plainPagesRound(plain);
  const stored = await productRound(measured, true);
  const pairs = await linksOf(measured, stored.tenantNo);
  linkCount = pairs.length;
  const plainLinks = await plainLinksRound(plain, pairs);
  const withGraph = await productRound(measured, false);
  await forget(measured, stored.tenantNo);
  await forget(measured, withGraph.tenantNo);
  await measured.db.owner.rows('vacuum analyze');
  if (!counts) return;
  times.plainPages.push(plainPages);
  times.pages.push(stored.pages, withGraph.pages);
  times.plainLinks.push(plainLinks);
  times.links.push(stored.links);
  times.linksWithGraph.push(withGraph.links);
}

const wall = (list: readonly Cost[]): number => median(list.map((each) => each.wall));
const busy = (list: readonly Cost[]): number =>
  median(list.map((each) => each.client + each.server));

function report(): void {
  const objects = users + groups;
  const { plainPages, pages, plainLinks, links, linksWithGraph } = times;
  const rate = (amount: number, list: readonly Cost[]): number => Math.round(amount / wall(list));
  const ratio = (list: readonly Cost[], plain: readonly Cost[]): number => wall(plain) / wall(list);
  const line = (
    name: string,
    amount: number,
    list: readonly Cost[],
    plain: readonly Cost[],
  ): object => ({
    name,
    'rows/s': rate(amount, list),
    'median s': round(wall(list)),
    ratio: round(ratio(list, plain), 3),
    'client cpu us/row': round((median(list.map((each) => each.client)) / amount) * 1e6, 1),
    'server cpu us/row': round((median(list.map((each) => each.server)) / amount) * 1e6, 1),
    'ratio of cpu': round(busy(plain) / busy(list), 3),
  });
  console.table([
    line('pages: download + COPY (yardstick)', objects, plainPages, plainPages),
    line('pages: read and stored by a backup', objects, pages, plainPages),
    line('links: COPY (yardstick)', linkCount, plainLinks, plainLinks),
    line('links: stored by a backup', linkCount, links, plainLinks),
    line('links: read and stored by a backup', linkCount, linksWithGraph, plainLinks),
  ]);
  hold(
    `the yardstick reads ${validYardstick} objects/s, else the run is invalid`,
    rate(objects, plainPages),
    rate(objects, plainPages) >= validYardstick,
  );
  hold(
    `pages >= ${goal} x download + COPY`,
    ratio(pages, plainPages),
    ratio(pages, plainPages) >= goal,
  );
  hold(`links >= ${goal} x COPY`, ratio(links, plainLinks), ratio(links, plainLinks) >= goal);
}

printMachine();
const measured = await startMeasuredTenant(
  { users, groups, links: users * 10 },
  { prerender: true },
);
const source = { origin: measured.origin, ca: measured.ca, token: await token(measured) };
const plain = new PlainCopy(source, measured.superUrl);
try {
  const [backend] = await measured.db.owner.rows<{ pid: number }>('select pg_backend_pid() as pid');
  server = serverOf(backend?.pid ?? Number.NaN);
  await oneRound(measured, plain, false);
  await startStatements(measured.db);
  for (let number = 0; number < rounds; number += 1) await oneRound(measured, plain, true);
  console.log(`${users} users, ${groups} groups, ${linkCount} links, ${rounds} rounds`);
  report();
  await printStatements(measured.db);
} finally {
  await plain.close();
  await measured.close();
}
