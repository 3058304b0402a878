// Keeps tenants over a restart of the process: a file of lines in the state folder. Change
// numbers start again with each process, so delta tokens of an earlier one count as expired.
import { createReadStream, createWriteStream } from 'node:fs';
import { access, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { SimulatorState } from './control/simulator-state.ts';
import { type TruthLine, truthLines } from './control/truth.ts';
import { applyLogChanges, type DatedLogChange } from './logs/log-changes.ts';
import type { TenantSettings } from './tenant/tenant-settings.ts';
import type { TenantState } from './tenant/tenant-state.ts';
import type { SeedTarget } from './types.ts';

type TenantLine = {
  readonly kind: 'tenant';
  readonly tenantId: string;
  readonly displayName: string;
  readonly domains: readonly string[];
  readonly settings: TenantSettings;
  readonly logs?: readonly DatedLogChange[];
};

export function tenantFile(stateDir: string): string {
  return join(stateDir, 'tenants.ndjson');
}

function* lines(state: SimulatorState): Generator<string> {
  for (const tenantId of state.tenantIds()) {
    const { displayName, domains, settings, logHistory: logs } = state.tenant(tenantId);
    const head: TenantLine = { kind: 'tenant', tenantId, displayName, domains, settings, logs };
    yield `${JSON.stringify(head)}\n`;
    for (const line of objectsBeforeLinks(state.tenant(tenantId))) {
      yield `${JSON.stringify(line)}\n`;
    }
  }
}

/** A link can be loaded only when both its ends are there. */
function* objectsBeforeLinks(tenant: TenantState): Generator<TruthLine> {
  for (const kind of ['object', 'link', 'end'] as const) {
    for (const line of truthLines(tenant)) {
      if (line.kind === kind) {
        yield line;
      }
    }
  }
}

/** Writes all tenants; the file is replaced in one step. */
export async function saveTenants(state: SimulatorState, stateDir: string): Promise<void> {
  const temporary = `${tenantFile(stateDir)}.${process.pid}`;
  await pipeline(Readable.from(lines(state)), createWriteStream(temporary));
  await rename(temporary, tenantFile(stateDir));
}

/** Loads the tenants of the file, if there is one; throws when it ends early. */
export async function loadTenants(state: SimulatorState, stateDir: string): Promise<void> {
  try {
    await access(tenantFile(stateDir));
  } catch {
    return;
  }
  const input = createReadStream(tenantFile(stateDir));
  let target: SeedTarget | undefined;
  for await (const text of createInterface({ input, crlfDelay: Infinity })) {
    const line = JSON.parse(text) as TenantLine | TruthLine;
    if (line.kind === 'tenant') {
      target = loadTenant(state, line);
    } else if (target !== undefined) {
      load(target, line);
      target = line.kind === 'end' ? undefined : target;
    }
  }
  if (target !== undefined) {
    throw new Error('the file of tenants ends early');
  }
}

/** The logs are made again by the changes they were made by. */
function loadTenant(state: SimulatorState, line: TenantLine): SeedTarget {
  const tenant = state.addEmptyTenant(line);
  for (const { at, change } of line.logs ?? []) {
    applyLogChanges(tenant, [change], at);
  }
  return tenant.seedTarget();
}

function load(target: SeedTarget, line: TruthLine): void {
  if (line.kind === 'object') {
    target.addObject(line.type, line.id, line.properties, line.deletedDateTime);
  } else if (line.kind === 'link') {
    target.addLink(line.relationship, line.source, line.target);
  } else {
    target.finish();
  }
}
