// A damaged tenant, a plan and its restore, for tests that run without a functions host.
import type { AdminChange, TruthLine } from '../../local/graph-simulator/control/client.ts';
import { rewriteIds } from '../../shared/compare/rewrite-ids.ts';
import type { Selection } from '../../shared/model/selection.ts';
import * as identityMap from '../../shared/repository/identity-map.ts';
import { plan } from '../database/restore-plan-fixture.ts';
import { captureTruth } from './capture-truth.ts';
import { type ApplyOptions, applyPlan, type RestoreHarness } from './restore-harness.ts';

export type ObjectLine = Extract<TruthLine, { kind: 'object' }>;

let harness: RestoreHarness;
let point = 0;

/** The tenant all functions of this file work on. */
export function useHarness(started: RestoreHarness): void {
  harness = started;
  point = 0;
}

export async function truth(): Promise<TruthLine[]> {
  const lines: TruthLine[] = [];
  for await (const line of harness.simulator.control.truth(harness.tenantId)) lines.push(line);
  return lines;
}

export const objects = (lines: readonly TruthLine[], type: string): ObjectLine[] =>
  lines.filter((line): line is ObjectLine => line.kind === 'object' && line.type === type);
export const live = (lines: readonly TruthLine[], type: string): ObjectLine[] =>
  objects(lines, type).filter((line) => line.state === 'live');

export async function capture(): Promise<number> {
  point += 1;
  await harness.db.database.withTenant(harness.tenantNo, (tx) =>
    captureTruth(tx, harness.simulator.control, harness.tenantId, point),
  );
  return point;
}

export async function makePlan(selection: Selection, from: number) {
  const livePoint = await capture();
  return await harness.db.database.withTenant(harness.tenantNo, (tx) =>
    plan(tx, selection, from, livePoint),
  );
}

export async function change(...changes: AdminChange[]): Promise<void> {
  await harness.simulator.control.change(harness.tenantId, ...changes);
}

export async function currentIds(): Promise<Map<string, string>> {
  return await harness.db.database.withTenant(harness.tenantNo, (tx) =>
    identityMap.readIdentityMap(tx),
  );
}

/** Deletes every second of the objects for good, the others to the recycle bin. */
export function deletions(lines: readonly ObjectLine[]): AdminChange[] {
  return lines.flatMap(({ id }, index): AdminChange[] => [
    { kind: 'delete', id },
    ...(index % 2 === 0 ? [{ kind: 'purge', id } as const] : []),
  ]);
}

/** Links that Graph shows and lets us write, with ids brought up to date. */
function linkSet(lines: readonly TruthLine[], ids: ReadonlyMap<string, string>): Set<string> {
  const foreign = new Set(
    lines
      .filter((line) => line.kind === 'object')
      .filter((line) => isSynced(line) || isMailOnly(line) || isDynamic(line))
      .map((line) => line.id),
  );
  return new Set(
    lines
      .filter((line) => line.kind === 'link' && line.live)
      .filter((line) => line.kind === 'link' && !foreign.has(line.source))
      .map((line) => rewriteIds(JSON.stringify(line), ids) as string),
  );
}

/** Links that only one of the states has. */
export function lost(
  before: readonly TruthLine[],
  after: readonly TruthLine[],
  ids: ReadonlyMap<string, string>,
): string[] {
  const [one, two] = [linkSet(before, ids), linkSet(after, new Map())];
  return [
    ...[...one].filter((line) => !two.has(line)),
    ...[...two].filter((line) => !one.has(line)),
  ];
}

export async function writesAfter(number: number) {
  const entries = await harness.simulator.control.ledger({ after: number });
  return entries.filter(
    (entry) => entry.method !== 'GET' && !entry.url.includes('getByIds') && entry.applied,
  );
}

export const isSynced = (line: ObjectLine): boolean =>
  line.properties['onPremisesSyncEnabled'] === true;
export const isMailOnly = (line: ObjectLine): boolean =>
  line.properties['mailEnabled'] === true &&
  !JSON.stringify(line.properties['groupTypes'] ?? []).includes('Unified');

/** Members that follow from a rule. */
export const isDynamic = (line: ObjectLine): boolean =>
  /Dynamic/.test(
    JSON.stringify([line.properties['groupTypes'], line.properties['membershipType']]),
  );

/** Restores after `damage` and checks that everything is as it was, through the identity map. */
export async function restoreAfter(damage: AdminChange[], options: ApplyOptions = {}) {
  const wanted = await capture();
  const before = await truth();
  await change(...damage);
  const made = await makePlan({ all: true }, wanted);
  const last = await harness.simulator.control.ledgerLastNumber();
  const rows = await applyPlan(harness, made.planId, options);
  await harness.simulator.control.clearFaults();
  const after = await truth();
  const again = await makePlan({ all: true }, wanted);
  return { wanted, before, made, rows, after, again, writes: await writesAfter(last) };
}
