import { sampleTenant } from './sample-tenant.ts';

export interface TourParts {
  readonly url: string;
  readonly controlOrigin: string;
  readonly controlToken: string;
  readonly caFile: string;
  /** State folder as the user named it; undefined for the usual one. */
  readonly stateOption: string | undefined;
  readonly point: number;
  /** Ids of users to delete in the simulated tenant. */
  readonly userIds: readonly string[];
}

/** What to try next: lines that can be pasted into a shell one after the other. */
export function tour(parts: TourParts): string {
  const { url, controlOrigin, controlToken, caFile, point, userIds } = parts;
  const state = parts.stateOption === undefined ? '' : ` --state ${parts.stateOption}`;
  const token = (user: string, roles: string): string =>
    `$(npm run --silent token -- --user ${user}@contoso.example --roles ${roles}${state})`;
  const changes = userIds.map((id) => ({ kind: 'delete', id }));
  return `
Try it, in a second terminal in this folder. Each step can be pasted as it stands.

  # 0  two people: one asks, the other approves
  API=${url}/api/tenants/${sampleTenant.tenantId}
  V='api-version=2026-11-01'
  OPERATOR="${token('operator', 'Backup.Reader,Backup.Operator,Restore.Operator')}"
  APPROVER="${token('approver', 'Backup.Reader,Restore.Approver')}"
  field() { node -pe "JSON.parse(require('fs').readFileSync(0,'utf8')).$1"; }
  ask() { curl -s -X POST -H "authorization: Bearer $1" -H 'content-type: application/json' "$2?$V" -d "$3"; }
  show() { curl -s -H "authorization: Bearer $OPERATOR" "$1"; }
  wait_for() { until show "${url}/api/operations/$1?$V" | grep -qE '"status":"(succeeded|failed|canceled)"'; do sleep 1; done; }

  # 1  what there is
  show "$API/restorePoints?$V"

  # 2  somebody deletes ${userIds.length} users in the simulated tenant
  curl -s --cacert ${caFile} -X POST -H 'x-simulator-token: ${controlToken}' \\
    ${controlOrigin}/_simulator/tenants/${sampleTenant.tenantId}/changes \\
    -d '${JSON.stringify({ changes })}'

  # 3  compare restore point ${point} with live
  C=$(ask "$OPERATOR" "$API/comparisons" '{"from":${point},"to":"live"}'); wait_for $(echo "$C" | field id)
  LOCATION=$(show "${url}/api/operations/$(echo "$C" | field id)?$V" | field resourceLocation)
  show "${url}$LOCATION/differences?change=removed&$V"

  # 4  plan their restore from that point, by number
  P=$(ask "$OPERATOR" "$API/restorePlans" '{"restorePoint":${point},"selection":${selection(userIds)},"options":{}}')
  wait_for $(echo "$P" | field id)
  PLAN=$(show "${url}/api/operations/$(echo "$P" | field id)?$V" | field resourceLocation)
  HASH=$(show "${url}$PLAN?$V" | field planHash)
  show "${url}$PLAN/steps?$V"

  # 5  the second person approves exactly this plan
  ask "$APPROVER" "${url}$PLAN/approve" "{\\"planHash\\":\\"$HASH\\",\\"reason\\":\\"tour\\"}"

  # 6  restore, and look at the outcome of each step
  R=$(ask "$OPERATOR" "$API/restores" "{\\"planId\\":\\"\${PLAN##*/}\\",\\"planHash\\":\\"$HASH\\",\\"reason\\":\\"tour\\"}")
  wait_for $(echo "$R" | field id)
  show "${url}/api/operations/$(echo "$R" | field id)?$V"
`;
}

function selection(userIds: readonly string[]): string {
  return JSON.stringify({ objects: userIds.map((id) => ({ type: 'user', id })) });
}
