// What a seeded tenant holds can be written again: nothing in it is beyond what Graph takes.
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  createOnlyProperties,
  readOnlyProperties,
} from '../../local/graph-simulator/schema/property-rules.ts';
import type { JsonObject, ObjectType } from '../../local/graph-simulator/types.ts';
import { problem, type SimulatedTenant, startTenant } from './support/simulated-tenant.ts';

let tenant: SimulatedTenant;

beforeAll(async () => {
  tenant = await startTenant({ seed: { users: 150, groups: 60 } });
});
afterAll(() => tenant.stop());

function writable(type: ObjectType, properties: JsonObject, mode: 'create' | 'update') {
  return Object.fromEntries(
    Object.entries(properties).filter(
      ([name]) =>
        readOnlyProperties[type]?.has(name) !== true &&
        (mode === 'create' || createOnlyProperties[type]?.has(name) !== true),
    ),
  );
}

const stored = (type: ObjectType) =>
  tenant.state.ordered(type).map(({ object, properties }) => ({ id: object.id, properties }));

const isSynced = ({ properties }: { properties: JsonObject }) =>
  properties['onPremisesSyncEnabled'] === true;

test('every cloud user can be patched with its own values, and nothing changes', async () => {
  for (const { id, properties } of stored('user').filter((one) => !isSynced(one))) {
    const { identities: _identities, ...values } = writable('user', properties, 'update');
    // A usage location is not nullable: it can be set, never cleared.
    const { usageLocation, ...others } = values;
    const body = usageLocation === null ? others : values;
    const before = tenant.state.log.sequence;
    const answer = await tenant.patch(`/users/${id}`, body);
    expect(problem(answer), JSON.stringify(body)).toBe('204 undefined: undefined');
    expect(tenant.state.log.sequence, JSON.stringify(body)).toBe(before);
  }
});

test('every cloud user can be created again after its name is free', async () => {
  for (const { id, properties } of stored('user').filter((one) => !isSynced(one))) {
    await tenant.change({ kind: 'purge', id });
    const { identities: _identities, ...body } = writable('user', properties, 'create');
    const passwordProfile = { password: 'Sunny-Day-77' };
    const answer = await tenant.post('/users', { ...body, passwordProfile });
    expect(problem(answer), JSON.stringify(body)).toBe('201 undefined: undefined');
    const made = tenant.state.find(String(answer.body['id']));
    expect(made?.current.properties).toMatchObject(body);
  }
});

test('every cloud group can be created again, and patched', async () => {
  for (const { id, properties } of stored('group').filter((one) => !isSynced(one))) {
    const isMailSecurity =
      properties['mailEnabled'] === true && !String(properties['groupTypes']).includes('Unified');
    if (isMailSecurity) {
      continue;
    }
    const patch = writable('group', properties, 'update');
    const patched = await tenant.patch(`/groups/${id}`, patch);
    expect(problem(patched), JSON.stringify(patch)).toBe('204 undefined: undefined');
    await tenant.change({ kind: 'purge', id });
    const body = writable('group', properties, 'create');
    const answer = await tenant.post('/groups', body);
    expect(problem(answer), JSON.stringify(body)).toBe('201 undefined: undefined');
    const made = tenant.state.find(String(answer.body['id']));
    expect(made?.current.properties).toMatchObject(body);
  }
});

test('every unit and named location can be created again, every policy patched by name', async () => {
  for (const { properties } of stored('administrativeUnit')) {
    const answer = await tenant.post('/directory/administrativeUnits', properties);
    expect(problem(answer), JSON.stringify(properties)).toBe('201 undefined: undefined');
  }
  for (const { properties } of stored('namedLocation')) {
    const body = writable('namedLocation', properties, 'create');
    const answer = await tenant.post('/identity/conditionalAccess/namedLocations', body);
    expect(problem(answer), JSON.stringify(body)).toBe('201 undefined: undefined');
  }
  for (const { id, properties } of stored('conditionalAccessPolicy')) {
    const { conditions: _conditions, ...body } = writable(
      'conditionalAccessPolicy',
      properties,
      'update',
    );
    const answer = await tenant.patch(`/identity/conditionalAccess/policies/${id}`, body);
    expect(problem(answer), JSON.stringify(body)).toBe('204 undefined: undefined');
  }
});
