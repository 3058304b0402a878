import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { codeOf, createTestApi, type TestApi } from '../support/api.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

const tenantId = '11111111-1111-4111-8111-111111111111';
const base = `/tenants/${tenantId}/restorePoints`;

interface Point {
  readonly number: number;
  readonly label?: string;
  readonly hold: boolean;
}

/** Point n has its window end at n o'clock; 2 is partial, 4 suspicious, 1 expired, 6 unpublished. */
describe('restore points', () => {
  let test: TestDatabase;
  let api: TestApi;
  let no = 0;

  beforeAll(async () => {
    test = await createTestDatabase();
    api = createTestApi(test.database);
    no = await test.addTenant(tenantId);
    for (let number = 1; number <= 6; number += 1) {
      await test.owner.rows(
        `insert into restore_point (tenant_no, number, session_id, window_start, window_end, state,
           suspicious, expired_at, reasons, counts)
         values ($1, $2, gen_random_uuid(), $3::timestamptz - interval '10 min', $3, $4, $5, $6, $7,
           '{"user":{"live":3,"softDeleted":0,"added":0,"changed":0,"removed":0}}')`,
        [
          no,
          number,
          `2026-11-24T0${number}:00:00.123456Z`,
          number === 2 ? 'partial' : 'complete',
          number === 4,
          number === 1 ? '2026-11-24T08:00:00Z' : null,
          number === 2 ? '[{"code":"forbidden","collection":"group","detail":"missing"}]' : '[]',
        ],
      );
    }
    await test.owner.rows('update tenant set head_point = 5 where tenant_no = $1', [no]);
    await test.owner.rows(
      `insert into collection_state (tenant_no, point, collection, state, as_of, catalogue_revision,
         captured, statistics) values ($1, 5, 'user', 'read', '2026-11-24T05:00:00Z', 'r', '{id}',
         '{"requests":12}')`,
      [no],
    );
  });
  afterAll(async () => await test.drop());

  const numbers = async (query = ''): Promise<number[]> => {
    const { body } = await api.call('GET', `${base}${query}`);
    return (body as { value: Point[] }).value.map(({ number }) => number);
  };
  const numberOf = async (selector: string): Promise<number | string> => {
    const answer = await api.call('GET', `${base}/${encodeURIComponent(selector)}`);
    return answer.status === 200 ? (answer.body as Point).number : codeOf(answer);
  };

  it('are listed newest first, without expired and unpublished ones', async () => {
    expect(await numbers()).toEqual([5, 4, 3, 2]);
    expect(await numbers('?state=partial')).toEqual([2]);
    expect(await numbers('?from=2026-11-24T03:00:00Z&to=2026-11-24T05:00:00Z')).toEqual([4, 3]);
  });

  it('are paged', async () => {
    const first = await api.call('GET', `${base}?top=3`);
    const { nextLink } = first.body as { nextLink: string };
    const second = await api.call('GET', nextLink);
    expect(second.body).toMatchObject({ value: [{ number: 2 }] });
  });

  it('are found by number, newest, newest good one and time', async () => {
    expect(await numberOf('3')).toBe(3);
    expect(await numberOf('latest')).toBe(5);
    await test.owner.rows('update restore_point set suspicious = true where number = 5');
    expect(await numberOf('latest')).toBe(5);
    expect(await numberOf('latestGood')).toBe(3);
    await test.owner.rows('update restore_point set suspicious = false where number = 5');
    expect(await numberOf('latestGood')).toBe(5);
    expect(await numberOf('asOf=2026-11-24T03:30:00Z')).toBe(3);
    expect(await numberOf('asOf=2026-11-24T03:00:00.123Z')).toBe(3);
    expect(await numberOf('asOf=2026-11-24T03:00:00.122Z')).toBe(2);
    expect(await numberOf('asOf=2026-11-24T01:30:00Z')).toBe('notFound');
    expect(await numberOf('1')).toBe('pointExpired');
    expect(await numberOf('6')).toBe('notFound');
  });

  it('tell what each collection is worth', async () => {
    const { body } = await api.call('GET', `${base}/latest`);
    expect(body).toMatchObject({
      number: 5,
      windowEndDateTime: '2026-11-24T05:00:00.123Z',
      counts: { user: { live: 3 } },
      collections: [
        {
          collection: 'user',
          state: 'read',
          asOfDateTime: '2026-11-24T05:00:00.000Z',
          captured: ['id'],
          statistics: { requests: 12 },
        },
      ],
    });
    const partial = await api.call('GET', `${base}/2`);
    expect(partial.body).toMatchObject({ state: 'partial', reasons: [{ code: 'forbidden' }] });
  });

  it('are labelled and held, one without the other', async () => {
    const patch = async (body: object) => (await api.call('PATCH', `${base}/3`, { body })).body;
    expect(await patch({ label: ' Before the move ' })).toMatchObject({
      label: 'Before the move',
      hold: false,
    });
    expect(await patch({ hold: true })).toMatchObject({ label: 'Before the move', hold: true });
    const removed = (await patch({ label: null })) as Point;
    expect(removed).not.toHaveProperty('label');
    expect(removed.hold).toBe(true);
    const events = await api.call('GET', '/auditEvents?top=1');
    expect(events.body).toMatchObject({
      value: [{ action: 'restorePoint.update', detail: { restorePoint: 3, changed: ['label'] } }],
    });
  });

  it('that are suspicious are planned from by number only, until somebody acknowledges them', async () => {
    const plan = async (restorePoint: number | string): Promise<string> => {
      const body = { restorePoint, selection: { all: true } };
      const who = { roles: ['Backup.Operator', 'Restore.Operator'] };
      const path = `/tenants/${tenantId}/restorePlans`;
      const answer = await api.call('POST', path, { who, body });
      return answer.status === 202 ? 'made' : codeOf(answer);
    };
    const time = 'asOf=2026-11-24T04:30:00Z';
    expect(await numberOf(time)).toBe(4);
    expect(await plan(time)).toBe('pointMustBeExplicit');
    await test.owner.rows('update tenant set head_point = 4 where tenant_no = $1', [no]);
    for (const selector of ['latest', time, 'asOf=2027-01-01T00:00:00Z']) {
      expect(await plan(selector), selector).toBe('pointMustBeExplicit');
    }
    for (const selector of ['latestGood', 'asOf=2026-11-24T03:30:00Z', 4, '4']) {
      expect(await plan(selector), String(selector)).toBe('made');
    }
    const acknowledged = async (at: string | null) =>
      await test.owner.rows(
        'update restore_point set acknowledged_at = $1, acknowledged_by = $2 where number = 4',
        [at, at === null ? null : 'test'],
      );
    await acknowledged('2026-11-24T08:00:00Z');
    expect(await plan(time)).toBe('made');
    await acknowledged(null);
    await test.owner.rows('update tenant set head_point = 5 where tenant_no = $1', [no]);
  });

  it('are acknowledged once, with a reason that the audit event keeps', async () => {
    const acknowledge = async (reason: string) =>
      await api.call('POST', `${base}/4/acknowledge`, { body: { reason } });
    expect((await acknowledge('planned clean-up')).body).toMatchObject({
      suspicious: true,
      acknowledged: { reason: 'planned clean-up', by: 'ad000000-0000-4000-8000-000000000001' },
    });
    expect((await acknowledge('again')).body).toMatchObject({
      acknowledged: { reason: 'planned clean-up' },
    });
    const events = await api.call('GET', '/auditEvents?top=2');
    expect(
      (events.body as { value: { reason: string }[] }).value.map(({ reason }) => reason),
    ).toEqual(['again', 'planned clean-up']);
  });

  it('come from sessions that show what they did in each collection', async () => {
    const [committed, running] = [randomUUID(), randomUUID()];
    await test.owner.rows(
      `insert into session (tenant_no, id, operation_id, epoch, point, state, mode, started_at,
         ended_at, end_reason)
       values ($1, $2, gen_random_uuid(), 1, 5, 'committed', 'full', '2026-11-24T04:50:00.5001Z',
         '2026-11-24T05:00:00Z', null),
       ($1, $3, gen_random_uuid(), 2, 6, 'open', 'incremental', '2026-11-24T05:50:00Z', null, null)`,
      [no, committed, running],
    );
    await test.owner.rows(
      `insert into session_task (tenant_no, session_id, collection, mode, tracked, phase, round,
         failures, statistics)
       values ($1, $2, 'user', 'full', true, 'done', 2, 1, '{"requests":12,"units":24}')`,
      [no, committed],
    );
    const path = `/tenants/${tenantId}/sessions`;
    const first = await api.call('GET', `${path}?top=1`);
    const { value, nextLink } = first.body as { value: object[]; nextLink: string };
    expect(value).toMatchObject([{ id: running, state: 'open', mode: 'incremental' }]);
    expect(value[0]).not.toHaveProperty('restorePoint');
    const second = await api.call('GET', nextLink);
    expect(second.body).toMatchObject({ value: [{ id: committed, restorePoint: 5 }] });
    const shown = await api.call('GET', `${path}/${committed}`);
    expect(shown.body).toMatchObject({
      startedDateTime: '2026-11-24T04:50:00.500Z',
      collections: [
        {
          collection: 'user',
          phase: 'done',
          rounds: 2,
          failures: 1,
          statistics: { requests: 12, units: 24 },
        },
      ],
    });
  });
});
