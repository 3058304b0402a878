// Activated directory roles: they carry the well-known template ids of Entra.
// https://learn.microsoft.com/entra/identity/role-based-access-control/permissions-reference
import type { SeedTarget } from '../types.ts';
import { idOf } from './dice.ts';

export const roleTemplates = [
  { id: '62e90394-69f5-4237-9190-012177145e10', name: 'Global Administrator' },
  { id: 'fe930be7-5e62-47db-91af-98c3a49a38b1', name: 'User Administrator' },
  { id: 'fdd7a751-b60b-444a-984c-02652fe8fa1c', name: 'Groups Administrator' },
  { id: '729827e3-9c14-49f7-bb1b-9608f156bbb8', name: 'Helpdesk Administrator' },
  { id: 'c4e39bd9-1100-46d3-8c65-fb160da0071f', name: 'Authentication Administrator' },
  { id: '4d6ac14f-3453-41d0-bef9-a3e0c569773a', name: 'License Administrator' },
  { id: '966707d0-3269-4727-9be2-8c3a10f19b9d', name: 'Password Administrator' },
] as const;

export function seedRoles(target: SeedTarget, seed: number): void {
  roleTemplates.forEach(({ id, name }, index) => {
    target.addObject('directoryRole', idOf(seed, 'role', index), {
      displayName: name,
      description: `Holders of ${name}`,
      roleTemplateId: id,
    });
  });
}
