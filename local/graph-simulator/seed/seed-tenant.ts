// Fills a tenant with a determined population: the same plan gives the same objects, ids and links.
// Nothing here knows how a tenant stores or serves them.
import type { SeedTarget } from '../types.ts';
import { idOf } from './dice.ts';
import { groupProperties, isDynamicGroup, kindOfGroup } from './group-properties.ts';
import { groupSizes, memberNumbers } from './memberships.ts';
import { nastyNames } from './nasty-values.ts';
import { seedPolicies } from './policies.ts';
import { seedRoles } from './roles.ts';
import { seedUnits } from './units.ts';
import { type UserContext, userProperties } from './user-properties.ts';

export type SeedPlan = {
  /** Live users, at least 50. */
  readonly users: number;
  /** Live groups; one for five users unless given. */
  readonly groups?: number;
  /** Group memberships of users; about ten per user unless given. */
  readonly links?: number;
  readonly administrativeUnits?: number;
  readonly policies?: number;
  readonly namedLocations?: number;
  readonly seed?: number;
  /** Names and values that break careless code; on unless given. */
  readonly nasty?: boolean;
};

export type SeedCounts = {
  readonly users: number;
  readonly groups: number;
  readonly administrativeUnits: number;
  readonly policies: number;
  readonly namedLocations: number;
  readonly deletedUsers: number;
  readonly deletedGroups: number;
  readonly links: number;
};

/** The tenant `npm start` shows. */
export const samplePlan: SeedPlan = { users: 2_000, groups: 400 };

type FullPlan = Required<SeedPlan> & {
  readonly context: UserContext;
  /** Id of the n-th live user at place n: a million links name them. */
  readonly userIds: readonly string[];
  readonly deletedUsers: number;
  readonly deletedGroups: number;
};

const DOMAIN = 'contoso.example';
const INITIAL_DOMAIN = 'contoso.onmicrosoft.com';
const SERVICE_PRINCIPALS = 5;
const DEVICES = 10;
const DAY_MS = 86_400_000;

/** Fills `target` and finishes it. */
export function seedTenant(target: SeedTarget, plan: SeedPlan): SeedCounts {
  const full = complete(plan);
  target.setDisplayName('Contoso');
  target.setDomains([INITIAL_DOMAIN, DOMAIN, 'fabrikam.example']);
  seedUsers(target, full);
  seedRoles(target, full.seed);
  seedOthers(target, full);
  seedGroups(target, full);
  const links = seedManagers(target, full) + seedMembers(target, full) + seedOwners(target, full);
  const inUnits = seedUnits(target, {
    ...full,
    units: full.administrativeUnits,
    devices: DEVICES,
  });
  seedPolicies(target, full);
  seedDeletedUnit(target, full);
  target.finish();
  const { users, groups, administrativeUnits, policies, namedLocations } = full;
  const { deletedUsers, deletedGroups } = full;
  return {
    users,
    groups,
    administrativeUnits,
    policies,
    namedLocations,
    deletedUsers,
    deletedGroups,
    links: links + inUnits,
  };
}

function complete(plan: SeedPlan): FullPlan {
  if (!Number.isInteger(plan.users) || plan.users < 50) {
    throw new Error(`a seeded tenant has at least 50 users, not ${plan.users}`);
  }
  const groups = plan.groups ?? Math.floor(plan.users / 5);
  if (!Number.isInteger(groups) || groups < 10) {
    throw new Error(`a seeded tenant has at least 10 groups, not ${groups}`);
  }
  const seed = plan.seed ?? 1;
  const defaults = {
    links: plan.users * 10,
    administrativeUnits: Math.max(5, Math.floor(plan.users / 1_000)),
    policies: Math.min(60, Math.max(12, Math.floor(plan.users / 500))),
    namedLocations: Math.min(30, Math.max(6, Math.floor(plan.users / 1_000))),
    nasty: true,
  };
  return {
    ...defaults,
    ...plan,
    groups,
    seed,
    userIds: Array.from({ length: plan.users + 1 }, (_, n) => idOf(seed, 'user', n)),
    deletedUsers: Math.max(3, Math.floor(plan.users / 200)),
    deletedGroups: Math.max(2, Math.floor(groups / 100)),
    context: {
      seed,
      domain: DOMAIN,
      initialDomain: INITIAL_DOMAIN,
      digits: Math.max(4, String(plan.users).length),
    },
  };
}

function userId(plan: FullPlan, n: number): string {
  return plan.userIds[n] ?? '';
}

function seedUsers(target: SeedTarget, plan: FullPlan): void {
  const firstNasty = plan.nasty ? Math.max(1, plan.users - nastyNames.length + 1) : Infinity;
  for (let n = 1; n <= plan.users; n += 1) {
    const nasty = n >= firstNasty ? n - firstNasty : undefined;
    target.addObject('user', userId(plan, n), userProperties(plan.context, n, nasty));
  }
  for (let n = 1; n <= plan.deletedUsers; n += 1) {
    const properties = userProperties(plan.context, plan.users + n);
    target.addObject('user', idOf(plan.seed, 'deletedUser', n), properties, deletedAt(target, n));
  }
}

