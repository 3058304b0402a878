/** Text of a page of `count` users with 40 properties, about 1.5 KB each, as `/users` answers. */
export function userPage(count: number): string {
  const value = Array.from({ length: count }, (_, number) => user(number));
  return JSON.stringify({
    '@odata.context': 'https://graph.microsoft.com/v1.0/$metadata#users',
    value,
  });
}

function user(number: number): object {
  const four = String(number).padStart(4, '0');
  const id = (kind: string): string => `${kind.repeat(8)}-0000-4000-8000-00000000${four}`;
  return {
    ...account(four, id('a')),
    ...contact(four, number),
    assignedLicenses: [{ disabledPlans: [], skuId: id('b') }],
    assignedPlans: [1, 2].map((plan) => ({
      assignedDateTime: '2024-05-06T07:08:09Z',
      capabilityStatus: 'Enabled',
      service: 'exchange',
      servicePlanId: id(String(plan)),
    })),
    onPremisesExtensionAttributes: Object.fromEntries(
      Array.from({ length: 15 }, (_, index) => [
        `extensionAttribute${index + 1}`,
        index < 2 ? `value ${number}` : null,
      ]),
    ),
    employeeOrgData: { division: 'Sales', costCenter: String(1000 + (number % 40)) },
  };
}

function account(four: string, id: string): object {
  return {
    id,
    accountEnabled: true,
    displayName: `User ${four}`,
    givenName: 'User',
    surname: four,
    userPrincipalName: `user${four}@contoso.example`,
    mailNickname: `user${four}`,
    mail: `user${four}@contoso.example`,
    userType: 'Member',
    usageLocation: 'DE',
    createdDateTime: '2024-01-02T03:04:05Z',
    passwordPolicies: 'DisablePasswordExpiration',
    lastPasswordChangeDateTime: '2024-02-03T04:05:06Z',
    securityIdentifier: `S-1-12-1-1111111111-2222222222-3333333333-${four}`,
    employeeId: `E${four}`,
    employeeType: 'Employee',
    ageGroup: null,
    consentProvidedForMinor: null,
    onPremisesSyncEnabled: null,
    onPremisesImmutableId: null,
  };
}

function contact(four: string, number: number): object {
  return {
    department: `Department ${number % 30}`,
    jobTitle: 'Engineer',
    companyName: 'Contoso',
    officeLocation: `Building ${number % 7}`,
    streetAddress: `Example Street ${number}`,
    city: 'Musterstadt',
    postalCode: `0${four}`,
    country: 'Germany',
    state: null,
    mobilePhone: `+49 555 0${four}`,
    businessPhones: [`+49 555 1${four}`],
    otherMails: [],
    imAddresses: [`user${four}@contoso.example`],
    proxyAddresses: [`SMTP:user${four}@contoso.example`, `smtp:u${four}@contoso.example`],
    preferredLanguage: 'de-DE',
  };
}
