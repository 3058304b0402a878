// One small tenant whose backups meet faults, and the judgement of every one of them.
import { expect } from 'vitest';
import type { FaultRuleInput } from '../../local/graph-simulator/control/client.ts';
import { type Lab, type LabTenant, type Outcome, startFaultLab } from './fault-lab.ts';
import { isEmbellished, isUnnoticed, type RunResult, type Shot } from './fault-shots.ts';
import type { Mode } from './fault-targets.ts';
import { judgePoint, type PointView } from './point-judgement.ts';
import { sessionResidue } from './session-residue.ts';
import { repositoryLines, simulatorTruth } from './simulator-truth.ts';
import { StirredTenant } from './stirred-tenant.ts';

/** Rows on a page: few, so that a small tenant has lists of several pages. */
const pageSize = { list: 14, expanded: 14 };
/** Tries of a call whose answer never comes, and of others, in milliseconds. */
const SHORT_TRY_MS = 1_500;
const LONG_TRY_MS = 30_000;

/** What a run showed, over all lanes of a file. */
export interface Tally {
  runs: number;
  complete: number;
  partial: number;
  gaveUp: number;
  fired: number;
  falseDeletions: number;
}

interface Reason {
  readonly code: string;
  readonly collection?: string;
  readonly detail?: string;
}

export class FaultLane {
  readonly #lab: Lab;
  readonly #tenant: LabTenant;
  readonly #stirred: StirredTenant;
  readonly #tally: Tally;
  #head = 0;
  /** Until the next full backup without faults. */
  readonly #embellished = new Set<string>();
  #isShort = false;

  private constructor(lab: Lab, tenant: LabTenant, tally: Tally) {
    this.#lab = lab;
    this.#tenant = tenant;
    this.#stirred = new StirredTenant(lab.control, tenant.tenantId);
    this.#tally = tally;
  }

  static async start(seed: number, tally: Tally): Promise<FaultLane> {
    const lab = await startFaultLab({ pageSize, apart: true });
    const counts = { users: 50, groups: 15, links: 90, administrativeUnits: 15 };
    const rules = { policies: 15, namedLocations: 15 };
    const tenant = await lab.addTenant({ seed: { ...counts, ...rules, seed } });
    const lane = new FaultLane(lab, tenant, tally);
    await lane.#stirred.prepare();
    await lane.clean('full', 'the first backup');
    await lane.clean('incremental', 'the second backup');
    return lane;
  }

  async close(): Promise<void> {
    await this.#lab.close();
  }

