// Seeded administrative units with users, groups and devices as members, and administrators whose
// role holds in one unit only.
import type { SeedTarget } from '../types.ts';
import { idOf } from './dice.ts';
import { memberNumbers } from './memberships.ts';
import { nastyNames } from './nasty-values.ts';
import { roleTemplates } from './roles.ts';
import type { UserContext } from './user-properties.ts';
import { displayNameOf } from './user-properties.ts';

export type UnitPlan = {
  readonly context: UserContext;
  readonly users: number;
  readonly groups: number;
  readonly units: number;
  readonly devices: number;
  readonly nasty: boolean;
};

/** Roles that can be given in a unit: template index 1 and up; Global Administrator cannot. */
const FIRST_SCOPABLE_ROLE = 1;

/** Returns the number of links it made. */
export function seedUnits(target: SeedTarget, plan: UnitPlan): number {
  let links = 0;
  for (let n = 1; n <= plan.units; n += 1) {
    target.addObject('administrativeUnit', idOf(plan.context.seed, 'unit', n), unit(plan, n));
    links += addMembers(target, plan, n);
    addScopedRoles(target, plan, n);
  }
  return links;
}

function unit(plan: UnitPlan, n: number) {
  const name = plan.nasty && n === plan.units ? nastyNames[13] : undefined;
  return {
    displayName: name ?? `Unit ${String(n).padStart(3, '0')}`,
    ...(n % 3 === 0 ? {} : { description: n % 3 === 1 ? `Region ${n}` : null }),
    ...(n % 4 === 3 ? { visibility: 'HiddenMembership' } : {}),
    ...(n % 5 === 4
      ? {
          membershipType: 'Dynamic',
          membershipRule: '(user.country -eq "NO")',
          membershipRuleProcessingState: 'On',
        }
      : {}),
  };
}

/** Unit 1 is empty, unit 2 has exactly 20 members, the others a share of the tenant. */
function addMembers(target: SeedTarget, plan: UnitPlan, n: number): number {
  const { seed } = plan.context;
  const unitId = idOf(seed, 'unit', n);
  if (n === 1) return 0;
  const size = n === 2 ? 20 : Math.ceil(plan.users / Math.max(8, plan.units));
  const members = [...memberNumbers(seed, 1_000_000 + n, Math.min(size, plan.users), plan.users)]
    .map((user) => idOf(seed, 'user', user))
    .slice(0, n === 2 ? 18 : undefined);
  members.push(idOf(seed, 'group', ((n * 3) % plan.groups) + 1));
  if (plan.devices > 0) members.push(idOf(seed, 'device', (n % plan.devices) + 1));
  for (const member of members) target.addLink('members', unitId, member);
  return members.length;
}

function addScopedRoles(target: SeedTarget, plan: UnitPlan, n: number): void {
  const { seed } = plan.context;
  for (let index = 0; index < n % 4; index += 1) {
    const role = FIRST_SCOPABLE_ROLE + ((n + index) % (roleTemplates.length - 1));
    const user = ((n * 17 + index * 5) % plan.users) + 1;
    target.addObject('scopedRoleMembership', idOf(seed, 'scopedRole', n * 4 + index), {
      administrativeUnitId: idOf(seed, 'unit', n),
      roleId: idOf(seed, 'role', role),
      roleMemberInfo: {
        id: idOf(seed, 'user', user),
        displayName: displayNameOf(plan.context, user),
      },
    });
  }
}
