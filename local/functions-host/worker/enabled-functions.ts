import type { Environment } from '../host-settings.ts';
import type { AppRegistrations } from './core-api.ts';
import type { RegisteredFunction } from './rpc.ts';

const SUPPORTED = new Set([
  'httptrigger',
  'timertrigger',
  'activitytrigger',
  'orchestrationtrigger',
]);

/** `AzureWebJobs.NAME.Disabled`, or with underscores where an environment allows no dots. */
function isDisabled(name: string, environment: Environment): boolean {
  const settings = [`AzureWebJobs.${name}.Disabled`, `AzureWebJobs_${name}_Disabled`];
  return settings.some((setting) => /^(?:true|1)$/i.test(environment[setting] ?? ''));
}

function describeGap(fn: RegisteredFunction): string | undefined {
  if (!SUPPORTED.has(fn.trigger.type.toLowerCase())) {
    return `function ${fn.name} never runs: this host has no ${fn.trigger.type}`;
  }
  const outputs = Object.values(fn.metadata.bindings).filter(
    (binding) => binding.direction === 'out' && binding.type.toLowerCase() !== 'http',
  );
  if (outputs.length > 0) {
    return `function ${fn.name}: what it writes to ${outputs[0]?.type} outputs is dropped`;
  }
  return fn.metadata.retryOptions
    ? `function ${fn.name} declares a retry policy, which this host ignores`
    : undefined;
}

/**
 * The functions that are not disabled by a setting
 * (https://learn.microsoft.com/azure/azure-functions/disable-function), and what this host cannot
 * do for them, worded for the log: a gap that nobody mentions would be found in the cloud.
 */
export function enabledFunctions(
  app: AppRegistrations,
  environment: Environment,
): { functions: RegisteredFunction[]; gaps: string[] } {
  const all = [...app.functions.values()];
  const functions = all.filter((fn) => !isDisabled(fn.name, environment));
  const gaps = functions.map(describeGap).filter((gap) => gap !== undefined);
  return { functions, gaps };
}
