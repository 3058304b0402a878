// Directory audits: who did what to what. Values before and after are JSON texts inside strings.
// https://learn.microsoft.com/graph/api/directoryaudit-list
import { guid, type LogUser } from './population.ts';
import type { RecordParts } from './render-record.ts';
import { formatTicks } from './ticks.ts';

const zeros = '00000000-0000-0000-0000-000000000000';
const activities = [
  ['Add member to group', 'GroupManagement', 'Assign', 'Core Directory', 'Group'],
  ['Update user', 'UserManagement', 'Update', 'Core Directory', 'User'],
  ['Delete group', 'GroupManagement', 'Delete', 'Core Directory', 'Group'],
  [
    'GroupLifecyclePolicies_Get',
    'GroupManagement',
    'Update',
    'Self-service Group Management',
    'N/A',
  ],
  ['Update conditional access policy', 'Policy', 'Update', 'Conditional Access', 'Policy'],
  ['Add member to role completed (PIM activation)', 'RoleManagement', 'Add', 'PIM', 'Role'],
  [
    'Update application \u2013 Certificates and secrets management ',
    'ApplicationManagement',
    'Update',
    'Core Directory',
    'Application',
  ],
] as const;

export function renderAudit(parts: RecordParts): string {
  const { draw, version, plan, number } = parts;
  const [name, category, operation, service, target] =
    activities[draw(1) % activities.length] ?? activities[0];
  const failed = draw(2) % 12 === 0;
  const reasons = ['""', '"OK"', '"Successfully added member to group"', 'null'];
  const reason = version > 0 ? `"Reviewed ${version}"` : reasons[draw(3) % reasons.length];
  return (
    `{"id":"${parts.id}","category":"${category}",` +
    `"correlationId":"${guid(plan.seed, 97, number)}","result":"${failed ? 'failure' : 'success'}",` +
    `"resultReason":${reason},"activityDisplayName":"${name}",` +
    `"activityDateTime":"${formatTicks(parts.ticks)}","loggedByService":"${service}",` +
    `"operationType":"${operation}","initiatedBy":${initiator(parts)},` +
    `"targetResources":${targets(parts, target)},"additionalDetails":${details(parts)}}`
  );
}

/** A user, an application, or neither with an id that names nobody. */
function initiator({ draw, user, application, address }: RecordParts): string {
  const kind = draw(4) % 8;
  if (kind < 4) {
    return `{"app":null,"user":${userIdentity(user, address.address)}}`;
  }
  if (kind < 6) {
    return `{"app":{"appId":null,"displayName":${application.displayName},"servicePrincipalId":${application.principalId},"servicePrincipalName":null},"user":null}`;
  }
  if (kind === 6) {
    return `{"user":{"id":"${zeros}","displayName":null,"userPrincipalName":null,"ipAddress":"","userType":null,"homeTenantId":null,"homeTenantName":null},"app":null}`;
  }
  return '{"user":null,"app":null}';
}

function userIdentity(user: LogUser, address: string): string {
  return (
    `{"id":${user.id},"displayName":${user.displayName},"userPrincipalName":${user.principalName},` +
    `"ipAddress":${address},"userType":null,"homeTenantId":null,"homeTenantName":null}`
  );
}

/** The name of the type is written `Type` or `type`; one in fifty records is 30 KB and more. */
function targets(parts: RecordParts, type: string): string {
  const { draw, population, user, number, plan } = parts;
  const key = draw(5) % 3 === 0 ? 'Type' : 'type';
  if (type === 'N/A') {
    return `[{"id":"${zeros}","displayName":null,"${key}":"N/A","userPrincipalName":null,"groupType":null,"modifiedProperties":[]}]`;
  }
  const other = population.users[draw(6) % population.users.length] ?? user;
  const count = draw(7) % 50 === 0 ? 120 : (draw(7) % 5) + 1;
  const changes = Array.from({ length: count }, (_, n) => modified(parts, n)).join(',');
  return (
    `[{"id":"${guid(plan.seed, 98, number)}","displayName":null,"${key}":"${type}",` +
    `"userPrincipalName":null,"groupType":${type === 'Group' ? '"unifiedGroups"' : 'null'},` +
    `"modifiedProperties":[${changes}]},` +
    `{"id":${other.id},"displayName":${other.displayName},"${key}":"User",` +
    `"userPrincipalName":${other.principalName},"groupType":null,"modifiedProperties":[]}]`
  );
}

function modified({ draw, user, number }: RecordParts, n: number): string {
  const values = [
    [`null`, `"\\"Value ${number} ${n}\\""`],
    [String.raw`"[\"a\",\"\u00e9\",{\"x\":\"y \\\"z\\\"\"}]"`, '"[]"'],
    [`"\\"${'v'.repeat(120)}\\""`, String.raw`"\"\uD83D\uDE00\""`],
    ['""', 'null'],
  ] as const;
  const [before, after] = values[(draw(8) + n) % values.length] ?? values[0];
  const name =
    n === 0 ? `"Group.DisplayName"` : `"Property ${n} of ${user.principalName.slice(1, -1)}"`;
  return `{"displayName":${name},"oldValue":${before},"newValue":${after}}`;
}

function details({ draw, user }: RecordParts): string {
  const items = [
    `{"key":"User-Agent","value":${user.userAgent}}`,
    '{"key":"DeviceId","value":null}',
    String.raw`{"key":"Additional Detail \u0026 Name","value":"{\"nested\":[1,2,{\"a\":null}]}"}`,
  ];
  return `[${items.slice(0, draw(9) % 4).join(',')}]`;
}
