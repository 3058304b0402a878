import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { OperationView } from '../../local/stack/api-client.ts';
import { type Application, startApplication } from './application.ts';

/** The pause of the orchestration between two looks at the lease, and some time to get there. */
const ONE_PAUSE_MS = 15_000 + 5_000;
let app: Application;

beforeAll(async () => {
  app = await startApplication({ users: 50, groups: 10, links: 20, seed: 4 });
});
afterAll(async () => await app.close());

const view = async (id: string): Promise<OperationView> =>
  await app.api.call('admin', 'GET', `/api/operations/${id}`);

test('a backup that waits for the lease of somebody else ends within one pause when canceled', async () => {
  const owner = randomUUID();
  await app.db.owner.rows(
    `with l as (insert into lease (tenant_no, kind, owner, epoch)
       select tenant_no, 'directory', $1, 7 from tenant returning *)
     insert into lease_heartbeat (tenant_no, kind, owner, expires_at)
     select tenant_no, kind, owner, now() + interval '1 hour' from l`,
    [owner],
  );
  const path = `${app.tenant}/backups`;
  const started = await app.api.call<OperationView>('operator', 'POST', path, { mode: 'full' });
  while ((await view(started.id)).status !== 'waiting') await sleep(100);
  const asked = Date.now();
  await app.api.call('operator', 'POST', `/api/operations/${started.id}/cancel`);
  const ended = await app.settled(started.id);
  expect(Date.now() - asked).toBeLessThan(ONE_PAUSE_MS);
  expect(ended).toMatchObject({ status: 'canceled' });
  expect(ended).not.toHaveProperty('waitingFor');
  expect(await app.db.owner.rows('select id from session')).toEqual([]);
  expect(await app.db.owner.rows('select owner, epoch from lease')).toEqual([{ owner, epoch: 7 }]);
  await app.db.owner.rows('delete from lease_heartbeat');
  const next = await app.run('operator', '/backups', { mode: 'full' });
  expect(next).toMatchObject({ status: 'succeeded' });
});
