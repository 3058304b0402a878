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
  /** Log repositories are set. */
  readonly hasLogs: boolean;
}

/** What to try next: lines that can be pasted into a shell one after the other. */
export function tour(parts: TourParts): string {
  const { url, controlOrigin, controlToken, caFile, point, userIds } = parts;
  const state = parts.stateOption === undefined ? '' : ` --state ${parts.stateOption}`;
  const token = (user: string, roles: string): string =>
    `$(npm run --silent token -- --user ${user}@contoso.example --roles ${roles}${state})`;
  const changes = userIds.map((id) => ({ kind: 'delete', id }));
  return String.raw`
Try it, in a second terminal in this folder. Each step can be pasted as it stands.

  # 0  two people: one asks, the other approves
  URL=${url}
  API=$URL/api/tenants/${sampleTenant.tenantId}
  V='api-version=2026-11-01'
  OPERATOR="${token('operator', 'Backup.Reader,Backup.Operator,Restore.Operator')}"
  APPROVER="${token('approver', 'Backup.Reader,Restore.Approver')}"
  read_json() { node -e "const x = JSON.parse(require('fs').readFileSync(0, 'utf8')); $1"; }
  field() { read_json "console.log(x.$1)"; }
  each() { read_json "x.value.forEach((x) => console.log($1))"; }
  show() { curl -s -H "authorization: Bearer $OPERATOR" "$1"; }
  ask() { curl -s -X POST -H "authorization: Bearer $1" -H 'content-type: application/json' "$2?$V" -d "$3"; }
  finish() { ID=$(field id); until show "$URL/api/operations/$ID?$V" | grep -qE '"status":"(succeeded|failed|canceled)"'; do sleep 1; done; show "$URL/api/operations/$ID?$V"; }

  # 1  the restore points there are
  show "$API/restorePoints?$V" | each 'x.number, x.state, x.windowEndDateTime'

  # 2  somebody deletes ${userIds.length} users in the simulated tenant
  curl -s --cacert '${caFile}' -X POST -H 'x-simulator-token: ${controlToken}' \
    ${controlOrigin}/_simulator/tenants/${sampleTenant.tenantId}/changes \
    -d '${JSON.stringify({ changes })}' | field ids.length

  # 3  compare restore point ${point} with live
  COMPARISON=$(ask "$OPERATOR" "$API/comparisons" '{"from":${point},"to":"live"}' | finish | field resourceLocation)
  show "$URL$COMPARISON/differences?change=removed&$V" | each 'x.change, x.object.type, x.object.displayName'

  # 4  plan their restore from that point, by number; the selection may be any part of it
  PLAN=$(ask "$OPERATOR" "$API/restorePlans" '{"restorePoint":${point},"selection":${selection(userIds)},"options":{}}' | finish | field resourceLocation)
  show "$URL$PLAN/steps?$V" | each 'x.no, x.kind, x.object.displayName, x.reason'
  HASH=$(show "$URL$PLAN?$V" | field planHash)

  # 5  the second person approves exactly this plan
  ask "$APPROVER" "$URL$PLAN/approve" "{\"planHash\":\"$HASH\",\"reason\":\"tour\"}" | field state

  # 6  restore, and look at the outcome
  RESTORE=$(ask "$OPERATOR" "$API/restores" "{\"planId\":\"$(basename "$PLAN")\",\"planHash\":\"$HASH\",\"reason\":\"tour\"}" | finish)
  echo "$RESTORE" | read_json 'console.log(x.status, x.result, JSON.stringify(x.counts))'
${parts.hasLogs ? logSteps(token('admin', 'Backup.Admin')) : ''}`;
}

/** Records are values: the role that reads them is another than that of the operator. */
function logSteps(token: string): string {
  return `
  # 7  logs: how far their backup is; the first one reads 30 days within the limits of Graph, oldest first
  show "$API/logs?$V" | each 'x.source, x.state, x.readThrough ?? ""'

  # 8  sign-ins that failed, oldest first; again in some minutes, when the backup has come to them
  AUDITOR="${token}"
  SEARCH=$(node -e "const at = (days) => new Date(Date.now() + days * 864e5).toISOString(); console.log(JSON.stringify({ source: 'signIns', from: at(-8), to: at(0), filters: { result: 'failure' }, top: 5 }))")
  ask "$AUDITOR" "$API/logs/search" "$SEARCH" | read_json 'console.log("searched through", x.scannedThrough); x.value.forEach((x) => console.log(x.time, x.record.userPrincipalName, x.record.status.failureReason))'
`;
}

function selection(userIds: readonly string[]): string {
  return JSON.stringify({ objects: userIds.map((id) => ({ type: 'user', id })) });
}
