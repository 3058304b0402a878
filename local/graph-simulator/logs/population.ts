// Who and what occurs in the records of a stream: users, applications, addresses, policies. Values
// are JSON texts already, written in all the ways JSON allows, because the texts of records must
// survive byte for byte.
import { roll } from '../seed/dice.ts';

/** All members are JSON texts, quotes included, unless the name says otherwise. */
export type LogUser = {
  readonly id: string;
  readonly displayName: string;
  readonly principalName: string;
  readonly device: string;
  readonly userAgent: string;
};
export type LogApplication = {
  readonly id: string;
  readonly displayName: string;
  readonly principalId: string;
};
export type LogAddress = { readonly address: string; readonly location: string };
export type LogPolicy = { readonly id: string; readonly displayName: string };

export type Population = {
  readonly users: readonly LogUser[];
  readonly applications: readonly LogApplication[];
  readonly addresses: readonly LogAddress[];
  readonly policies: readonly LogPolicy[];
  readonly tenantId: string;
};

type PopulationPlan = {
  readonly seed: number;
  readonly users: number;
  readonly applications: number;
  readonly addresses: number;
  readonly nasty: boolean;
};

/** Display names as JSON texts: raw, escaped, and both at once. */
export const nastyTexts: readonly string[] = [
  String.raw`"User \u0022double\u0022 and \u0027single\u0027 \u003Cb\u003E"`,
  String.raw`"back\\slash and \/ slash"`,
  '"raw \u00E9\u00DF\u0130 and \u7528\u6237"',
  String.raw`"escaped \u00e9\u00df\u0130 and \u7528\u6237"`,
  '"raw \u{1F469}\u200D\u{1F469}\u200D\u{1F467} glyph"',
  String.raw`"escaped \uD83D\uDE00 pair, \ud83d\ude00 in small letters"`,
  String.raw`"high surrogate alone \uD83D"`,
  String.raw`"low surrogate alone \uDE00"`,
  String.raw`"null \u0000, tab \t, line \r\n, \b\f"`,
  '"line separator \u2028 raw, \\u2028 escaped"',
  '"right to left \u202E\u0645\u0633\u062A\u062E\u062F\u0645"',
  String.raw`"},{\"id\":\"not a record\"}],\"@odata.nextLink\":\"x\"}"`,
  '"[{]}],[{"',
  '"=cmd|\'/C calc\'!A0"',
  '"\uFEFFbyte order mark"',
  '""',
  'null',
];

const cities = [
  ['Redmond', 'Washington', 'US', '47.68050003051758', '-122.12094116210938'],
  ['Z\u00FCrich', 'Z\\u00FCrich', 'CH', '47.36669921875', '8.55000019073486'],
  ['\u6771\u4EAC', 'T\u014Dky\u014D', 'JP', '35.6895', '139.69171'],
  ["L'Aquila", 'Abruzzo', 'IT', '42.35055', '13.39954'],
  ['S\\u00e3o Paulo', 'Sao Paulo', 'BR', '-23.5475', '-46.63611'],
  ['', '', '', '0.0', '-0.0'],
] as const;
const agents = [
  'Mozilla\\/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit\\/537.36 (KHTML, like Gecko) Chrome\\/141.0.0.0 Safari\\/537.36 Edg\\/141.0.0.0',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148',
  'Mozilla/5.0 (compatible; MSAL 1.0)',
  'python-requests/2.32.3',
] as const;
const systems = ['Windows10', 'Windows11', 'Ios 18.7.0', 'Android 16', 'MacOs', ''] as const;
const browsers = [
  'Edge 141.0.0',
  'Chrome 141.0.0',
  'Mobile Safari',
  'Rich Client 4.76.0',
  '',
] as const;

const draws = { user: 80, device: 81, application: 82, principal: 83, address: 84, policy: 85 };

/** A GUID, the same for the same draw. */
export function guid(seed: number, kind: number, n: number): string {
  const word = (part: number): string =>
    roll(seed, kind * 16 + part, n)
      .toString(16)
      .padStart(8, '0');
  const [a, b, c, d] = [word(1), word(2), word(3), word(4)];
  return `${a}-${b.slice(0, 4)}-4${b.slice(5, 8)}-a${c.slice(1, 4)}-${c.slice(4)}${d}`;
}

export function createPopulation(plan: PopulationPlan): Population {
  const { seed } = plan;
  return {
    users: many(plan.users, (n) => createUser(plan, n)),
    applications: many(plan.applications, (n) => ({
      id: quoted(guid(seed, draws.application, n)),
      displayName: quoted(`Application ${String(n + 1).padStart(3, '0')}`),
      principalId: quoted(guid(seed, draws.principal, n)),
    })),
    addresses: many(plan.addresses, (n) => createAddress(seed, n)),
    policies: many(24, (n) => ({
      id: quoted(guid(seed, draws.policy, n)),
      displayName: quoted(`CA${String(n + 1).padStart(3, '0')}-Global-AnyApp-AnyPlatform-Require`),
    })),
    tenantId: quoted(guid(seed, draws.user + 10, 0)),
  };
}

function many<Item>(count: number, make: (n: number) => Item): readonly Item[] {
  return Array.from({ length: Math.max(1, count) }, (_, n) => make(n));
}

function quoted(text: string): string {
  return `"${text}"`;
}

function createUser(plan: PopulationPlan, n: number): LogUser {
  const { seed } = plan;
  const number = String(n + 1).padStart(4, '0');
  const nasty =
    plan.nasty && n % 5 === 4 ? nastyTexts[Math.floor(n / 5) % nastyTexts.length] : undefined;
  const draw = roll(seed, draws.device, n);
  const managed = draw % 3 === 0;
  const device =
    `{"deviceId":"${managed ? guid(seed, draws.device, n) : ''}",` +
    `"displayName":${managed ? `"DEVICE-${number}"` : 'null'},` +
    `"operatingSystem":"${systems[draw % systems.length]}","browser":"${browsers[draw % 5]}",` +
    `"isCompliant":${managed ? 'true' : 'null'},"isManaged":${managed ? 'true' : 'null'},` +
    `"trustType":${managed ? '"Azure AD joined"' : 'null'}}`;
  return {
    id: quoted(guid(seed, draws.user, n)),
    displayName: nasty ?? `"User ${number}"`,
    principalName: `"user${number}@contoso.example"`,
    device,
    userAgent: quoted(agents[draw % agents.length] ?? agents[0]),
  };
}

/** IPv4, IPv6, and the addresses without a place. */
function createAddress(seed: number, n: number): LogAddress {
  const draw = roll(seed, draws.address, n);
  const [city, state, country, latitude, longitude] = cities[draw % cities.length] ?? cities[0];
  const address =
    n % 7 === 6
      ? `2001:db8:${(draw % 65_536).toString(16)}:${n.toString(16)}::1`
      : `203.0.${draw % 256}.${n % 256}`;
  const coordinates =
    n % 11 === 10 ? '{}' : `{"altitude":null,"latitude":${latitude},"longitude":${longitude}}`;
  return {
    address: quoted(address),
    location: `{"city":"${city}","state":"${state}","countryOrRegion":"${country}","geoCoordinates":${coordinates}}`,
  };
}
