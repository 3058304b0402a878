// Every request a backup makes, as something a fault can be aimed at.
import type { FaultRuleInput } from '../../local/graph-simulator/control/client.ts';
import { objectTypes } from '../../shared/catalog/index.ts';

type Match = NonNullable<FaultRuleInput['match']>;

export interface FaultTarget {
  readonly name: string;
  /** Answers of this kind: which faults of the catalogue make sense. */
  readonly of: 'page' | 'delta' | 'any';
  /** Backups that make the request. */
  readonly in: readonly ('full' | 'incremental')[];
  readonly match: Match;
}

const select = (name: string): string => {
  const type = objectTypes.find((candidate) => candidate.name === name);
  return (type?.select ?? []).join(',');
};
const both = ['full', 'incremental'] as const;
const full = (name: string, match: Match): FaultTarget => ({
  name,
  of: 'page',
  in: ['full'],
  match,
});
const page = (name: string, match: Match): FaultTarget => ({ name, of: 'page', in: both, match });
const reread = (name: string, template: string): FaultTarget => ({
  name,
  of: 'page',
  in: ['incremental'],
  match: { template },
});
const delta = (name: string, template: string): FaultTarget => ({
  name,
  of: 'delta',
  in: both,
  match: { template },
});
const units = '/directory/administrativeunits';
const bin = (type: string): FaultTarget =>
  full(`${type} recycle bin`, { path: `/directory/deleteditems/microsoft.graph.${type}` });

/**
 * Targets by the collection that suffers. Those of `shared` serve several collections at once. Within
 * a list they are so disjoint that one fault of a collection does not hide another.
 */
export const faultTargets: Readonly<Record<string, readonly FaultTarget[]>> = {
  user: [
    full('users list', { template: '/users', query: { $select: select('user'), $expand: false } }),
    delta('users delta', '/users/delta'),
    full('manager by $expand', { template: '/users', query: { $expand: true } }),
    page('security attributes', {
      template: '/users',
      query: { $select: 'id,customSecurityAttributes' },
    }),
    bin('user'),
    { name: 'one user', of: 'any', in: ['incremental'], match: { template: '/users/{id}' } },
  ],
  group: [
    full('groups list', { template: '/groups', query: { $expand: false } }),
    delta('groups delta', '/groups/delta'),
    full('members and owners by $expand', { template: '/groups', query: { $expand: true } }),
    page('members of one group', { template: '/groups/{id}/members' }),
    page('owners of one group', { template: '/groups/{id}/owners' }),
    reread('groups and units of a user', '/users/{id}/memberof'),
    reread('owned objects of a user', '/users/{id}/ownedobjects'),
    bin('group'),
  ],
  administrativeUnit: [
    full('units list', { template: units, query: { $expand: false } }),
    delta('units delta', `${units}/delta`),
    full('unit members by $expand', { template: units, query: { $expand: true } }),
    page('members of one unit', { template: `${units}/{id}/members` }),
    page('scoped role members', { template: `${units}/{id}/scopedrolemembers` }),
    reread('units of a group', '/groups/{id}/memberof'),
    bin('administrativeUnit'),
  ],
  conditionalAccessPolicy: [page('policies', { template: '/identity/conditionalaccess/policies' })],
  namedLocation: [
    page('named locations', { template: '/identity/conditionalaccess/namedlocations' }),
  ],
};

export const sharedTargets: readonly FaultTarget[] = [
  page('getByIds', { template: '/directoryobjects/getbyids' }),
  {
    name: 'a deleted object',
    of: 'any',
    in: both,
    match: { template: '/directory/deleteditems/{id}' },
  },
  { name: '$batch', of: 'any', in: both, match: { path: '/$batch' } },
  { name: 'sign-in', of: 'any', in: both, match: { signIn: true } },
];
