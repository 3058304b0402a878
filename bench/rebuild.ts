/**
 * Copies 100,000 objects with 1,000,000 links to a folder and rebuilds an empty database from it. The
 * yardstick beside it is what the server needs to fill the same tables from themselves.
 */
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { startPostgres } from '../local/postgres.ts';
import { removePostgres } from '../local/postgres-folders.ts';
import { createLocalKey } from '../shared/encryption/local-key.ts';
import { chainParts } from '../shared/log-repository/chain-parts.ts';
import { openLogStore } from '../shared/log-repository/open-log-store.ts';
import { systemClock } from '../shared/model/clock.ts';
import { copyTables } from '../shared/repository/copy-tables.ts';
import { Secret } from '../shared/settings/secret.ts';
import { defaultCopyLimits } from '../shared/tenant-backup/copy-context.ts';
import { copyTenantSlice } from '../shared/tenant-backup/copy-slice.ts';
import { rebuildTenant } from '../shared/tenant-backup/rebuild-tenant.ts';
import { createTestDatabase, type TestDatabase } from '../test/support/database.ts';
import { hold, printMachine, round, seconds } from './support/figures.ts';

const factor = Number(process.env['BENCH_SCALE'] ?? 1);
const objects = 100_000 * factor;
const links = 1_000_000 * factor;
const goalSeconds = 30 * 60;
const tenantId = 'c0117050-0000-4000-8000-000000000002';

/** Two points: all objects, of which one in ten changed. Bodies have about 1.5 KB. */
async function fillTenant(db: TestDatabase): Promise<number> {
  const no = await db.addTenant(tenantId);
  await db.owner.rows(
    `insert into object (tenant_no, key, space, type, object_id)
     select $1, n, 'directory', 'user', md5(n::text)::uuid::text from generate_series(1, $2::int) n`,
    [no, objects],
  );
  const body = `format('{"displayName":"User %s","id":"%s","note":"%s"}', n, md5(n::text),
    (select string_agg(md5(n::text || '-' || k), '') from generate_series(1, 44) k))`;
  await db.owner.rows(
    `insert into object_version (tenant_no, object_key, type, state, from_point, to_point, hash,
       label, search, body)
     select $1, n, 'user', 'live', point, case when point = 1 and n % 10 = 0 then 2
       else 2147483647 end, sha256((${body} || point)::bytea), 'User ' || n, 'user ' || n,
       ${body}::json
     from generate_series(1, $2::int) n, generate_series(1, 2) point where point = 1 or n % 10 = 0`,
    [no, objects],
  );
  await db.owner.rows(
    `insert into link (tenant_no, relationship, kind, source, target, from_point)
     select $1, 'group.members', 'relation', 1 + n % 1000, 1 + n / 1000 + (n % 1000) * 7 % 1000, 1
     from generate_series(0, $2::int - 1) n on conflict do nothing`,
    [no, links],
  );
  for (const point of [1, 2]) {
    await db.owner.rows(
      `insert into restore_point (tenant_no, number, session_id, window_start, window_end, state,
         digests)
       select $1, $2, gen_random_uuid(), now(), now(), 'complete', json_build_object('user',
         (select encode(sha256(string_agg(hash, ''::bytea order by hash)), 'hex')
          from object_version where tenant_no = $1 and from_point <= $2 and to_point > $2))::text`,
      [no, point],
    );
  }
  await db.owner.rows('update tenant set head_point = 2 where tenant_no = $1', [no]);
  await db.owner.rows('analyze object, object_version, link');
  return no;
}

async function yardstick(db: TestDatabase): Promise<void> {
  for (const table of ['object', 'object_version', 'link']) {
    await db.owner.rows(`create unlogged table plain_${table} (like ${table} including indexes)`);
    await db.owner.rows(`insert into plain_${table} select * from ${table}`);
  }
}

printMachine();
const folder = await mkdtemp(path.join(tmpdir(), 'rebuild-bench-'));
await chmod(folder, 0o755);
const [dataDir, copies] = [path.join(folder, 'postgres'), path.join(folder, 'copies')];
await mkdir(copies);
const postgres = await startPostgres({ dataDir });
const source = await createTestDatabase(postgres);
const target = await createTestDatabase(postgres);
try {
  const tenantNo = await fillTenant(source);
  const place = {
    store: openLogStore(new Secret(pathToFileURL(copies).href)),
    keys: createLocalKey(randomBytes(32)),
    chain: chainParts,
  };
  const copying = await seconds(async () => {
    const context = {
      ...place,
      tenant: { tenantNo, tenantId },
      ...{ database: source.database, tables: copyTables, clock: systemClock },
      limits: defaultCopyLimits,
      reached: () => undefined,
    };
    for (let state = ''; state !== 'copied'; ) {
      state = (await copyTenantSlice(context, new Date(Date.now() + 60_000))).state;
    }
  });
  let bytes = 0;
  for await (const blob of place.store.list('')) bytes += blob.bytes;
  let lines: Readonly<Record<string, number>> = {};
  const rebuilding = await seconds(async () => {
    const context = { ...place, database: target.database, tables: copyTables };
    lines = (await rebuildTenant(context, tenantId)).lines;
  });
  const plain = await seconds(() => yardstick(target));
  console.table([
    {
      objects: lines['object'],
      versions: lines['version'],
      links: lines['link'],
      'MiB stored': round(bytes / 2 ** 20, 1),
      'seconds to copy': round(copying, 1),
      'seconds to rebuild': round(rebuilding, 1),
      'seconds of the yardstick': round(plain, 1),
      'MiB peak': round(process.resourceUsage().maxRSS / 1024, 0),
    },
  ]);
  hold('seconds to rebuild < 1800', rebuilding, rebuilding < goalSeconds);
} finally {
  await source.drop();
  await target.drop();
  await postgres.stop();
  removePostgres(dataDir);
  await rm(folder, { recursive: true, force: true });
}
