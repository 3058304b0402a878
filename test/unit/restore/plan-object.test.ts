import { randomInt } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalRulesOf, canonicalRulesOfFacet } from '../../../shared/catalog/derive.ts';
import { objectType, objectTypes } from '../../../shared/catalog/index.ts';
import type { ObjectType } from '../../../shared/catalog/object-type.ts';
import type { ObjectState } from '../../../shared/compare/compare-object.ts';
import type { JsonObject } from '../../../shared/json/json-value.ts';
import { parseJson } from '../../../shared/json/parse-json.ts';
import type { ObjectPlanInput, PlanContext } from '../../../shared/restore/object-plan.ts';
import { objectPhases } from '../../../shared/restore/phases.ts';
import { planObject } from '../../../shared/restore/plan-object.ts';
import { permissionsOf } from '../../../shared/restore/plan-permissions.ts';

const oldId = '11111111-1111-4111-8111-111111111111';
const newId = '22222222-2222-4222-8222-222222222222';
const user = objectType('user');
const group = objectType('group');
const facet = user.facets[0];

const json = (value: unknown): JsonObject => parseJson(JSON.stringify(value)) as JsonObject;
const state = (id: string, body: unknown, attributes?: unknown): ObjectState => ({
  id,
  body: json({ id, ...(body as object) }),
  facets: new Map(
    attributes === undefined
      ? []
      : [['customSecurityAttributes', json({ customSecurityAttributes: attributes })]],
  ),
  children: [],
});
const context: PlanContext = {
  rulesOf: (part) =>
    part.startsWith('facet:') && facet !== undefined
      ? canonicalRulesOfFacet(facet)
      : canonicalRulesOf(objectTypes.find((each) => each.name === part) ?? user),
  identity: new Map(),
  phases: objectPhases(objectTypes),
  protectedIds: new Set(),
};
const everything = (type: ObjectType) => (): ReadonlySet<string> =>
  new Set([...type.select, 'customSecurityAttributes']);
const input = (
  type: ObjectType,
  wanted: ObjectState,
  live: ObjectPlanInput['live'],
): ObjectPlanInput => ({
  type,
  key: 1,
  wanted,
  live,
  captured: { wanted: everything(type), live: everything(type) },
});
const alive = (id: string, body: unknown, attributes?: unknown): ObjectPlanInput['live'] => ({
  rung: 'live',
  id,
  state: state(id, body, attributes),
});
const person = {
  accountEnabled: true,
  displayName: 'User 1',
  mailNickname: 'user0001',
  userPrincipalName: 'user0001@contoso.example',
  createdDateTime: '2026-01-01T00:00:00Z',
  businessPhones: ['+1 425 555 0100'],
};

describe('a live object', () => {
  it('receives one PATCH with what differs, and [] or null for what was empty', () => {
    const plan = planObject(
      input(
        user,
        state(oldId, { displayName: 'Old', city: 'Oslo' }),
        alive(oldId, { displayName: 'New', businessPhones: ['1'], jobTitle: 'x', city: 'Oslo' }),
      ),
      context,
    );
    expect(plan.steps.map((step) => step.request)).toEqual([
      {
        method: 'PATCH',
        path: `/users/${oldId}`,
        apiVersion: 'v1.0',
        service: 'identity',
        body: { displayName: 'Old', businessPhones: [], jobTitle: null },
      },
    ]);
    expect(plan.steps[0]?.properties).toContainEqual({
      name: 'displayName',
      before: 'New',
      after: 'Old',
    });
  });

  it('that equals the point receives nothing, even under a new id', () => {
    const same = { ...person, createdDateTime: '2026-05-05T00:00:00Z', securityIdentifier: 'S-2' };
    const live = alive(newId, same);
    const mapped = { ...context, identity: new Map([[oldId, newId]]) };
    expect(planObject(input(user, state(oldId, person), live), mapped)).toEqual({
      rung: 'live',
      steps: [],
      notes: [],
    });
  });

  it('keeps what the point did not capture', () => {
    const given = {
      ...input(user, state(oldId, {}), alive(oldId, { city: 'Oslo', state: 'Oslo' })),
      captured: { wanted: () => new Set(['city']), live: everything(user) },
    };
    expect(planObject(given, context).steps[0]?.request.body).toEqual({ city: null });
  });

  it('says which differing properties cannot be written', () => {
    const plan = planObject(
      input(group, state(oldId, { isAssignableToRole: true, mail: 'a' }), alive(oldId, {})),
      context,
    );
    expect(plan.steps).toEqual([]);
    expect(plan.notes.map((note) => [note.kind, note.property])).toEqual([
      ['notRestorable', 'isAssignableToRole'],
      ['notRestorable', 'mail'],
    ]);
  });

  it('that is protected gains values and loses none', () => {
    const plan = planObject(
      input(
        user,
        state(oldId, { accountEnabled: false, city: 'Oslo' }),
        alive(oldId, { accountEnabled: true }),
      ),
      { ...context, protectedIds: new Set([oldId]) },
    );
    expect(plan.steps[0]?.request.body).toEqual({ city: 'Oslo' });
    expect(plan.notes).toMatchObject([{ kind: 'protected', property: 'accountEnabled' }]);
  });

  it('that is synchronised from on premises is reported and not written', () => {
    const plan = planObject(
      input(
        user,
        state(oldId, { onPremisesSyncEnabled: true, city: 'Oslo' }),
        alive(oldId, { onPremisesSyncEnabled: true }),
      ),
      context,
    );
    expect(plan).toMatchObject({ rung: 'live', steps: [], notes: [{ kind: 'notRestorable' }] });
  });

  it('gets changed security attributes in the form Graph wants', () => {
    const live = alive(oldId, {}, { Sales: { Level: 2, Gone: ['a'], Same: 'x' } });
    const wanted = state(oldId, {}, { Sales: { Level: 1, Same: 'x' }, Project: { Names: ['p'] } });
    const [step] = planObject(input(user, wanted, live), context).steps;
    expect(step?.request.body).toEqual({
      customSecurityAttributes: {
        Project: {
          '@odata.type': '#microsoft.graph.customSecurityAttributeValue',
          'Names@odata.type': '#Collection(String)',
          Names: ['p'],
        },
        Sales: {
          '@odata.type': '#microsoft.graph.customSecurityAttributeValue',
          Gone: [],
          'Gone@odata.type': '#Collection(String)',
          Level: 1,
          'Level@odata.type': '#Int32',
        },
      },
    });
    expect(step && permissionsOf(step, user, wanted.body)).toEqual([
      'CustomSecAttributeAssignment.ReadWrite.All',
    ]);
  });
});

