// A small tenant at two points, and the way from a selection to a stored plan.
import { randomUUID } from 'node:crypto';
import { objectTypes } from '../../shared/catalog/index.ts';
import type { Selection } from '../../shared/model/selection.ts';
import { listCandidates } from '../../shared/repository/comparison-candidates.ts';
import { createComparison } from '../../shared/repository/comparisons.ts';
import type { Transaction } from '../../shared/repository/database.ts';
import * as differences from '../../shared/repository/differences.ts';
import * as identityMap from '../../shared/repository/identity-map.ts';
import * as objectStates from '../../shared/repository/object-states.ts';
import * as planLinks from '../../shared/repository/plan-links.ts';
import * as planSteps from '../../shared/repository/plan-steps.ts';
import * as restorePlans from '../../shared/repository/restore-plans.ts';
import { resolveSelection } from '../../shared/repository/selections.ts';
import { finishPlan } from '../../shared/restore/finish-plan.ts';
import { planLinksSlice } from '../../shared/restore/plan-links-slice.ts';
import { planObjectsSlice } from '../../shared/restore/plan-objects-slice.ts';
import { openPlanRun } from '../../shared/restore/plan-run.ts';
import type { PlanNote, PlanStep } from '../../shared/restore/plan-step.ts';
import { addLink, addObject, addPoint, addVersion } from './points-fixture.ts';

const repository = { differences, identityMap, objectStates, planLinks, planSteps, restorePlans };
const spaces = new Map(objectTypes.map((type) => [type.name, type.space]));
const relationships = objectTypes.flatMap((type) => type.links.map((link) => link.name));
export const captured = Object.fromEntries(
  objectTypes.map((type) => [
    type.name,
    [...type.select, ...type.facets.map((facet) => facet.name)],
  ]),
);

export const id = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
export const userBody = (n: number, extra: object = {}): string =>
  JSON.stringify({
    accountEnabled: true,
    displayName: `User ${n}`,
    id: id(n),
    mailNickname: `user${n}`,
    userPrincipalName: `user${n}@contoso.example`,
    ...extra,
  });
export const groupBody = (n: number, extra: object = {}): string =>
  JSON.stringify({
    displayName: `Group ${n}`,
    id: id(n),
    mailEnabled: false,
    mailNickname: `group${n}`,
    securityEnabled: true,
    ...extra,
  });

export type Keys = Record<number, number>;

/**
 * Point 1 is wanted, point 2 is live. Users: 1 purged, 2 in the recycle bin, 3 live and changed,
 * 4 live only since point 2, 5 unchanged. Groups: 11 purged (1, 2, 5 and a device are members), 12
 * live (1, 2, 5 members; 5 removed since), 13 dynamic with a rule that names user 1. Unit 21 with
 * user 1 in a scoped role. Policy 31 refers to user 1.
 */
