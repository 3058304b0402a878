import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { HostError } from './host-error.ts';

/** What the host takes from host.json, with the defaults of the real host. Durations in ms. */
export interface HostSettings {
  functionTimeoutMs: number;
  routePrefix: string;
  hubName: string;
  maxConcurrentActivities: number;
  maxConcurrentOrchestrators: number;
  defaultVersion: string;
  versionMatchStrategy: 'None' | 'Strict' | 'CurrentOrOlder';
  versionFailureStrategy: 'Reject' | 'Fail';
}

export type Environment = Record<string, string | undefined>;

type Json = Record<string, unknown>;

function asObject(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Json)
    : {};
}

function readJson(file: string): Json {
  if (!existsSync(file)) return {};
  try {
    return asObject(JSON.parse(readFileSync(file, 'utf8')));
  } catch (cause) {
    throw new HostError(`${file} is not valid JSON`, { cause });
  }
}

/**
 * Copies `Values` of local.settings.json into the environment; what is set already stays.
 * @throws HostError when the file is not JSON
 */
export function applyLocalSettings(directory: string, environment: Environment): void {
  const values = asObject(readJson(join(directory, 'local.settings.json'))['Values']);
  for (const [name, value] of Object.entries(values)) environment[name] ??= String(value);
}

/**
 * Replaces `%NAME%` by the setting of that name, as bindings and host.json allow.
 * @throws HostError when the setting is missing or empty
 */
export function resolveSettings(text: string, environment: Environment, where: string): string {
  return text.replace(/%([^%]+)%/g, (_, name: string) => {
    const value = environment[name];
    if (!value) throw new HostError(`${where} names the setting ${name}, which is not set`);
    return value;
  });
}

/** `hh:mm:ss`, `d.hh:mm:ss` or -1 (none) to ms. */
export function parseTimeSpan(text: string, where: string): number {
  if (text === '-1' || text === '-00:00:01') return Number.POSITIVE_INFINITY;
  const match = /^(?:(\d+)\.)?(\d{1,2}):(\d{2}):(\d{2})(?:\.(\d{1,7}))?$/.exec(text);
  if (!match) throw new HostError(`${where}: "${text}" is not a time span such as 00:30:00`);
  const [days, hours, minutes, seconds] = match.slice(1, 5).map((part) => Number(part ?? 0));
  const fraction = Number(`0.${match[5] ?? 0}`);
  const whole = (((days ?? 0) * 24 + (hours ?? 0)) * 60 + (minutes ?? 0)) * 60 + (seconds ?? 0);
  return Math.round((whole + fraction) * 1000);
}

function positiveInteger(value: unknown, fallback: number, where: string): number {
  if (value === undefined) return fallback;
  if (typeof value === 'number' && Number.isInteger(value) && value > 0) return value;
  throw new HostError(`host.json: ${where} must be a whole number above 0`);
}

function oneOf<T extends string>(value: unknown, allowed: readonly T[], where: string): T {
  const found = allowed.find((a) => a === value);
  if (found) return found;
  throw new HostError(`host.json: ${where} must be one of ${allowed.join(', ')}`);
}

function readDurableSettings(durable: Json, environment: Environment) {
  const perCore = 10 * availableParallelism();
  const hub = String(durable['hubName'] ?? 'TestHubName');
  const match = durable['versionMatchStrategy'] ?? 'CurrentOrOlder';
  const failure = durable['versionFailureStrategy'] ?? 'Reject';
  return {
    hubName: resolveSettings(hub, environment, 'host.json extensions.durableTask.hubName'),
    maxConcurrentActivities: positiveInteger(
      durable['maxConcurrentActivityFunctions'],
      perCore,
      'maxConcurrentActivityFunctions',
    ),
    maxConcurrentOrchestrators: positiveInteger(
      durable['maxConcurrentOrchestratorFunctions'],
      perCore,
      'maxConcurrentOrchestratorFunctions',
    ),
    defaultVersion: String(durable['defaultVersion'] ?? ''),
    versionMatchStrategy: oneOf(
      match,
      ['None', 'Strict', 'CurrentOrOlder'],
      'versionMatchStrategy',
    ),
    versionFailureStrategy: oneOf(failure, ['Reject', 'Fail'], 'versionFailureStrategy'),
  };
}

/**
 * Reads host.json of an app directory (a missing file means defaults).
 * @throws HostError with the entry that is wrong
 */
export function readHostSettings(directory: string, environment: Environment): HostSettings {
  const host = readJson(join(directory, 'host.json'));
  const extensions = asObject(host['extensions']);
  const http = asObject(extensions['http']);
  return {
    functionTimeoutMs: parseTimeSpan(
      String(host['functionTimeout'] ?? '00:30:00'),
      'host.json functionTimeout',
    ),
    routePrefix: String(http['routePrefix'] ?? 'api').replace(/^\/+|\/+$/g, ''),
    ...readDurableSettings(asObject(extensions['durableTask']), environment),
  };
}
