import { copyParts } from '../../shared/log-repository/copy-parts.ts';
import type { LogSource } from '../../shared/model/log-source.ts';
import {
  type Finding,
  type Inspection,
  inspectionOfOperation,
  saveInspectionSlice,
} from '../../shared/repository/inspections.ts';
import { updateOperation } from '../../shared/repository/operations.ts';
import { getTenantByNo } from '../../shared/repository/tenants.ts';
import { type CopyVerifyPlace, verifyTenantCopy } from '../../shared/tenant-backup/verify-copy.ts';
import { type LogVerifyPlace, verifyLogs } from '../../shared/verify/log-chains.ts';
import { sliceMs } from '../backup-parts.ts';
import { copyPlaces } from '../copy-parts.ts';
import { defineActivity } from '../durable/define-activity.ts';
import { type Outcome, outcomeOf } from '../durable/outcome.ts';
import type { VerificationRequest } from '../inspection-requests.ts';
import { requireLogPlaces } from '../log-parts.ts';
import { chainOf } from '../log-upkeep-parts.ts';
import { services } from '../services.ts';

interface Input {
  readonly tenantNo: number;
  readonly operationId: string;
}

/** One chain in its repositories, or the copy in one container. */
type Subject =
  | { readonly part: LogSource }
  | { readonly part: 'tenantCopy'; readonly container: number };

interface Place {
  /** Of the list of subjects. */
  readonly subject: number;
  readonly logs?: LogVerifyPlace;
  readonly copy?: CopyVerifyPlace;
}

/** What one slice has looked at: findings of it, and counts of the subject so far. */
interface Looked {
  readonly findings: readonly Finding[];
  readonly findingCount: number;
  readonly checked: object;
  readonly next: Omit<Place, 'subject'> | undefined;
}

export interface VerifySlice {
  readonly state: 'more' | 'done';
  readonly findings: number;
}

/** Looks at what a verification is about, for one slice of time; its row holds where it stands. */
export const verifySlice = defineActivity<Input, Outcome<VerifySlice>>(
  'verifySlice',
  async ({ tenantNo, operationId }) =>
    await outcomeOf(async () => {
      const { clock, database } = services();
      const inspection = await database.withTenant(tenantNo, (tx) =>
        inspectionOfOperation(tx, operationId),
      );
      if (inspection.state !== 'running') {
        return { state: 'done', findings: inspection.findingCount };
      }
      const request = JSON.parse(inspection.request) as VerificationRequest;
      const place = JSON.parse(inspection.place ?? '{"subject":0}') as Place;
      const subjects = subjectsOf(request);
      const subject = subjects[place.subject];
      const deadline = new Date(clock.now().getTime() + sliceMs);
      const looked =
        subject === undefined ? nothing : await look(tenantNo, request, subject, place, deadline);
      const next =
        looked.next === undefined
          ? { subject: place.subject + 1 }
          : { subject: place.subject, ...looked.next };
      const isOver = next.subject >= subjects.length;
      await save(tenantNo, inspection, subject, looked, isOver ? undefined : next);
      const findings = inspection.findingCount + looked.findingCount;
      return { state: isOver ? 'done' : 'more', findings };
    }),
);

const nothing: Looked = { findings: [], findingCount: 0, checked: {}, next: undefined };

function subjectsOf({ of }: VerificationRequest): Subject[] {
  const containers = copyPlaces(services()).length;
  return of.flatMap((part): Subject[] =>
    part === 'tenantCopy'
      ? Array.from({ length: containers }, (_, container) => ({ part, container }))
      : [{ part }],
  );
}

async function look(
  tenantNo: number,
  request: VerificationRequest,
  subject: Subject,
  place: Place,
  deadline: Date,
): Promise<Looked> {
  const { database } = services();
  const tenant = await database.withRegistry((tx) => getTenantByNo(tx, tenantNo));
  const { tenantId } = tenant;
  // before the first point there is nothing to copy
  if (subject.part === 'tenantCopy' && tenant.headPoint === 0) return nothing;
  return subject.part === 'tenantCopy'
    ? await lookAtCopy(tenantId, request, subject.container, place.copy, deadline)
    : await lookAtLogs(tenantId, request, subject.part, place.logs, deadline);
}

async function lookAtLogs(
  tenantId: string,
  { level, repository }: VerificationRequest,
  part: LogSource,
  from: LogVerifyPlace | undefined,
  deadline: Date,
): Promise<Looked> {
  const { primary, secondary } = requireLogPlaces(services());
  const sides = {
    ...(repository === 'secondary' ? {} : { primary }),
    ...(secondary === undefined || repository === 'primary' ? {} : { secondary }),
  };
  const chain = chainOf(tenantId, part);
  const context = { chain, sides, level, parts: copyParts, clock: services().clock };
  // defects of earlier slices have their rows: only new ones are carried
  const found = await verifyLogs(context, deadline, from);
  const { defects, defectCount, checked, next } = found;
  return {
    findings: defects.map(({ side, through: _, ...rest }) => ({ part, repository: side, ...rest })),
    findingCount: defectCount,
    checked,
    next: next === undefined ? undefined : { logs: { ...next, defects: [], defectCount: 0 } },
  };
}

async function lookAtCopy(
  tenantId: string,
  { level }: VerificationRequest,
  container: number,
  from: CopyVerifyPlace | undefined,
  deadline: Date,
): Promise<Looked> {
  const { clock } = services();
  const place = copyPlaces(services())[container];
  if (place === undefined) return nothing;
  const repository = place.store.description;
  const found = await verifyTenantCopy({ ...place, clock, level }, tenantId, deadline, from);
  return {
    findings: found.defects.map((each) => ({ part: 'tenantCopy', repository, ...each })),
    findingCount: found.defects.length,
    checked: { [repository]: found.checked },
    next: found.next === undefined ? undefined : { copy: found.next },
  };
}

interface Checked {
  readonly of: string;
  readonly container?: number;
  readonly checked: object;
}

async function save(
  tenantNo: number,
  inspection: Inspection,
  subject: Subject | undefined,
  looked: Looked,
  next: Place | undefined,
): Promise<void> {
  const { database } = services();
  const before = JSON.parse(inspection.summary) as Checked[];
  const { findings, findingCount, checked } = looked;
  const summary = subject === undefined ? before : withChecked(before, subject, checked);
  const failed = inspection.findingCount + findingCount;
  await database.withTenant(tenantNo, async (tx) => {
    const isSaved = await saveInspectionSlice(tx, inspection, {
      place: next === undefined ? undefined : JSON.stringify(next),
      summary: JSON.stringify(summary),
      findings,
      findingCount,
    });
    if (!isSaved) return;
    const counts = { done: summary.length, skipped: 0, conflict: 0, failed, pending: 0 };
    await updateOperation(tx, inspection.operationId, { counts });
  });
}

/** One entry for each subject, the newest counts of it. */
function withChecked(before: readonly Checked[], subject: Subject, checked: object): Checked[] {
  const { part: of, ...rest } = subject;
  const isSame = (each: Checked): boolean =>
    each.of === of && each.container === (rest as { container?: number }).container;
  return [...before.filter((each) => !isSame(each)), { of, ...rest, checked }];
}
