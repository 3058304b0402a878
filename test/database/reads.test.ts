import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resolveReferences } from '../../shared/repository/references.ts';
import { codeOf, createTestApi, type TestApi, type Who } from '../support/api.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { ids, role, writePeople } from './people-fixture.ts';

const tenantId = '11111111-1111-4111-8111-111111111111';
const base = `/tenants/${tenantId}`;
interface Shown {
  readonly id: string;
  readonly displayName: string | null;
  readonly state: string;
}
interface LinkShown {
  readonly relationship: string;
  readonly object: Shown;
  readonly dormant: boolean;
}
interface Page<Item> {
  readonly value: Item[];
  readonly nextLink?: string;
}

/** Points 1 to 3 are published; point 4 is being written by a session. */
describe('reading a point', () => {
  let test: TestDatabase;
  let api: TestApi;
  let keys: Record<string, number> = {};

  beforeAll(async () => {
    test = await createTestDatabase();
    api = createTestApi(test.database);
    const no = await test.addTenant(tenantId);
    keys = await test.database.withTenant(no, writePeople);
    await test.owner.rows('update tenant set head_point = 3 where tenant_no = $1', [no]);
  });
  afterAll(async () => await test.drop());

  const get = async (path: string, who?: Who) =>
    await api.call('GET', `${base}${path}`, who ? { who } : {});
  const at = (point: number | string, type: string, id: string): string =>
    `/restorePoints/${point}/objects/${type}/${id}`;

  async function search(body: object, point: number | string = 3): Promise<Shown[]> {
    const answer = await api.call('POST', `${base}/restorePoints/${point}/objects/search`, {
      body,
    });
    expect(answer.status, answer.text).toBe(200);
    return (answer.body as Page<Shown>).value;
  }

  const links = async (path: string): Promise<LinkShown[]> => {
    const answer = await get(path);
    expect(answer.status, answer.text).toBe(200);
    return (answer.body as Page<LinkShown>).value;
  };

  it('shows names as they were at each point and nothing that is not published', async () => {
    for (const [point, name] of [
      [1, 'Anna'],
      [2, 'Anna-Maria'],
      ['latest', 'Anna-Maria'],
    ] as const) {
      const { body } = await get(at(point, 'user', ids.anna));
      expect(body).toMatchObject({
        object: { displayName: name },
        properties: { displayName: name },
      });
    }
    expect((await get(at(4, 'user', ids.anna))).status).toBe(404);
    expect((await get(at(1, 'user', ids.again))).status).toBe(404);
    expect((await get(at(2, 'user', ids.cleo))).status).toBe(404);
  });

  it('takes ids in any case and does not take one type for another', async () => {
    expect((await get(at(1, 'user', ids.anna.toUpperCase()))).status).toBe(200);
    expect((await get(at(1, 'group', ids.anna))).status).toBe(404);
    expect((await get(at(3, 'user', ids.stranger))).status).toBe(404);
  });

  it('shows facets and children with the object, and what was not captured', async () => {
    expect((await get(at(1, 'user', ids.anna))).body).toMatchObject({ facets: {} });
    const user = await get(at(2, 'user', ids.anna));
    expect(user.body).toMatchObject({ facets: { customSecurityAttributes: { level: 7 } } });
    const { notCaptured } = user.body as { notCaptured: string[] };
    expect(notCaptured).toContain('jobTitle');
    expect(notCaptured).not.toContain('displayName');
    const unit = await get(at(2, 'administrativeUnit', ids.unit));
    expect(unit.body).toMatchObject({
      children: { scopedRoleMembership: [{ object: { id: `${ids.unit}~${role}` } }] },
    });
    const child = await get(at(2, 'scopedRoleMembership', `${ids.unit}~${role}`));
    expect(child.body).toMatchObject({ object: { type: 'scopedRoleMembership' } });
    expect((await get(at(2, 'scopedRoleMembership', `${ids.team}~${role}`))).status).toBe(404);
  });

  it('gives the stored body byte for byte as view=raw', async () => {
    await test.owner.rows(
      'update object_version set body = $1 where object_key = $2 and to_point > 4',
      ['{"displayName":"Team","big":12345678901234567890,"one":1.0}', keys['team']],
    );
    const raw = await get(`${at(1, 'group', ids.team)}?view=raw`);
    expect(raw.text).toBe('{"displayName":"Team","big":12345678901234567890,"one":1.0}');
    expect((await get(at(1, 'group', ids.team))).text).toContain('12345678901234567890');
  });

  it('shows readers names and no values, unless they were granted', async () => {
    const put = async (principal: string, assignments: object[]) =>
      expect(
        (await api.call('PUT', `/access/${principal}`, { body: { assignments } })).status,
      ).toBe(201);
    await put('ad000000-0000-4000-8000-000000000001', [
      { allTenants: true, roles: ['Backup.Admin'] },
    ]);
    const reader = { oid: 'e0000000-0000-4000-8000-000000000001', roles: ['Backup.Reader'] };
    const granted = { oid: 'e0000000-0000-4000-8000-000000000002', roles: ['Backup.Reader'] };
    await put(reader.oid, [{ tenantId, roles: ['Backup.Reader'] }]);
    await put(granted.oid, [{ tenantId, roles: ['Backup.Reader'], attributeValues: true }]);
    const answer = await get(at(2, 'user', ids.anna), reader);
    expect(answer.body).toMatchObject({
      object: { displayName: 'Anna-Maria' },
      propertyNames: ['displayName', 'id', 'userPrincipalName'],
      facets: { customSecurityAttributes: {} },
    });
    expect(answer.body).not.toHaveProperty('properties');
    expect(answer.text).not.toContain('"level":7');
    const raw = await get(`${at(2, 'user', ids.anna)}?view=raw`, reader);
    expect([raw.status, codeOf(raw)]).toEqual([403, 'roleMissing']);
    expect((await get(at(2, 'user', ids.anna), granted)).body).toHaveProperty('properties');
  });

  it('finds objects by the names of the time, of any case, with no wildcards', async () => {
    const named = async (text: string, point: number) =>
      (await search({ text }, point)).map((found) => found.id);
    expect(await named('CLEO', 1)).toEqual([ids.cleo]);
    expect(await named('cleo', 2)).toEqual([]);
    expect(await named('cleo', 3)).toEqual([ids.again]);
    expect(await named('maria', 1)).toEqual([]);
    expect(await named('maria', 2)).toEqual([ids.anna]);
    expect(await named('%', 1)).toEqual([]);
    expect(await named('a_na', 1)).toEqual([]);
    expect(await named("'; drop table object; --", 1)).toEqual([]);
  });

  it('leaves the recycle bin out of a search unless it is asked for', async () => {
    expect((await search({ types: ['user'] })).map(({ id }) => id)).toEqual([ids.anna, ids.again]);
    const bin = await search({ types: ['user'], filter: { states: ['recycleBin'] } });
    expect(bin).toMatchObject([{ id: ids.bert, state: 'recycleBin', displayName: 'Bert' }]);
    const chosen = await search({ filter: { ids: [ids.team.toUpperCase(), ids.unit] } });
    expect(chosen.map(({ id }) => id)).toEqual([ids.unit, ids.team]);
  });

  it('pages through a search with the same body, at the point of its first page', async () => {
    const path = `${base}/restorePoints/latest/objects/search`;
    const body = { types: ['user', 'group', 'administrativeUnit'], top: 1 };
    const seen: string[] = [];
    let next: string | undefined = path;
    while (next !== undefined) {
      const answer = await api.call('POST', next, { body });
      const { value, nextLink } = answer.body as Page<Shown>;
      expect(answer.body).toMatchObject({ restorePoint: 3 });
      expect(nextLink ?? '').not.toContain('Anna');
      seen.push(...value.map(({ id }) => id));
      next = nextLink;
    }
    expect(seen).toEqual([ids.unit, ids.team, ids.anna, ids.again]);
    const first = await api.call('POST', path, { body });
    const { nextLink } = first.body as { nextLink: string };
    const other = await api.call('POST', nextLink, { body: { ...body, text: 'anna' } });
    expect(codeOf(other)).toBe('invalidParameter');
  });

  it('lists links of the point from both sides, without those that are dormant', async () => {
    const members = async (point: number, more = '') =>
      (await links(`${at(point, 'group', ids.team)}/links?relationship=group.members${more}`)).map(
        ({ object, dormant }) => [object.id, object.state, dormant],
      );
    expect(await members(1)).toEqual([
      [ids.anna, 'live', false],
      [ids.bert, 'live', false],
      [ids.cleo, 'live', false],
    ]);
    expect(await members(2)).toEqual([
      [ids.anna, 'live', false],
      [ids.bert, 'live', false],
      [ids.stranger, 'unknown', false],
    ]);
    expect(await members(3)).toEqual([
      [ids.anna, 'live', false],
      [ids.stranger, 'unknown', false],
    ]);
    expect(await members(3, '&dormant=only')).toEqual([[ids.bert, 'recycleBin', true]]);
    expect(await members(3, '&dormant=include')).toHaveLength(3);
    const incoming = await links(`${at(1, 'user', ids.bert)}/links?direction=incoming`);
    expect(incoming.map(({ relationship, object }) => [relationship, object.displayName])).toEqual([
      ['group.members', 'Team'],
      ['user.manager', 'Anna'],
    ]);
  });

  it('pages through links', async () => {
    const seen: string[] = [];
    let next: string | undefined = `${base}${at(2, 'group', ids.team)}/links?top=1`;
    while (next !== undefined) {
      const { body } = await api.call('GET', next);
      const { value, nextLink } = body as Page<LinkShown>;
      seen.push(...value.map(({ object }) => object.id));
      next = nextLink;
    }
    expect(seen).toEqual([ids.anna, ids.bert, ids.stranger]);
  });

  it('tells the history of an object, its parts and its links, newest first', async () => {
    const { body } = await get(`/objects/user/${ids.anna}/history`);
    expect((body as Page<object>).value).toMatchObject([
      {
        restorePoint: 2,
        change: 'modified',
        properties: ['displayName', 'userPrincipalName'],
        parts: [{ type: 'facet:customSecurityAttributes', change: 'added' }],
      },
      { restorePoint: 1, change: 'added', links: [{ relationship: 'user.manager', added: 1 }] },
    ]);
    const bert = await get(`/objects/user/${ids.bert}/history?top=1`);
    const { value, nextLink } = bert.body as { value: object[]; nextLink: string };
    expect(value).toMatchObject([{ restorePoint: 3, change: 'softDeleted', properties: [] }]);
    const rest = await api.call('GET', nextLink);
    expect(rest.body).toMatchObject({ value: [{ restorePoint: 1, change: 'added' }] });
    const team = await get(`/objects/group/${ids.team}/history`);
    expect((team.body as Page<object>).value).toMatchObject([
      { restorePoint: 2, change: 'unchanged', links: [{ added: 1, removed: 1 }] },
      { restorePoint: 1, change: 'added' },
    ]);
  });

  it('names an id from the point shown, else from the newest version that knew it', async () => {
    const of = async (point: number) =>
      await test.database.withTenant(1, (tx) => resolveReferences(tx, Object.values(keys), point));
    const [one, three] = [await of(1), await of(3)];
    expect(one.get(keys['anna'] ?? 0)).toMatchObject({
      displayName: 'Anna',
      userPrincipalName: 'anna@contoso.example',
      state: 'live',
    });
    expect(three.get(keys['cleo'] ?? 0)).toEqual({
      id: ids.cleo,
      type: 'user',
      displayName: 'Cleo',
      userPrincipalName: 'cleo@contoso.example',
      state: 'gone',
      currentId: ids.again,
    });
    expect(one.get(keys['again'] ?? 0)).toMatchObject({ displayName: 'Cleo', state: 'gone' });
    expect(one.get(keys['stranger'] ?? 0)).toEqual({
      id: ids.stranger,
      type: 'unknown',
      displayName: null,
      state: 'unknown',
    });
    expect(one.get(keys['child'] ?? 0)).toMatchObject({ id: `${ids.unit}~${role}` });
  });
});
