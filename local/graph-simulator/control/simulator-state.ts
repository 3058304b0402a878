// Everything one simulator process holds, and the operations the control API offers on it.

import type { AdjustableClock } from '../clock.ts';
import { createLedger, type Ledger } from '../ledger.ts';
import { applyLogChanges, forgetLogPages, type LogChange } from '../logs/log-changes.ts';
import { fullBackupBound, type LowerBound } from '../lower-bound.ts';
import { forgetPages, keepPages } from '../page-cache.ts';
import { type SeedCounts, type SeedPlan, seedTenant } from '../seed/seed-tenant.ts';
import type { NewRegistration } from '../sign-in/registrations.ts';
import type { SignIn } from '../sign-in/sign-in.ts';
import type { TenantSettings } from '../tenant/tenant-settings.ts';
import { TenantState } from '../tenant/tenant-state.ts';
import type { Throttling, ThrottlingSettings } from '../throttling.ts';
import { createPageHooks, type PageHooks } from './page-hooks.ts';
import { truthSummary } from './truth.ts';

/** A tenant with app registrations and contents; without `seed` and `objects` it is empty. */
export type NewTenant = {
  readonly tenantId: string;
  readonly displayName?: string;
  readonly domains?: readonly string[];
  readonly seed?: SeedPlan;
  readonly settings?: Partial<TenantSettings>;
  readonly registrations?: readonly NewRegistration[];
  /** Keep rendered pages; for benchmarks. */
  readonly prerender?: boolean;
  /** Streams, records and settings of the logs. */
  readonly logs?: readonly LogChange[];
  /** Leave a tenant with this id as it is, apart from the registrations. */
  readonly keepExisting?: boolean;
};

export type ClockChange =
  | { readonly kind: 'real' }
  | { readonly kind: 'set'; readonly milliseconds: number }
  | { readonly kind: 'advance'; readonly milliseconds: number };

export type SimulatorParts = {
  readonly clock: AdjustableClock;
  readonly signIn: SignIn;
  readonly throttling: Throttling;
  readonly ledger?: Ledger;
};

export class SimulatorState {
  readonly clock: AdjustableClock;
  readonly signIn: SignIn;
  readonly throttling: Throttling;
  readonly ledger: Ledger;
  readonly hooks: PageHooks = createPageHooks();
  readonly #tenants = new Map<string, TenantState>();

  constructor(parts: SimulatorParts) {
    this.clock = parts.clock;
    this.signIn = parts.signIn;
    this.throttling = parts.throttling;
    this.ledger = parts.ledger ?? createLedger();
  }

  findTenant(tenantId: string): TenantState | undefined {
    return this.#tenants.get(tenantId.toLowerCase());
  }

  tenant(tenantId: string): TenantState {
    const found = this.findTenant(tenantId);
    if (found === undefined) {
      throw new Error(`tenant ${tenantId} does not exist`);
    }
    return found;
  }

  tenantIds(): readonly string[] {
    return [...this.#tenants.keys()];
  }

  /** Sum of the change numbers of all tenants: grows with every change. */
  get changeCount(): number {
    return [...this.#tenants.values()].reduce(
      (sum, tenant) => sum + 1 + tenant.log.sequence + tenant.logHistory.length,
      0,
    );
  }

  /** A tenant that still has to be filled through its seed target. */
  addEmptyTenant(plan: Pick<NewTenant, 'tenantId' | 'displayName' | 'domains' | 'settings'>) {
    const tenantId = plan.tenantId.toLowerCase();
    const tenant = new TenantState(tenantId, this.clock, plan.settings?.randomSeed);
    this.signIn.registrations.addTenant(tenantId);
    this.#forgetLogPages(tenantId);
    this.#tenants.set(tenantId, tenant);
    tenant.displayName = plan.displayName ?? tenant.displayName;
    tenant.domains = plan.domains ?? tenant.domains;
    this.changeSettings(tenantId, plan.settings ?? {});
    return tenant;
  }

  /** Creates the tenant, or replaces the one with this id, and fills it. */
  createTenant(plan: NewTenant): SeedCounts | undefined {
    const tenantId = plan.tenantId.toLowerCase();
    const existing = plan.keepExisting === true && this.findTenant(tenantId) !== undefined;
    if (!existing) {
      this.addEmptyTenant(plan);
    }
    for (const registration of plan.registrations ?? []) {
      this.signIn.registrations.register(tenantId, registration);
    }
    return existing ? undefined : this.#fill(this.tenant(tenantId), plan);
  }

  #fill(tenant: TenantState, plan: NewTenant): SeedCounts | undefined {
    const target = tenant.seedTarget();
    let counts: SeedCounts | undefined;
    if (plan.seed === undefined) {
      target.finish();
    } else {
      counts = seedTenant(target, plan.seed);
    }
    tenant.displayName = plan.displayName ?? tenant.displayName;
    tenant.domains = plan.domains ?? tenant.domains;
    applyLogChanges(tenant, plan.logs ?? []);
    this.prerender(tenant.tenantId, plan.prerender === true);
    return counts;
  }

  removeTenant(tenantId: string): void {
    this.#forgetLogPages(tenantId.toLowerCase());
    this.#tenants.delete(tenantId.toLowerCase());
    this.signIn.registrations.removeTenant(tenantId);
    this.hooks.clear(tenantId.toLowerCase());
  }

  #forgetLogPages(tenantId: string): void {
    const tenant = this.#tenants.get(tenantId);
    if (tenant !== undefined) {
      forgetLogPages(tenant);
    }
  }

  /** Gives back what the tenants keep outside memory. */
  dispose(): void {
    for (const tenantId of this.tenantIds()) {
      this.#forgetLogPages(tenantId);
    }
  }

  changeSettings(tenantId: string, settings: Partial<TenantSettings>): TenantSettings {
    const tenant = this.tenant(tenantId);
    for (const name of Object.keys(settings)) {
      if (!(name in tenant.settings)) {
        throw new Error(`unknown tenant setting ${name}`);
      }
    }
    return Object.assign(tenant.settings, settings);
  }

  changeThrottling(settings: Partial<ThrottlingSettings>): ThrottlingSettings {
    for (const name of Object.keys(settings)) {
      if (!(name in this.throttling.settings)) {
        throw new Error(`unknown throttling setting ${name}`);
      }
    }
    this.throttling.reset();
    return Object.assign(this.throttling.settings, settings);
  }

  prerender(tenantId: string, on: boolean): void {
    const tenant = this.tenant(tenantId);
    if (on) {
      keepPages(tenant);
    } else {
      forgetPages(tenant);
    }
  }

  changeClock(change: ClockChange): number {
    if (change.kind === 'real') {
      this.clock.useRealTime();
    } else if (change.kind === 'set') {
      this.clock.set(change.milliseconds);
    } else {
      this.clock.advance(change.milliseconds);
    }
    return this.clock.now();
  }

  lowerBound(tenantId: string): LowerBound {
    return fullBackupBound(truthSummary(this.tenant(tenantId)));
  }
}
