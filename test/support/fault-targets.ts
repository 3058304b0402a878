// Every request a backup makes, as something a fault can be aimed at.
import type { FaultRuleInput } from '../../local/graph-simulator/control/client.ts';
import { objectTypes } from '../../shared/catalog/index.ts';

type Match = NonNullable<FaultRuleInput['match']>;
export type Mode = 'full' | 'incremental';

export interface FaultTarget {
  readonly name: string;
  /** The collection it is read for, `shared` when it is read for several. */
  readonly collection: string;
  /** Collections that a fault of it may keep from being read; all when shared. */
  readonly suffers: readonly string[];
  /** Answers of this kind: which faults of the catalogue make sense. */
  readonly of: 'page' | 'delta' | 'any';
  /** Backups that make the request. */
  readonly in: readonly Mode[];
  readonly match: Match;
  /** The answer comes in several pages. */
  readonly paged: boolean;
  /** The request is an item of a `$batch`, which has no connection of its own. */
  readonly inner: boolean;
  /** What must go wrong before for the request to be made. */
  readonly after?: Pick<FaultRuleInput, 'match' | 'when' | 'fault'>;
  /** The first answer may be an error, or have no rows: so many are spoiled. */
  readonly times?: number;
}

const select = (name: string): string => {
  const type = objectTypes.find((candidate) => candidate.name === name);
  return (type?.select ?? []).join(',');
};
const both = ['full', 'incremental'] as const;
const whole = ['full'] as const;
const changes = ['incremental'] as const;

type More = Partial<Omit<FaultTarget, 'name' | 'collection' | 'match'>>;

function target(collection: string, name: string, match: Match, more: More): FaultTarget {
  const usual = { of: 'page', in: both, paged: false, inner: false } as const;
  return { suffers: [collection], ...usual, ...more, name, collection, match };
}

/** The listings of a collection with delta. */
function listings(collection: string, plural: string, template: string): FaultTarget[] {
  const own = { $select: select(collection), $expand: false };
  return [
    target(collection, `${plural} list`, { template, query: own }, { in: whole, paged: true }),
    target(
      collection,
      `${plural} delta, latest`,
      { template: `${template}/delta`, query: { $deltatoken: 'latest' } },
      { in: whole, of: 'any' },
    ),
    target(
      collection,
      `${plural} delta`,
      { template: `${template}/delta` },
      { in: changes, of: 'delta' },
    ),
    target(
      collection,
      `${plural} by $expand`,
      { template, query: { $expand: true } },
      { in: whole, paged: true },
    ),
    target(
      collection,
      `${plural} in the recycle bin`,
      { path: `/directory/deleteditems/microsoft.graph.${collection}` },
      { in: whole, paged: true },
    ),
    target(
      collection,
      `one of the ${plural}`,
      { template: `${template}/{id}`, query: { $expand: false } },
      {
        in: changes,
        of: 'any',
        inner: true,
        times: 4,
        // what a round says twice in different words is read directly
        after: {
          match: { template: `${template}/delta` },
          when: { times: 1 },
          fault: { kind: 'conflictingRows', count: 8 },
        },
      },
    ),
  ];
}

const unitPath = '/directory/administrativeunits';
/** Not every list has rows, and some parents are gone. */
const item = { inner: true, times: 2 } as const;
const reread = { ...item, in: changes } as const;
const inBoth = ['group', 'administrativeUnit'];
const locations = '/identity/conditionalaccess/namedlocations';

export const faultTargets: readonly FaultTarget[] = [
  ...listings('user', 'users', '/users'),
  target(
    'user',
    'security attributes',
    { template: '/users', query: { $select: 'id,customSecurityAttributes' } },
    { paged: true },
  ),
  target(
    'user',
    'manager of one user',
    { template: '/users/{id}', query: { $expand: true } },
    { ...reread, of: 'any' },
  ),
  target('user', 'reports of one user', { template: '/users/{id}/directreports' }, reread),
  ...listings('group', 'groups', '/groups'),
  target('group', 'members of one group', { template: '/groups/{id}/members' }, item),
  target('group', 'owners of one group', { template: '/groups/{id}/owners' }, item),
  target(
    'group',
    'groups and units of one user',
    { template: '/users/{id}/memberof' },
    { ...reread, suffers: inBoth },
  ),
  target('group', 'objects of one owner', { template: '/users/{id}/ownedobjects' }, reread),
  ...listings('administrativeUnit', 'units', unitPath),
  target(
    'administrativeUnit',
    'members of one unit',
    { template: `${unitPath}/{id}/members` },
    item,
  ),
  target(
    'administrativeUnit',
    'scoped role members',
    { template: `${unitPath}/{id}/scopedrolemembers` },
    // not every unit has any
    { inner: true, times: 8 },
  ),
  target(
    'administrativeUnit',
    'groups and units of one group',
    { template: '/groups/{id}/memberof' },
    { ...reread, suffers: inBoth },
  ),
  target(
    'conditionalAccessPolicy',
    'policies',
    { template: '/identity/conditionalaccess/policies' },
    { paged: true },
  ),
  target('namedLocation', 'named locations', { template: locations }, { paged: true }),
  target('shared', 'getByIds', { template: '/directoryobjects/getbyids' }, { of: 'any', times: 6 }),
  target(
    'shared',
    'one directory object',
    { template: '/directoryobjects/{id}' },
    {
      of: 'any',
      inner: true,
      after: {
        match: { template: '/directoryobjects/getbyids' },
        fault: { kind: 'replaceBody', body: { value: [] } },
      },
    },
  ),
  target(
    'shared',
    'one deleted object',
    { template: '/directory/deleteditems/{id}' },
    { of: 'any', in: whole, inner: true, times: 4 },
  ),
  target('shared', '$batch', { path: '/$batch' }, { of: 'any' }),
  target('shared', 'sign-in', { signIn: true }, { of: 'any' }),
];
