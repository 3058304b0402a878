import {
  type FunctionsHostOptions,
  startFunctionsHost,
} from '../../../local/functions-host/host.ts';

/** A host within the test's own process, silent, on a free port. */
export function startInlineHost(
  register: () => unknown,
  options: Partial<FunctionsHostOptions> = {},
) {
  return startFunctionsHost({
    directory: import.meta.dirname,
    port: 0,
    hub: ':memory:',
    log: () => {},
    register,
    ...options,
    settings: { hubName: 'TestHub', ...options.settings },
  });
}
