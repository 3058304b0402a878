// Sign-ins: the v1.0 shape of the documentation, and the longer one of beta.
// https://learn.microsoft.com/graph/api/signin-list
import { eventTypes } from './log-source.ts';
import { guid } from './population.ts';
import type { RecordParts } from './render-record.ts';
import { formatTicks } from './ticks.ts';

const failures = [
  [0, 'null', 'null'],
  [0, 'null', '"MFA requirement satisfied by claim in the token"'],
  [
    50126,
    '"Error validating credentials due to invalid username or password."',
    `"The user didn't enter the right credentials. \u00A0It's expected to see some number of these errors in your logs."`,
  ],
  [50074, '"Strong Authentication is required."', '"User didn\\u0027t complete the MFA prompt."'],
  [53003, '"Access has been blocked by Conditional Access policies."', 'null'],
] as const;
const clients = [
  'Browser',
  'Mobile Apps and Desktop clients',
  'Exchange ActiveSync',
  'IMAP4',
] as const;
const resources = [
  ['Microsoft Graph', '00000003-0000-0000-c000-000000000000'],
  ['Windows Azure Service Management API', '797f4846-ba00-4fd7-ba43-dac1f8f63013'],
  ['Office 365 Exchange Online', '00000002-0000-0ff1-ce00-000000000000'],
] as const;
const results = ['notApplied', 'notEnabled', 'success', 'reportOnlyNotApplied'] as const;
const riskOfVersion = [
  ['none', 'none', 'none', '[]'],
  ['none', 'high', 'atRisk', '["unfamiliarFeatures","anonymizedIPAddress"]'],
  ['adminConfirmedSigninSafe', 'none', 'confirmedSafe', '["unfamiliarFeatures"]'],
] as const;

export function renderSignIn(parts: RecordParts): string {
  const head = parts.variant.beta ? betaHead(parts) : plainHead(parts);
  const policies = parts.variant.policies ? policyList(parts, head.length) : 'null';
  return `${head},"appliedConditionalAccessPolicies":${policies}}`;
}

function plainHead(parts: RecordParts): string {
  const { address, draw } = parts;
  const resource = resources[draw(3) % resources.length] ?? resources[0];
  return (
    `{"id":"${parts.id}","createdDateTime":"${formatTicks(parts.ticks)}",${who(parts)},` +
    `"ipAddress":${address.address},"clientAppUsed":"${clients[draw(1) % clients.length]}",` +
    `"correlationId":"${guid(parts.plan.seed, 95, parts.number)}",` +
    `"conditionalAccessStatus":"${draw(2) % 4 === 0 ? 'success' : 'notApplied'}",` +
    `"isInteractive":${parts.plan.source === 'interactiveSignIns'},${risk(parts)},` +
    `"resourceDisplayName":"${resource[0]}","resourceId":"${resource[1]}",${status(parts)},` +
    `"deviceDetail":${parts.user.device},"location":${address.location}`
  );
}

/** Applications that sign in have no user: empty texts and nulls, as the service sends them. */
function who({ plan, user, application }: RecordParts): string {
  const isApplication =
    plan.source === 'servicePrincipalSignIns' || plan.source === 'managedIdentitySignIns';
  const [name, principal, id] = isApplication
    ? ['null', '""', '""']
    : [user.displayName, user.principalName, user.id];
  return (
    `"userDisplayName":${name},"userPrincipalName":${principal},"userId":${id},` +
    `"appId":${application.id},"appDisplayName":${application.displayName}`
  );
}

function risk({ version, variant }: RecordParts): string {
  if (!variant.risk) {
    return (
      '"riskDetail":"hidden","riskLevelAggregated":"hidden","riskLevelDuringSignIn":"hidden",' +
      '"riskState":"none","riskEventTypes":[],"riskEventTypes_v2":[]'
    );
  }
  const [detail, level, state, events] = riskOfVersion[version % 3] ?? riskOfVersion[0];
  return (
    `"riskDetail":"${detail}","riskLevelAggregated":"${level}","riskLevelDuringSignIn":"${level}",` +
    `"riskState":"${state}","riskEventTypes":${events},"riskEventTypes_v2":${events}`
  );
}