export async function build(tx: Transaction): Promise<Keys> {
  await addPoint(tx, 1, captured);
  await addPoint(tx, 2, captured);
  const keys: Keys = {};
  const add = async (n: number, type: string, options: object = {}): Promise<number> => {
    keys[n] = await addObject(tx, type, id(n), options);
    return keys[n];
  };
  for (const n of [1, 2, 3, 4, 5]) await add(n, 'user');
  for (const n of [11, 12, 13]) await add(n, 'group');
  await add(9, 'device');
  const user = (n: number) => ({ key: keys[n]!, type: 'user' });
  await addVersion(tx, { ...user(1), from: 1, to: 2, body: userBody(1) });
  await addVersion(tx, { ...user(2), from: 1, to: 2, body: userBody(2) });
  await addVersion(tx, { ...user(2), from: 2, state: 'softDeleted', body: userBody(2) });
  await addVersion(tx, { ...user(3), from: 1, to: 2, body: userBody(3, { city: 'Oslo' }) });
  await addVersion(tx, { ...user(3), from: 2, body: userBody(3, { jobTitle: 'Clerk' }) });
  await addVersion(tx, { ...user(4), from: 2, body: userBody(4) });
  await addVersion(tx, { ...user(5), from: 1, body: userBody(5) });
  const group = (n: number) => ({ key: keys[n]!, type: 'group' });
  await addVersion(tx, { ...group(11), from: 1, to: 2, body: groupBody(11) });
  await addVersion(tx, { ...group(12), from: 1, body: groupBody(12) });
  const rule = {
    groupTypes: ['DynamicMembership'],
    membershipRule: `user.objectId -in ["${id(1)}"]`,
  };
  await addVersion(tx, { ...group(13), from: 1, body: groupBody(13, rule) });
  for (const target of [1, 2, 5, 9])
    await addLink(tx, 'group.members', keys[11]!, keys[target]!, 1, 2);
  await addLink(tx, 'group.members', keys[12]!, keys[1]!, 1, 2);
  await addLink(tx, 'group.members', keys[12]!, keys[2]!, 1); // dormant at point 2
  await addLink(tx, 'group.members', keys[12]!, keys[5]!, 1, 2);
  await addLink(tx, 'group.members', keys[12]!, keys[4]!, 2);
  await addLink(tx, 'group.owners', keys[11]!, keys[1]!, 1, 2);
  await addLink(tx, 'user.manager', keys[3]!, keys[1]!, 1, 2);
  const unit = await add(21, 'administrativeUnit');
  await addVersion(tx, {
    key: unit,
    type: 'administrativeUnit',
    from: 1,
    body: JSON.stringify({ displayName: 'Unit', id: id(21) }),
  });
  const role = await addObject(tx, 'scopedRoleMembership', 'role-1', {
    space: 'scopedRoleMembership',
    parentKey: unit,
  });
  await addVersion(tx, {
    key: role,
    type: 'scopedRoleMembership',
    from: 1,
    to: 2,
    body: JSON.stringify({ id: 'role-1', roleId: id(99), roleMemberInfo: { id: id(1) } }),
  });
  const policy = await add(31, 'conditionalAccessPolicy', { space: 'conditionalAccessPolicy' });
  await addVersion(tx, { key: policy, type: 'conditionalAccessPolicy', from: 1, body: '{"a":1}' });
  const name = 'conditionalAccessPolicy:conditions.users.includeUsers[]';
  await addLink(tx, name, policy, keys[1]!, 1, undefined, 'embedded');
  return keys;
}

export async function plan(tx: Transaction, selection: Selection, point = 1, livePoint = 2) {
  const planId = randomUUID();
  const comparisonId = randomUUID();
  await createComparison(tx, {
    id: comparisonId,
    operationId: randomUUID(),
    purpose: 'plan',
    fromPoint: livePoint,
    toPoint: point,
    selection: JSON.stringify(selection),
    createdBy: 'test',
  });
  await listCandidates(tx, {
    comparisonId,
    fromPoint: livePoint,
    toPoint: point,
    types: objectTypes.map((type) => type.name),
    relationships,
    selection: await resolveSelection(tx, selection, spaces),
    linkScope: 'either',
  });
  await restorePlans.createPlan(tx, {
    id: planId,
    operationId: randomUUID(),
    comparisonId,
    point,
    selection: JSON.stringify(selection),
    options: '{}',
    requestedBy: 'test',
    lifeHours: 24,
  });
  await restorePlans.changePlan(tx, planId, 'planning', { livePoint });
  const open = async () =>
    await openPlanRun(tx, repository, await restorePlans.getPlan(tx, planId), {
      types: objectTypes,
      livePoint,
      protectedIds: new Set(),
      ...(selection.properties === undefined ? {} : { properties: new Set(selection.properties) }),
    });
  for (let no = await planObjectsSlice(await open()); no !== undefined; ) {
    await restorePlans.changePlan(tx, planId, 'planning', { objectsTo: no });
    no = await planObjectsSlice(await open());
  }
  for (let no = await planLinksSlice(await open()); no !== undefined; ) {
    await restorePlans.changePlan(tx, planId, 'planning', { partsTo: no });
    no = await planLinksSlice(await open());
  }
  const finished = await finishPlan(await open(), new Set(['User.ReadWrite.All']));
  const steps = (await planSteps.listSteps(tx, planId, 0, 1_000)).map(
    (row) => JSON.parse(row.document) as PlanStep,
  );
  const notes = (await planSteps.listNotes(tx, planId, '', 1_000)).map(
    (row) => JSON.parse(row.document) as PlanNote,
  );
  return { planId, finished, steps, notes };
}
