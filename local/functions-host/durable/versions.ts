import type { HostSettings } from '../host-settings.ts';

/** Compares dotted versions by number, anything else as text. */
export function compareVersions(a: string, b: string): number {
  const dotted = /^\d+(\.\d+)*$/;
  if (!dotted.test(a) || !dotted.test(b)) return a < b ? -1 : Number(a > b);
  const left = a.split('.').map(Number);
  const right = b.split('.').map(Number);
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/**
 * Whether this app may work on an instance of `version`
 * (https://learn.microsoft.com/azure/azure-functions/durable/durable-functions-orchestration-versioning).
 */
export function acceptsVersion(
  settings: Pick<HostSettings, 'defaultVersion' | 'versionMatchStrategy'>,
  version: string,
): boolean {
  const { defaultVersion, versionMatchStrategy } = settings;
  if (versionMatchStrategy === 'None') return true;
  if (versionMatchStrategy === 'Strict') return version === defaultVersion;
  return compareVersions(version, defaultVersion) <= 0;
}