function status({ version, draw }: RecordParts): string {
  const [code, reason, details] = failures[draw(4) % failures.length] ?? failures[0];
  const shown = version === 0 ? details : `"MFA completed in Azure AD (${version})"`;
  return `"status":{"errorCode":${code},"failureReason":${reason},"additionalDetails":${shown}}`;
}

function betaHead(parts: RecordParts): string {
  const { plan, user, application, population, draw } = parts;
  const time = formatTicks(parts.ticks);
  const kind = eventTypes[plan.source] ?? 'interactiveUser';
  const token = Buffer.from(parts.id).toString('base64').slice(0, 30);
  return (
    `${plainHead(parts)},"originalRequestId":"${guid(plan.seed, 96, parts.number)}",` +
    `"authenticationProtocol":"${draw(5) % 3 === 0 ? 'oAuth2' : 'none'}",` +
    `"incomingTokenType":"primaryRefreshToken","isTenantRestricted":false,` +
    `"userAgent":${user.userAgent},"tokenIssuerName":"","tokenIssuerType":"AzureAD",` +
    `"processingTimeInMilliseconds":${(draw(6) % 2_000) + 30},` +
    `"resourceTenantId":${population.tenantId},"homeTenantId":${population.tenantId},` +
    `"authenticationMethodsUsed":[],"authenticationRequirement":"singleFactorAuthentication",` +
    `"uniqueTokenIdentifier":"${token}","signInIdentifier":${user.principalName},` +
    `"signInEventTypes":["${kind}"],"servicePrincipalId":${application.principalId},` +
    `"servicePrincipalName":${application.displayName},"userType":"member",` +
    `"flaggedForReview":false,"autonomousSystemNumber":${draw(7) % 65_000},` +
    `"crossTenantAccessType":"none","authenticationProcessingDetails":[` +
    `{"key":"Login Hint Present","value":"True"},{"key":"Legacy TLS (TLS 1.0, 1.1, 3DES)","value":"False"},` +
    `{"key":"Oauth Scope Info","value":"[\\"Directory.Read.All\\",\\"User.Read\\",\\"email\\",\\"openid\\"]"}],` +
    `"networkLocationDetails":[{"networkType":"trustedNamedLocation","networkNames":["Office \\u0026 lab"]}],` +
    `"authenticationDetails":[{"authenticationStepDateTime":"${time}",` +
    `"authenticationMethod":"Password","authenticationMethodDetail":"Password in the cloud",` +
    `"succeeded":${draw(4) % 5 < 2},"authenticationStepResultDetail":"Correct password",` +
    `"authenticationStepRequirement":"Primary authentication"}],` +
    `"authenticationRequirementPolicies":[],"sessionLifetimePolicies":[]`
  );
}

/** As many policies as bring the record to its size, which varies by a fifth. */
function policyList(parts: RecordParts, headLength: number): string {
  const { population, plan, draw } = parts;
  const varied = plan.bytes * (0.8 + (draw(8) % 401) / 1_000);
  const items: string[] = [];
  let length = headLength;
  for (let n = 0; length < varied; n += 1) {
    const policy = population.policies[n % population.policies.length];
    const result = results[((draw(9) >>> (n % 28)) & 3) % results.length];
    const item =
      `{"id":${policy?.id},"displayName":${policy?.displayName},` +
      `"enforcedGrantControls":${result === 'success' ? '["Mfa","RequireCompliantDevice"]' : '[]'},` +
      `"enforcedSessionControls":[],"result":"${result}"}`;
    items.push(item);
    length += item.length + 1;
  }
  return `[${items.join(',')}]`;
}
