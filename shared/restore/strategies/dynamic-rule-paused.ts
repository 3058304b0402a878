import type { JsonObject } from '../../json/json-value.ts';
import { emptyObject } from '../../json/plain-object.ts';
import type { RestoreStrategy } from './restore-strategy.ts';

const state = 'membershipRuleProcessingState';

/**
 * A group or unit with a membership rule is created with the rule paused, so that it does not fill
 * or empty itself while users are still coming back; its members follow from the rule, not from us.
 * https://learn.microsoft.com/entra/identity/users/groups-dynamic-membership
 */
export const dynamicRulePaused: RestoreStrategy = {
  name: 'dynamic-rule-paused',
  create: (creation) => {
    if (creation.body['membershipRule'] === undefined) return creation;
    const wanted = creation.body[state];
    const body = Object.assign(emptyObject(), creation.body, { [state]: 'Paused' });
    if (wanted !== 'On') return { ...creation, body };
    return {
      ...creation,
      body,
      finish: Object.assign(emptyObject(), creation.finish, { [state]: 'On' }),
    };
  },
  refuseLinks: (relationship, wanted) =>
    relationship.endsWith('.members') && isDynamic(wanted)
      ? 'The members follow from the membership rule.'
      : undefined,
};

function isDynamic(body: JsonObject): boolean {
  const types = body['groupTypes'];
  if (Array.isArray(types) && types.includes('DynamicMembership')) return true;
  return body['membershipType'] === 'Dynamic';
}
