import type { RegisteredFunction } from '../worker/rpc.ts';

/** Finds functions of one trigger type by name, without case, as the real host does. */
export class FunctionTable {
  readonly #byName = new Map<string, RegisteredFunction>();

  constructor(functions: Iterable<RegisteredFunction>, triggerType: string) {
    for (const fn of functions) {
      if (fn.trigger.type.toLowerCase() === triggerType.toLowerCase()) {
        this.#byName.set(fn.name.toLowerCase(), fn);
      }
    }
  }

  find(name: string): RegisteredFunction | undefined {
    return this.#byName.get(name.toLowerCase());
  }

  has(name: string): boolean {
    return this.#byName.has(name.toLowerCase());
  }

  all(): RegisteredFunction[] {
    return [...this.#byName.values()];
  }
}