  /** Changes of every kind, then a backup while these things go wrong. */
  async run(name: string, mode: Mode, shots: readonly Shot[]): Promise<RunResult> {
    const { control } = this.#lab;
    await this.#stirred.stir();
    await control.faults(...shots.flatMap((shot) => this.#rulesOf(shot)));
    const isSlow = shots.some(({ entry }) => entry.fault.kind === 'hang');
    this.#tenant.tryTimeoutMs = isSlow ? SHORT_TRY_MS : LONG_TRY_MS;
    if (shots.some(({ target }) => target.match.signIn)) this.#tenant.signInAgain();
    for (const { target } of shots.filter(isEmbellished)) {
      for (const name of target.suffers) this.#embellished.add(name);
    }
    this.#isShort ||= shots.some(isUnnoticed);
    const outcome = await this.#tenant.backup({ mode });
    const report = await control.faultReport();
    await control.clearFaults();
    const effective = new Set(report.filter((one) => one.effective > 0).map((one) => one.name));
    this.#tally.runs += 1;
    this.#tally.fired += effective.size;
    const read = await this.#judge(name, shots, outcome);
    return { outcome: outcome.kind, effective, read };
  }

  /** Without faults the point equals the tenant. */
  async clean(mode: Mode | 'auto', name: string): Promise<void> {
    await this.#stirred.stir();
    this.#tenant.tryTimeoutMs = LONG_TRY_MS;
    if (mode === 'full') {
      this.#embellished.clear();
      this.#isShort = false;
    }
    const outcome = await this.#tenant.backup({ mode });
    await this.#judge(name, [], outcome);
    expect(outcome, name).toMatchObject({ kind: 'published', state: 'complete' });
  }

  #rulesOf({ name, target, entry, times }: Shot): FaultRuleInput[] {
    const { tenantId } = this.#tenant;
    const own = target.match.signIn === true ? {} : { tenantId };
    const hang =
      entry.fault.kind === 'hang' ? { ...entry.fault, milliseconds: 30_000 } : entry.fault;
    const needsToken = entry.fault.kind === 'expiredPageToken';
    const query = { ...target.match.query, ...(needsToken ? { $skiptoken: true } : {}) };
    const rule = {
      name,
      match: { ...target.match, ...own, query },
      when: times === undefined ? {} : { times },
      fault: hang,
    };
    const before = target.after;
    return before === undefined
      ? [rule]
      : [{ ...before, name: `so that ${name}`, match: { ...before.match, tenantId } }, rule];
  }

  async #judge(
    name: string,
    shots: readonly Shot[],
    outcome: Outcome,
  ): Promise<ReadonlySet<string>> {
    const { db, control } = this.#lab;
    if (outcome.kind === 'gaveUp') {
      this.#tally.gaveUp += 1;
      expect(['internalError', 'invalidState'], name).not.toContain(outcome.error.code);
      expect(outcome.error.hint, name).toMatch(/^[A-Z].*\.$/);
      expect(await sessionResidue(db, this.#tenant.tenantId), name).toEqual([]);
      return new Set();
    }
    const { tenantNo, tenantId } = this.#tenant;
    const before = this.#head;
    this.#head = outcome.point;
    this.#tally[outcome.state] += 1;
    const reasons = await this.#reasons(outcome.point);
    if (outcome.state === 'partial') checkReasons(name, shots, reasons);
    const states = await this.#states(outcome.point);
    const view: PointView = {
      state: outcome.state,
      whole: new Set(
        states
          .filter((row) => row.state === 'read' && row.unsettled === 0)
          .map((row) => row.collection)
          .filter((collection) => !reasons.some((reason) => reason.collection === collection)),
      ),
      lines: await repositoryLines(db, tenantNo, outcome.point),
      embellished: this.#embellished,
      isShort: this.#isShort,
    };
    const truth = await simulatorTruth(control, tenantId);
    const previous = {
      lines: await repositoryLines(db, tenantNo, before),
      dormant: await repositoryLines(db, tenantNo, before, { dormant: true }),
    };
    const wrong = judgePoint(truth, previous, view);
    this.#tally.falseDeletions += wrong.filter((line) => line.startsWith('deleted')).length;
    expect(wrong, name).toEqual([]);
    return new Set(states.filter((row) => row.state === 'read').map((row) => row.collection));
  }

  async #reasons(point: number): Promise<readonly Reason[]> {
    const [row] = await this.#lab.db.owner.rows<{ reasons: string }>(
      'select reasons::text as reasons from restore_point where tenant_no = $1 and number = $2',
      [this.#tenant.tenantNo, point],
    );
    const all = JSON.parse(row?.reasons ?? '[]') as readonly Reason[];
    return all.filter(({ code }) => missing.includes(code));
  }

  async #states(point: number) {
    return await this.#lab.db.owner.rows<{ collection: string; state: string; unsettled: number }>(
      'select collection, state, unsettled from collection_state where tenant_no = $1 and point = $2',
      [this.#tenant.tenantNo, point],
    );
  }
}

/** Reasons for a partial point, beside those of the change guard. */
const missing = ['carried-failed', 'forbidden', 'quarantined', 'notCaptured'];

/** A partial point says what it lacks, and only what was aimed at. */
function checkReasons(name: string, shots: readonly Shot[], reasons: readonly Reason[]): void {
  expect(reasons, name).not.toEqual([]);
  const aimed = shots.flatMap(({ target }) => target.suffers);
  // who is told to wait waits with all requests to that service, whichever of them was told
  const isTold = shots.some(({ entry }) => entry.name.startsWith('429'));
  const named = reasons
    .filter(({ detail }) => !(isTold && detail?.startsWith('graphThrottled:')))
    .flatMap(({ collection }) => collection ?? []);
  if (aimed.includes('shared')) return;
  const others = named.filter((collection) => !aimed.includes(collection));
  expect(others, `${name}: ${JSON.stringify(reasons)}`).toEqual([]);
}
