// Provisioning: what the provisioning service did in a target application.
// https://learn.microsoft.com/graph/api/provisioningobjectsummary-list
import { guid } from './population.ts';
import type { RecordParts } from './render-record.ts';
import { formatTicks } from './ticks.ts';

const actions = ['create', 'update', 'delete', 'disable', 'stagedDelete', 'other'] as const;

export function renderProvisioning(parts: RecordParts): string {
  const { draw, plan, number, population, application, user, version } = parts;
  const failed = draw(1) % 6 === 0;
  const status = failed && version === 0 ? 'failure' : 'success';
  const tenant = population.tenantId.slice(1, -1);
  return (
    `{"id":"${parts.id}","activityDateTime":"${formatTicks(parts.ticks)}",` +
    `"tenantId":"${tenant}","jobId":"aws.${tenant.replaceAll('-', '')}.${guid(plan.seed, 95, draw(2) % 5)}",` +
    `"cycleId":"${guid(plan.seed, 96, Math.floor(number / 20))}",` +
    `"changeId":"${guid(plan.seed, 97, number)}",` +
    `"provisioningAction":"${actions[draw(3) % actions.length]}",` +
    `"durationInMilliseconds":${(draw(4) % 9_000) + version},` +
    `"provisioningStatusInfo":{"status":"${status}","errorInformation":${errorText(status)}},` +
    `"provisioningSteps":${steps(parts, status)},` +
    `"modifiedProperties":[{"displayName":"objectId","oldValue":null,"newValue":${user.id}},` +
    `{"displayName":"displayName","oldValue":"old, value","newValue":${user.displayName}}],` +
    `"servicePrincipal":{"id":${application.principalId},"displayName":${application.displayName}},` +
    `"sourceSystem":{"id":"d1e090e1-f2f4-4678-be44-6442ffff0621","displayName":"Azure Active Directory","details":{}},` +
    `"targetSystem":{"id":${application.id},"displayName":${application.displayName},` +
    `"details":{"ApplicationId":${application.id},"ServicePrincipalId":${application.principalId}}},` +
    `"initiatedBy":{"id":"","displayName":"Azure AD Provisioning Service","initiatorType":"system"},` +
    `"sourceIdentity":{"id":${user.id},"displayName":${user.displayName},"identityType":"User",` +
    `"details":{"id":${user.id},"odatatype":"User","DisplayName":${user.displayName}}},` +
    `"targetIdentity":{"id":"","displayName":"","identityType":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User","details":{}}}`
  );
}

function errorText(status: string): string {
  return status === 'success'
    ? 'null'
    : '{"errorCode":"EntryConflict","reason":"Message: the target answered with the HTTP status code 409.\\r\\n\\tA user with this name exists.","additionalDetails":null,"errorCategory":"nonServiceFailure","recommendedAction":null}';
}

function steps({ user }: RecordParts, status: string): string {
  const principal = user.principalName.slice(1, -1);
  const step = (name: string, type: string, result: string, text: string): string =>
    `{"name":"${name}","provisioningStepType":"${type}","status":"${result}","description":"${text}","details":{}}`;
  return `[${[
    step(
      'EntryImportAdd',
      'import',
      'success',
      `Received User \\u0027${principal}\\u0027 change of type (Add)`,
    ),
    step('EntrySynchronizationAdd', 'matching', 'success', `User '${principal}' will be created`),
    step('EntryExportAdd', 'export', status, `User '${principal}' in the target application`),
  ].join(',')}]`;
}
