// The text of the n-th record of a stream, in the shape the service sends it. The same record has
// the same bytes each time; another version of it differs.
import { roll } from '../seed/dice.ts';
import type { LogSource, LogVariant } from './log-source.ts';
import {
  guid,
  type LogAddress,
  type LogApplication,
  type LogUser,
  type Population,
} from './population.ts';
import { renderAudit } from './render-audit.ts';
import { renderProvisioning } from './render-provisioning.ts';
import { renderSignIn } from './render-sign-in.ts';

export type RecordPlan = {
  readonly source: LogSource;
  readonly seed: number;
  readonly bytes: number;
};

/** Everything a renderer draws from; texts in it are JSON already. */
export type RecordParts = {
  readonly plan: RecordPlan;
  readonly population: Population;
  readonly number: number;
  readonly id: string;
  readonly ticks: number;
  readonly version: number;
  readonly variant: LogVariant;
  readonly user: LogUser;
  readonly application: LogApplication;
  readonly address: LogAddress;
  /** A 32-bit draw of this record for a purpose. */
  readonly draw: (purpose: number) => number;
};

const draws = { id: 90, user: 91, application: 92, address: 93, other: 100 } as const;

/** Sign-ins and provisioning have GUIDs, audits composite texts with underscores. */
export function idOfRecord({ source, seed }: RecordPlan, number: number): string {
  const id = guid(seed, draws.id, number);
  if (source !== 'directoryAudits') {
    return id;
  }
  const draw = roll(seed, draws.id, number);
  const tail = draw.toString(36).toUpperCase().padStart(7, '0').slice(0, 5);
  const place = String(draw % 100_000_000);
  const forms = [
    `Directory_${id}_${tail}_${place}`,
    `SSGM_${id}_${tail}_${place}`,
    `Sync_${tail}_${place}_${number}`,
    `PIM_${id}_${tail}_${place}`,
  ];
  return forms[draw % forms.length] ?? id;
}

export function renderRecord(
  plan: RecordPlan,
  population: Population,
  number: number,
  ticks: number,
  version: number,
  variant: LogVariant,
): string {
  const pick = <Item>(items: readonly Item[], kind: number): Item => {
    const item = items[roll(plan.seed, kind, number) % items.length];
    if (item === undefined) {
      throw new Error('a log stream without users, applications or addresses');
    }
    return item;
  };
  const parts: RecordParts = {
    plan,
    population,
    number,
    id: idOfRecord(plan, number),
    ticks,
    version,
    variant,
    user: pick(population.users, draws.user),
    application: pick(population.applications, draws.application),
    address: pick(population.addresses, draws.address),
    draw: (purpose) => roll(plan.seed, draws.other + purpose, number),
  };
  if (plan.source === 'directoryAudits') {
    return renderAudit(parts);
  }
  return plan.source === 'provisioning' ? renderProvisioning(parts) : renderSignIn(parts);
}
