import type { JsonObject } from '../../json/json-value.ts';
import type { RestoreStrategy } from './restore-strategy.ts';

/**
 * Graph creates security and Microsoft 365 groups; distribution lists and mail-enabled security
 * groups belong to Exchange. https://learn.microsoft.com/graph/api/group-post-groups
 */
export const mailEnabledRefused: RestoreStrategy = {
  name: 'mail-enabled-refused',
  refuseCreation: ({ wanted }) =>
    wanted['mailEnabled'] === true && !isMicrosoft365(wanted)
      ? 'Mail-enabled security groups and distribution lists can only be created in Exchange.'
      : undefined,
  refuseLinks: (_relationship, wanted) =>
    wanted['mailEnabled'] === true && !isMicrosoft365(wanted)
      ? 'The members of mail-enabled security groups and distribution lists belong to Exchange.'
      : undefined,
};

function isMicrosoft365(body: JsonObject): boolean {
  const types = body['groupTypes'];
  return Array.isArray(types) && types.includes('Unified');
}
