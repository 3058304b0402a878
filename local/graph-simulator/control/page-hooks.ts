// "Before page 2 of /users is answered, rename this user": changes that happen while a client
// lists, at a known point.
import { applyLogChanges, type LogChange } from '../logs/log-changes.ts';
import type { TenantState } from '../tenant/tenant-state.ts';
import type { SimulatorRequest } from '../types.ts';
import { type AdminChange, applyChanges } from './admin-changes.ts';

export type PageHook = {
  readonly tenantId: string;
  /** Path without the version, compared without case: `/users`, `/groups/delta`. */
  readonly path: string;
  /** Part of the URL that must occur, such as `$expand=members`. */
  readonly urlContains?: string;
  /** From 1. */
  readonly page: number;
  readonly when?: 'before' | 'after';
  /** How often it acts; once unless given. */
  readonly times?: number;
  readonly changes?: readonly AdminChange[];
  readonly logChanges?: readonly LogChange[];
};

export type PageHooks = {
  add(hook: PageHook): void;
  clear(tenantId?: string): void;
  run(when: 'before' | 'after', request: SimulatorRequest, tenant: TenantState, page: number): void;
  /** Hooks that have not acted as often as they should. */
  pending(): readonly PageHook[];
};

export function createPageHooks(): PageHooks {
  let hooks: { hook: PageHook; left: number }[] = [];
  return {
    add: (hook) => {
      hooks.push({ hook, left: hook.times ?? 1 });
    },
    clear: (tenantId) => {
      hooks = tenantId === undefined ? [] : hooks.filter(({ hook }) => hook.tenantId !== tenantId);
    },
    run: (when, request, tenant, page) => {
      for (const entry of hooks) {
        if (entry.left > 0 && matches(entry.hook, when, request, tenant, page)) {
          entry.left -= 1;
          applyChanges(tenant, entry.hook.changes ?? []);
          applyLogChanges(tenant, entry.hook.logChanges ?? []);
        }
      }
    },
    pending: () => hooks.filter(({ left }) => left > 0).map(({ hook }) => hook),
  };
}

function matches(
  hook: PageHook,
  when: 'before' | 'after',
  request: SimulatorRequest,
  tenant: TenantState,
  page: number,
): boolean {
  return (
    hook.tenantId === tenant.tenantId &&
    (hook.when ?? 'before') === when &&
    hook.page === page &&
    hook.path.toLowerCase() === request.path.toLowerCase() &&
    (hook.urlContains === undefined || decodeURIComponent(request.url).includes(hook.urlContains))
  );
}
