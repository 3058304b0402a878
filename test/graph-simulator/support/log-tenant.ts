// A simulated tenant with logs in virtual time, and a plain reader of them.
import type { LogChange, LogTruthLine } from '../../../local/graph-simulator/control/client.ts';
import type { LogSettings } from '../../../local/graph-simulator/logs/log-settings.ts';
import type { LogSource } from '../../../local/graph-simulator/logs/log-source.ts';
import type { LogTruthQuery } from '../../../local/graph-simulator/logs/log-truth.ts';
import { type Answer, type SimulatedTenant, startTenant } from './simulated-tenant.ts';

/** The simulator's clock in tests of logs, and an hour of the day before. */
export const now = Date.UTC(2026, 10, 10, 12);
export const hour = 3_600_000;
export const day = 24 * hour;

export type TruthRecord = Extract<LogTruthLine, { kind: 'record' }>;

/** Without short pages and without quota, so that a test says itself what goes wrong. */
export async function startLogTenant(changes: readonly LogChange[] = []): Promise<SimulatedTenant> {
  const tenant = await startTenant(
    { logs: [calm, ...changes] },
    {
      startAt: now,
      throttling: { identity: false, writes: false, conditionalAccess: false, reports: false },
    },
  );
  return tenant;
}

export const calm: LogChange = { kind: 'settings', settings: { shortPages: 0 } };

/** A tenant of the same simulator with logs of its own. */
export function addLogTenant(
  tenant: SimulatedTenant,
  changes: readonly LogChange[],
  settings: Partial<LogSettings> = {},
): Promise<SimulatedTenant> {
  const own: LogChange = { kind: 'settings', settings: { shortPages: 0, ...settings } };
  return tenant.add({ logs: [own, ...changes] });
}

/** A filter in a URL. */
export function filtered(path: string, filter: string, more = ''): string {
  return `${path}?$filter=${encodeURIComponent(filter)}${more}`;
}

export const paths: Readonly<Record<LogSource, string>> = {
  directoryAudits: '/v1.0/auditLogs/directoryAudits',
  interactiveSignIns: '/v1.0/auditLogs/signIns',
  nonInteractiveSignIns: kindPath('nonInteractiveUser'),
  servicePrincipalSignIns: kindPath('servicePrincipal'),
  managedIdentitySignIns: kindPath('managedIdentity'),
  provisioning: '/v1.0/auditLogs/provisioning?$top=1000',
};

function kindPath(kind: string): string {
  return filtered('/beta/auditLogs/signIns', `signInEventTypes/any(t: t eq '${kind}')`);
}

/** `path` with the version. Virtual time outlives tokens, so a refused one is asked for again. */
export async function getLog(tenant: SimulatedTenant, path: string): Promise<Answer> {
  const url = /^https:/.test(path) ? path : `${tenant.simulator.origin}${path}`;
  const answer = await tenant.get(url);
  if (answer.status !== 401) {
    return answer;
  }
  tenant.forgetTokens();
  return tenant.get(url);
}

/** The texts of the rows of a page, cut out of the answer without parsing them. */
export function rowTexts(answer: string): readonly string[] {
  const start = answer.indexOf('"value":[') + 9;
  const texts: string[] = [];
  let depth = 0;
  let from = start;
  for (const match of answer.slice(start).matchAll(/"(?:[^"\\]|\\.)*"|[[{]|[\]}]/gs)) {
    const at = start + match.index;
    const step = stepOf(match[0]);
    from = depth === 0 && step === 1 ? at : from;
    depth += step;
    if (depth < 0) {
      break;
    }
    texts.push(...(depth === 0 && step === -1 ? [answer.slice(from, at + 1)] : []));
  }
  return texts;
}

function stepOf(token: string): number {
  if (token === '{' || token === '[') {
    return 1;
  }
  return token === '}' || token === ']' ? -1 : 0;
}

export type LogPages = {
  readonly pages: readonly (readonly string[])[];
  readonly texts: readonly string[];
  readonly ids: readonly string[];
};

const maximumPages = 1_000;

/** Follows next links from `path`; throws at anything but 200. */
export async function readLog(tenant: SimulatedTenant, path: string): Promise<LogPages> {
  const pages: (readonly string[])[] = [];
  for (let link: string | undefined = path; link !== undefined; ) {
    const answer: Answer = await getLog(tenant, link);
    if (answer.status !== 200) {
      throw new Error(`${answer.status} ${answer.text}`);
    }
    pages.push(rowTexts(answer.text));
    if (pages.length > maximumPages) {
      throw new Error(`${path} does not end`);
    }
    link = answer.body['@odata.nextLink'] as string | undefined;
  }
  const texts = pages.flat();
  return { pages, texts, ids: texts.map(idOf) };
}

export function idOf(text: string): string {
  return String((JSON.parse(text) as { id: unknown }).id);
}

export function fieldOf(text: string, name: string): unknown {
  return (JSON.parse(text) as Record<string, unknown>)[name];
}

export async function truthOf(
  tenant: SimulatedTenant,
  query: LogTruthQuery = {},
): Promise<TruthRecord[]> {
  const records: TruthRecord[] = [];
  for await (const line of tenant.control.logTruth(tenant.tenantId, query)) {
    if (line.kind === 'record') {
      records.push(line);
    }
  }
  return records;
}

export const streamOf = (
  source: LogSource,
  records: number,
  more: Partial<Extract<LogChange, { kind: 'stream' }>['stream']> = {},
): LogChange => ({
  kind: 'stream',
  stream: { source, from: now - day, to: now - hour, records, ...more },
});