describe('an object in the recycle bin', () => {
  it('is taken back and then patched', () => {
    const plan = planObject(
      input(user, state(oldId, person), {
        rung: 'recycleBin',
        id: oldId,
        state: state(oldId, { ...person, displayName: 'Changed' }),
      }),
      context,
    );
    expect(plan.steps.map((step) => [step.kind, step.request.path, step.request.body])).toEqual([
      ['undelete', `/directory/deletedItems/${oldId}/restore`, undefined],
      ['patch', `/users/${oldId}`, { displayName: 'User 1' }],
    ]);
    expect(plan.steps[0]!.phase).toBeLessThan(plan.steps[1]!.phase);
  });
});

describe('an object that is gone', () => {
  it('is created disabled with a password from the vault and enabled at the end', () => {
    const plan = planObject(input(user, state(oldId, person), { rung: 'gone' }), context);
    const [create, enable] = plan.steps;
    expect(create).toMatchObject({ kind: 'create', secret: `password:${oldId}`, needs: [] });
    expect(create?.request.body).toEqual({
      accountEnabled: false,
      displayName: 'User 1',
      mailNickname: 'user0001',
      userPrincipalName: 'user0001@contoso.example',
      businessPhones: ['+1 425 555 0100'],
      passwordProfile: { forceChangePasswordNextSignIn: true },
    });
    expect(enable).toMatchObject({ kind: 'patch', phase: 900, needs: [oldId] });
    expect(enable?.request.body).toEqual({ accountEnabled: true });
    expect(plan.notes.every((note) => note.kind === 'lost')).toBe(true);
  });

  it('with a membership rule is created with the rule paused', () => {
    const body = {
      displayName: 'Sales',
      mailEnabled: false,
      mailNickname: 'sales',
      securityEnabled: true,
      groupTypes: ['DynamicMembership'],
      membershipRule: '(user.department -eq "Sales")',
      membershipRuleProcessingState: 'On',
    };
    const plan = planObject(input(group, state(oldId, body), { rung: 'gone' }), context);
    expect(plan.steps.map((step) => step.request.body)).toEqual([
      { ...body, membershipRuleProcessingState: 'Paused' },
      { membershipRuleProcessingState: 'On' },
    ]);
  });

  it.each([
    ['was synchronised', { ...person, onPremisesSyncEnabled: true }, user],
    [
      'was a distribution list',
      { displayName: 'x', mailEnabled: true, mailNickname: 'x', securityEnabled: false },
      group,
    ],
    ['lacks a property that creating needs', { displayName: 'x' }, user],
  ] as const)('stops when it %s', (_, body, type) => {
    const plan = planObject(input(type, state(oldId, body), { rung: 'gone' }), context);
    expect(plan).toMatchObject({ rung: 'stopped', steps: [], notes: [{ kind: 'stopped' }] });
  });

  it('of a type that is only captured is reported', () => {
    const policy = objectType('conditionalAccessPolicy');
    const plan = planObject(input(policy, state(oldId, {}), { rung: 'gone' }), context);
    expect(plan).toMatchObject({ rung: 'stopped', steps: [], notes: [{ kind: 'notRestorable' }] });
  });
});

describe('any two states of a user', () => {
  const seed = randomInt(2 ** 31);
  const bodies = fc.dictionary(
    fc.constantFrom('displayName', 'city', 'businessPhones', 'otherMails', 'mail', 'jobTitle'),
    fc.oneof(fc.string(), fc.uniqueArray(fc.string({ minLength: 1 }))),
  );
  it(`meet after the planned PATCH, and the plan is deterministic (seed ${seed})`, () => {
    fc.assert(
      fc.property(bodies, bodies, (before, after) => {
        const given = input(user, state(oldId, after), alive(oldId, before));
        const plan = planObject(given, context);
        expect(planObject(given, context)).toEqual(plan);
        const patched = { ...before, ...(plan.steps[0]?.request.body as object | undefined) };
        const again = input(user, state(oldId, after), alive(oldId, patched));
        expect(planObject(again, context).steps).toEqual([]);
      }),
      { seed },
    );
  });
});
