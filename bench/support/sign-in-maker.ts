import { createHash } from 'node:crypto';

/** About 5 KB as Graph sends them: mostly policies that were applied and names that repeat. */
export type SignInMaker = (milliseconds: number, number: number) => Buffer;

const guid = (text: string): string => {
  const hash = createHash('sha256').update(text).digest('hex');
  return `${hash.slice(0, 8)}-${hash.slice(8, 12)}-4${hash.slice(13, 16)}-8${hash.slice(17, 20)}-${hash.slice(20, 32)}`;
};

const apps = Array.from({ length: 60 }, (_, number) => ({
  id: guid(`app ${number}`),
  name: `Application ${number} of contoso.example`,
}));
const cities = ['Berlin', 'Madrid', 'Oslo', 'Vienna', 'Porto', 'Lyon', 'Turin', 'Ghent'];
const policies = Array.from({ length: 9 }, (_, number) => ({
  id: guid(`policy ${number}`),
  displayName: `CA${number} - require what policy ${number} requires of all users`,
  enforcedGrantControls: number % 2 === 0 ? ['Mfa'] : ['Block', 'RequireCompliantDevice'],
  enforcedSessionControls: ['SignInFrequency'],
  conditionsSatisfied: 'application,users,devicePlatform',
  conditionsNotSatisfied: 'none',
}));
const agent =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0';

/** Makes sign-ins of so many people: the same number gives the same record. */
export function signInMaker(people: number): SignInMaker {
  const users = new Map<number, { readonly id: string; readonly upn: string }>();
  return (milliseconds, number) => {
    // mixed, so that neighbours are of different people
    const mixed = Math.imul(number + 1, 0x9e3779b1) >>> 0;
    const user = mixed % people;
    const known = users.get(user) ?? {
      id: guid(`user ${user}`),
      upn: `user${String(user).padStart(6, '0')}@contoso.example`,
    };
    users.set(user, known);
    return Buffer.from(textOf(milliseconds, number, mixed, known));
  };
}

function textOf(
  milliseconds: number,
  number: number,
  mixed: number,
  user: { readonly id: string; readonly upn: string },
): string {
  const tail = number.toString(16).padStart(12, '0');
  const head = mixed.toString(16).padStart(8, '0');
  const app = apps[mixed % apps.length];
  const city = cities[mixed % cities.length];
  const isFailure = mixed % 11 === 0;
  const at = new Date(milliseconds).toISOString();
  return JSON.stringify({
    id: `${head}-5b1d-4c3e-9a7f-${tail}`,
    createdDateTime: at.replace('Z', `${String(mixed % 10_000).padStart(4, '0')}Z`),
    userDisplayName: `User ${user.upn.slice(4, 10)} of Contoso`,
    userPrincipalName: user.upn,
    userId: user.id,
    ...{ appId: app?.id, appDisplayName: app?.name, clientAppUsed: 'Browser', userAgent: agent },
    ipAddress: `198.51.${mixed % 100}.${(mixed >>> 8) % 250}`,
    correlationId: `${head}-77aa-4b0c-8c1d-${tail}`,
    ...{ conditionalAccessStatus: isFailure ? 'failure' : 'success', isInteractive: true },
    ...{ riskDetail: 'none', riskLevelAggregated: 'none', riskState: 'none', riskEventTypes: [] },
    resourceDisplayName: 'Microsoft Graph',
    resourceId: '00000003-0000-0000-c000-000000000000',
    status: {
      errorCode: isFailure ? 50126 : 0,
      failureReason: isFailure ? 'Error validating credentials.' : 'Other.',
      additionalDetails: isFailure ? 'The user did not complete the prompt.' : null,
    },
    deviceDetail: {
      deviceId: user.id.split('').reverse().join(''),
      displayName: `DESKTOP-${user.upn.slice(4, 10)}`,
      ...{ operatingSystem: 'Windows 11', browser: 'Chrome 138.0', trustType: 'Hybrid joined' },
      ...{ isCompliant: mixed % 3 !== 0, isManaged: true },
    },
    location: { city, state: city, countryOrRegion: 'DE', geoCoordinates: { latitude: 52.5 } },
    authenticationRequirement: 'multiFactorAuthentication',
    authenticationDetails: [1, 2].map((step) => ({
      authenticationStepDateTime: at,
      authenticationMethod: step === 1 ? 'Password' : 'Mobile app notification',
      authenticationMethodDetail: 'Password Hash Sync',
      succeeded: !isFailure,
      authenticationStepResultDetail: 'MFA requirement satisfied by claim in the token',
      authenticationStepRequirement: step === 1 ? 'Primary authentication' : 'User',
    })),
    appliedConditionalAccessPolicies: policies.map((policy, place) => ({
      ...policy,
      result: (mixed + place) % 4 === 0 ? 'notApplied' : 'success',
    })),
    sessionLifetimePolicies: [{ expirationRequirement: 'rememberMultifactorAuthentication' }],
    uniqueTokenIdentifier: Buffer.from(`${head}${tail}${mixed}`).toString('base64'),
  });
}
