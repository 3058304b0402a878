// Properties `$filter` takes, with their operators, as the documentation lists them. Names are
// compared without case, as the service does.
import type { LogCollection } from './log-source.ts';

export type Operator = 'eq' | 'ge' | 'le' | 'gt' | 'lt' | 'startswith' | 'contains';

/** https://learn.microsoft.com/graph/api/resources/signin */
const signIns = `
  id:eq userid:eq appid:eq createddatetime:eq,ge,le userdisplayname:eq,startswith
  userprincipalname:eq,startswith appdisplayname:eq,startswith ipaddress:eq,startswith
  location/city:eq,startswith location/state:eq,startswith
  location/countryorregion:eq,startswith status/errorcode:eq clientappused:eq
  conditionalaccessstatus:eq devicedetail/browser:eq,startswith
  devicedetail/operatingsystem:eq,startswith correlationid:eq riskdetail:eq
  risklevelaggregated:eq risklevelduringsignin:eq riskstate:eq resourcedisplayname:eq
  resourceid:eq`;

/** https://learn.microsoft.com/graph/api/resources/signin?view=graph-rest-beta */
const betaSignIns = `${signIns}
  authenticationrequirement:eq,startswith originalrequestid:eq
  serviceprincipalid:eq,startswith serviceprincipalname:eq,startswith uniquetokenidentifier:eq
  any/signineventtypes:eq any/riskeventtypes_v2:eq,startswith`;

/** https://learn.microsoft.com/graph/api/resources/directoryaudit */
const directoryAudits = `
  id:eq activitydatetime:eq,ge,le activitydisplayname:eq,startswith correlationid:eq
  initiatedby/user/id:eq initiatedby/user/displayname:eq
  initiatedby/user/userprincipalname:eq,startswith initiatedby/app/appid:eq
  initiatedby/app/displayname:eq loggedbyservice:eq
  any/targetresources/id:eq any/targetresources/displayname:eq,startswith`;

/** https://learn.microsoft.com/graph/api/provisioningobjectsummary-list: no `ge`, no `le`. */
const provisioning = `
  id:eq,contains activitydatetime:eq,gt,lt tenantid:eq,contains jobid:eq,contains
  changeid:eq,contains cycleid:eq,contains provisioningaction:eq,contains
  durationinmilliseconds:eq,gt,lt provisioningstatusinfo/status:eq,contains
  sourcesystem/displayname:eq,contains targetsystem/displayname:eq,contains
  sourceidentity/identitytype:eq,contains targetidentity/identitytype:eq,contains
  sourceidentity/id:eq,contains serviceprincipal/id:eq serviceprincipal/displayname:eq,contains
  initiatedby/displayname:eq,contains`;

type Table = ReadonlyMap<string, ReadonlySet<string>>;

function table(text: string): Table {
  const rows = text.trim().split(/\s+/);
  return new Map(
    rows.map((row) => {
      const [name = '', operators = ''] = row.split(':');
      return [name, new Set(operators.split(','))];
    }),
  );
}

const tables: Readonly<Record<LogCollection | 'betaSignIns', Table>> = {
  signIns: table(signIns),
  betaSignIns: table(betaSignIns),
  directoryAudits: table(directoryAudits),
  provisioning: table(provisioning),
};

/** Whether this property may be compared so; `any/` stands before properties of collections. */
export function allows(
  collection: LogCollection,
  beta: boolean,
  name: string,
  operator: string,
): boolean {
  const chosen = collection === 'signIns' && beta ? 'betaSignIns' : collection;
  return tables[chosen].get(name.toLowerCase())?.has(operator) ?? false;
}