function seedGroups(target: SeedTarget, plan: FullPlan): void {
  const firstNasty = plan.nasty ? Math.max(1, plan.groups - 7) : Infinity;
  for (let n = 1; n <= plan.groups; n += 1) {
    const nasty = n >= firstNasty ? n - firstNasty : undefined;
    target.addObject('group', idOf(plan.seed, 'group', n), groupProperties(plan.context, n, nasty));
  }
  for (let n = 1; n <= plan.deletedGroups; n += 1) {
    const properties = groupProperties(plan.context, plan.groups + n);
    target.addObject('group', idOf(plan.seed, 'deletedGroup', n), properties, deletedAt(target, n));
  }
}

/** Deleted 1 to 25 days before the tenant's clock: all still restorable. */
function deletedAt(target: SeedTarget, n: number): string {
  return new Date(target.now - ((n % 25) + 1) * DAY_MS).toISOString();
}

function seedOthers(target: SeedTarget, { seed }: FullPlan): void {
  for (let n = 1; n <= SERVICE_PRINCIPALS; n += 1) {
    target.addObject('servicePrincipal', idOf(seed, 'servicePrincipal', n), {
      accountEnabled: true,
      appId: idOf(seed, 'application', n),
      displayName: `Application ${n}`,
      appDisplayName: `Application ${n}`,
      servicePrincipalType: n === 1 ? 'ManagedIdentity' : 'Application',
    });
  }
  for (let n = 1; n <= DEVICES; n += 1) {
    target.addObject('device', idOf(seed, 'device', n), {
      accountEnabled: n !== 3,
      deviceId: idOf(seed, 'device', 1_000 + n),
      displayName: `DEVICE-${String(n).padStart(4, '0')}`,
      operatingSystem: 'Windows',
      operatingSystemVersion: '10.0.26100',
    });
  }
}

/** A tree with eight reports each; every seventh user has no manager. */
function seedManagers(target: SeedTarget, plan: FullPlan): number {
  let links = 0;
  for (let n = 2; n <= plan.users; n += 1) {
    if (n % 7 === 0) continue;
    const manager = Math.floor((n - 2) / 8) + 1;
    target.addLink('manager', userId(plan, n), userId(plan, manager));
    links += 1;
  }
  return links;
}

function seedMembers(target: SeedTarget, plan: FullPlan): number {
  const { seed, users, groups } = plan;
  const sizes = groupSizes(seed, groups, users, plan.links);
  let links = 0;
  sizes.forEach((size, index) => {
    const groupId = idOf(seed, 'group', index + 1);
    for (const number of memberNumbers(seed, index + 1, size, users)) {
      target.addLink('members', groupId, userId(plan, number));
    }
    links += size + addOtherMembers(target, plan, index + 1);
  });
  return links;
}

/**
 * Some groups contain groups with a higher number (so nesting has no cycles), applications, devices
 * or a user who is in the recycle bin: that link is kept and shown by nobody.
 */
function addOtherMembers(target: SeedTarget, plan: FullPlan, n: number): number {
  if (isDynamicGroup(n) || kindOfGroup(n) === 'hiddenMembership') return 0;
  const { seed, groups } = plan;
  const groupId = idOf(seed, 'group', n);
  const others: string[] = [];
  if (n % 10 === 5 && n + 1 <= groups && kindOfGroup(n) === 'security') {
    others.push(idOf(seed, 'group', n + 1));
    if (n + 11 <= groups) others.push(idOf(seed, 'group', n + 11));
  }
  if (n % 40 === 15) others.push(idOf(seed, 'servicePrincipal', (n % SERVICE_PRINCIPALS) + 1));
  if (n % 40 === 31) others.push(idOf(seed, 'device', (n % DEVICES) + 1));
  if (n % 30 === 12) others.push(idOf(seed, 'deletedUser', (n % plan.deletedUsers) + 1));
  for (const other of others) target.addLink('members', groupId, other);
  return others.length;
}

/** Usually one or two owners; group 11 has 25, every sixth none, some an application. */
function seedOwners(target: SeedTarget, plan: FullPlan): number {
  const { seed, users, groups } = plan;
  let links = 0;
  for (let n = 1; n <= groups; n += 1) {
    const count = n === 11 ? 25 : n % 6 === 0 ? 0 : (n % 3) + 1;
    const groupId = idOf(seed, 'group', n);
    for (const number of memberNumbers(seed, 2_000_000 + n, count, users)) {
      target.addLink('owners', groupId, userId(plan, number));
    }
    if (n % 25 === 7) target.addLink('owners', groupId, idOf(seed, 'servicePrincipal', 2));
    links += count + (n % 25 === 7 ? 1 : 0);
  }
  return links;
}

function seedDeletedUnit(target: SeedTarget, { seed }: FullPlan): void {
  target.addObject(
    'administrativeUnit',
    idOf(seed, 'deletedUnit', 1),
    { displayName: 'Unit deleted', description: null },
    deletedAt(target, 1),
  );
}
