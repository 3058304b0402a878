/**
 * Every error of the product: its code, the HTTP status the API answers with, whether the same call
 * may succeed later, and a hint in a full sentence. Codes are stable; messages may change.
 */
export interface ErrorRow {
  /** HTTP status when the error reaches the API. */
  readonly status: number;
  /** never: the call is wrong; later: after a pause; now: at once, a transient fault. */
  readonly retry: 'never' | 'later' | 'now';
  readonly hint: string;
}

const row = (status: number, retry: ErrorRow['retry'], hint: string): ErrorRow => ({
  status,
  retry,
  hint,
});

export const errorCatalog = {
  // API (DESIGN 11)
  invalidParameter: row(400, 'never', 'Correct the named parameter.'),
  unknownParameter: row(400, 'never', 'Remove the parameter, or see /api/openapi.json.'),
  missingApiVersion: row(400, 'never', 'Add ?api-version=2026-11-01 to the request.'),
  unsupportedApiVersion: row(400, 'never', 'Use api-version=2026-11-01.'),
  invalidSelection: row(400, 'never', 'Correct the selection; see the schema Selection.'),
  ambiguousSelection: row(400, 'never', 'Give exactly one of the forms of a selection.'),
  invalidToken: row(401, 'never', 'Send a valid Entra access token for this API.'),
  roleMissing: row(403, 'never', 'Ask an administrator for the role named in the message.'),
  selfApproval: row(403, 'never', 'Another person than the requester has to approve.'),
  approvalMissing: row(403, 'never', 'Have the plan approved first.'),
  permissionMissing: row(403, 'never', 'Grant the named Graph permission to the application.'),
  notFound: row(404, 'never', 'Check the id and that you may see this tenant.'),
  tenantBusy: row(409, 'later', 'Wait for the named operation or cancel it.'),
  tenantPaused: row(409, 'never', 'Set the tenant to active first.'),
  tenantNotEmpty: row(
    409,
    'never',
    'A tenant with restore points stays registered: pause it, and let its points expire first.',
  ),
  planNotReady: row(409, 'later', 'Wait until the plan has been made.'),
  alreadyApplied: row(409, 'never', 'Make a new plan; a plan is applied once.'),
  pointMustBeExplicit: row(
    409,
    'never',
    'The restore point is suspicious: name one by its number, or acknowledge it first.',
  ),
  pointNotVerified: row(409, 'never', 'Verify the restore point first.'),
  wouldLockOut: row(409, 'never', 'Change the plan so that administrators keep access.'),
  pointExpired: row(410, 'never', 'Choose another restore point.'),
  planExpired: row(410, 'never', 'Make a new plan.'),
  nextLinkExpired: row(410, 'never', 'Start the list again from its first page.'),
  exportNotReady: row(409, 'later', 'Wait until the operation of the export has succeeded.'),
  exportExpired: row(410, 'never', 'Start the export again; one is kept for 7 days.'),
  etagMismatch: row(412, 'never', 'Read the resource again and send its current ETag.'),
  planHashMismatch: row(412, 'never', 'Read the plan again and approve or apply its hash.'),
  payloadTooLarge: row(413, 'never', 'Send a smaller body.'),
  unsupportedMediaType: row(415, 'never', 'Send application/json.'),
  rangeInvalid: row(
    416,
    'never',
    'Ask for a range within the content, such as Range: bytes=0-8388607; 8 MiB at most come at once.',
  ),
  preconditionRequired: row(428, 'never', 'Send If-Match with the ETag you have read.'),
  tooManyRequests: row(429, 'later', 'Repeat the request after the time in Retry-After.'),
  unavailable: row(503, 'later', 'Repeat the request later; the named component is down.'),
  internalError: row(500, 'later', 'Report the request id.'),

  // Graph (DESIGN 7)
  graphBadRequest: row(502, 'never', 'Graph refused the request; see the inner code.'),
  graphForbidden: row(502, 'never', 'Grant the named permission to the application.'),
  graphUnauthorized: row(502, 'later', 'Check the credential of the application.'),
  graphNotFound: row(404, 'never', 'The object does not exist in the tenant.'),
  graphConflict: row(409, 'never', 'The tenant refused the write; see the inner code.'),
  graphThrottled: row(503, 'later', 'Graph asks to wait; the job goes on by itself.'),
  graphUnavailable: row(503, 'later', 'Graph did not answer well; the job goes on by itself.'),
  graphBadAnswer: row(502, 'now', 'Graph answered something else than documented.'),
  graphCursorExpired: row(502, 'never', 'The collection is read in full again by itself.'),
  graphPageTokenExpired: row(
    502,
    'now',
    'The listing starts again by itself, a few times; the next backup tries it afresh.',
  ),
  graphAnswerLost: row(
    502,
    'now',
    'The answer to a write was lost; its effect is looked up first.',
  ),
  graphLinkRefused: row(502, 'never', 'A link pointed elsewhere than to Graph; nothing was sent.'),
  graphNotLicensed: row(502, 'never', 'The tenant lacks the licence for this collection.'),
  publicAddressRefused: row(
    503,
    'later',
    'Link the private DNS zone to the network, or turn private mode off.',
  ),
  signInFailed: row(503, 'later', 'Check client id, credential and consent of the application.'),

  // Repository
  repositoryUnavailable: row(503, 'later', 'Check that PostgreSQL is reachable (R-P-3).'),
  repositoryConflict: row(503, 'now', 'The transaction is repeated by itself.'),
  repositoryVersion: row(503, 'never', 'Run the migrations that belong to this version.'),
  repositoryRole: row(503, 'never', 'Run the application with the role of infra/sql/roles.sql.'),
  fenced: row(409, 'never', 'Another worker or session has taken over; this one stops.'),

  // Log repositories (DESIGN 10)
  logStoreUnavailable: row(
    503,
    'later',
    'Check that the log repository is reachable; the job goes on by itself.',
  ),
  logStoreRefused: row(
    503,
    'later',
    'Give the identity Storage Blob Data Contributor on the container, or write access to the folder.',
  ),
  logStoreMissing: row(503, 'later', 'Create the container or the folder, or correct the setting.'),
  logsNotConfigured: row(
    409,
    'never',
    'Set PRIMARY_LOG_REPOSITORY and PRIMARY_LOG_REPOSITORY_KEY, then start the application again.',
  ),
  logNameInvalid: row(500, 'never', 'Report this; the product made a name that it excludes.'),
  logBlobMissing: row(502, 'never', 'Verify the log repository and repair it from the other one.'),
  logReadBackFailed: row(503, 'now', 'The upload is repeated under a new name by itself.'),
  containerVersion: row(502, 'never', 'Read this container with the version that wrote it.'),
  containerTruncated: row(502, 'never', 'Repair this container from the other log repository.'),
  containerDamaged: row(502, 'never', 'Repair this container from the other log repository.'),
  containerForeign: row(
    502,
    'never',
    'Something was moved here from elsewhere: verify the log repository and repair it.',
  ),
  manifestDamaged: row(502, 'never', 'Repair this manifest from the other log repository.'),
  manifestForeign: row(
    502,
    'never',
    'Something was moved here from elsewhere: verify the log repository and repair it.',
  ),
  chainBroken: row(502, 'never', 'Verify the log repository and repair it from the other one.'),
  keyUnavailable: row(
    503,
    'later',
    'Check that the key is there and that the identity may use it.',
  ),
  keyWrong: row(502, 'never', 'Point the setting at the key with which the data was written.'),

  // Copies of the tenant backup (DESIGN 10)
  copyMissing: row(404, 'never', 'Name the container that holds the copy, and a tenant of it.'),
  copyDamaged: row(
    502,
    'never',
    'Rebuild from another copy, or remove what does not belong there.',
  ),
  tenantExists: row(409, 'never', 'Rebuild into a database that does not hold this tenant.'),

  // Cache repository (DESIGN 10)
  cacheUnreachable: row(
    503,
    'later',
    'Check that the account of CACHE_REPOSITORY is reachable and that the identity has Storage Table Data Contributor on it.',
  ),

  // Start
  settingsInvalid: row(500, 'never', 'Correct the settings named in the message.'),
  invalidState: row(500, 'never', 'Report this; the product met a state that it excludes.'),
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof errorCatalog;
