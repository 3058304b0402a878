// Limits of Microsoft Graph as token buckets on the simulator's clock. Each group of limits can be
// switched off, and another application's use can be charged to the same buckets.
// https://learn.microsoft.com/graph/throttling-limits

import type { RequestCost } from './resource-units.ts';
import { requestCost } from './resource-units.ts';
import type { Caller, ChargeRequest, SimulatorReply } from './types.ts';

export type ThrottlingSettings = {
  /** Resource units per application and tenant, and per application. */
  identity: boolean;
  /** Writes per application and tenant, per application, per tenant. */
  writes: boolean;
  /** Conditional access, named locations, risk: 1 request a second for the whole tenant. */
  conditionalAccess: boolean;
  /** Audit and sign-in logs: 5 requests in 10 s per application and tenant. */
  reports: boolean;
  /** Multiplies every limit; tests of waiting use small ones. */
  factor: number;
  /** `x-ms-throttle-limit-percentage` from 80 % on; some services never send it. */
  limitPercentage: boolean;
};

export type Throttling = {
  readonly settings: ThrottlingSettings;
  readonly charge: ChargeRequest;
  /** Use of the same tenant by another application. */
  burn(tenantId: string, use: { writes?: number; conditionalAccess?: number }, now: number): void;
  /** Fills every bucket. */
  reset(): void;
};

type Limit = {
  readonly key: string;
  readonly amount: number;
  readonly seconds: number;
  readonly cost: number;
  readonly scope: string;
  readonly information: string;
  /** The answer carries no Retry-After. */
  readonly silent?: boolean;
  readonly code?: string;
};

type Bucket = { level: number; at: number };

/** Resource units per 10 s by number of users: tenants of size S, M and L. */
const identityLimits = [
  { below: 50, units: 3_500 },
  { below: 501, units: 5_000 },
  { below: Number.POSITIVE_INFINITY, units: 8_000 },
] as const;

/** Everything limited, as Graph does it. */
export function standardThrottling(): ThrottlingSettings {
  return {
    identity: true,
    writes: true,
    conditionalAccess: true,
    reports: true,
    factor: 1,
    limitPercentage: true,
  };
}

export function createThrottling(settings: ThrottlingSettings = standardThrottling()): Throttling {
  const buckets = new Map<string, Bucket>();
  return {
    settings,
    charge: ({ request, caller, route, liveUsers, now }) => {
      const cost = requestCost(request.method, route.template, request.query);
      const limits = limitsFor(cost, caller, liveUsers, settings);
      let fullest = 0;
      let refused: { limit: Limit; wait: number } | undefined;
      for (const limit of limits) {
        const taken = take(buckets, limit, now);
        fullest = Math.max(fullest, taken.used);
        if (taken.wait > (refused?.wait ?? 0)) refused = { limit, wait: taken.wait };
      }
      const headers: Record<string, string> = { 'x-ms-resource-unit': String(cost.resourceUnits) };
      if (settings.limitPercentage && fullest >= 0.8) {
        headers['x-ms-throttle-limit-percentage'] = Math.min(fullest, 1.8).toFixed(1);
      }
      const { resourceUnits } = cost;
      return refused
        ? { resourceUnits, headers, throttled: throttledReply(refused.limit, refused.wait) }
        : { resourceUnits, headers };
    },
    burn: (tenantId, use, now) => {
      const { writes = 0, conditionalAccess = 0 } = use;
      if (writes > 0) take(buckets, tenantWrites(tenantId, writes, settings.factor), now);
      if (conditionalAccess > 0) {
        take(buckets, tenantPolicies(tenantId, conditionalAccess, settings.factor), now);
      }
    },
    reset: () => buckets.clear(),
  };
}

function limitsFor(
  cost: RequestCost,
  caller: Caller,
  liveUsers: number,
  settings: ThrottlingSettings,
): Limit[] {
  const { factor } = settings;
  if (cost.service === 'conditionalAccess') {
    return settings.conditionalAccess ? [tenantPolicies(caller.tenantId, 1, factor)] : [];
  }
  if (cost.service === 'reports') return settings.reports ? [reportLimit(caller, factor)] : [];
  return [
    ...(settings.identity ? unitLimits(cost.resourceUnits, caller, liveUsers, factor) : []),
    ...(settings.writes && cost.writes > 0 ? writeLimits(cost.writes, caller, factor) : []),
  ];
}

function unitLimits(units: number, caller: Caller, liveUsers: number, factor: number): Limit[] {
  const { appId, tenantId } = caller;
  const size = identityLimits.find(({ below }) => liveUsers < below) ?? identityLimits[2];
  const information = 'ResourceUnitLimitExceeded';
  return [
    {
      key: `units ${appId} ${tenantId}`,
      amount: size.units * factor,
      seconds: 10,
      cost: units,
      scope: `Tenant_Application/ReadWrite/${appId}/${tenantId}`,
      information,
    },
    {
      key: `units ${appId}`,
      amount: 150_000 * factor,
      seconds: 20,
      cost: units,
      scope: `Application/ReadWrite/${appId}`,
      information,
    },
  ];
}

function writeLimits(writes: number, caller: Caller, factor: number): Limit[] {
  const { appId, tenantId } = caller;
  const information = 'WriteLimitExceeded';
  return [
    {
      key: `writes ${appId} ${tenantId}`,
      amount: 3_000 * factor,
      seconds: 150,
      cost: writes,
      scope: `Tenant_Application/Write/${appId}/${tenantId}`,
      information,
    },
    {
      key: `writes ${appId}`,
      amount: 70_000 * factor,
      seconds: 300,
      cost: writes,
      scope: `Application/Write/${appId}`,
      information,
    },
    tenantWrites(tenantId, writes, factor),
  ];
}

function tenantWrites(tenantId: string, writes: number, factor: number): Limit {
  return {
    key: `writes of all ${tenantId}`,
    amount: 18_000 * factor,
    seconds: 300,
    cost: writes,
    scope: `Tenant/Write/${tenantId}`,
    information: 'WriteLimitExceeded',
  };
}

function tenantPolicies(tenantId: string, requests: number, factor: number): Limit {
  return {
    key: `policies ${tenantId}`,
    amount: Math.max(1, factor),
    seconds: Math.max(1, factor) / factor,
    cost: requests,
    scope: `Tenant/ReadWrite/${tenantId}`,
    information: 'CPULimitExceeded',
    silent: true,
  };
}

/** The code of log answers: https://github.com/MicrosoftDocs/azure-docs/issues/70953 */
function reportLimit({ appId, tenantId }: Caller, factor: number): Limit {
  return {
    key: `reports ${appId} ${tenantId}`,
    amount: 5 * factor,
    seconds: 10,
    cost: 1,
    scope: `Tenant_Application/Read/${appId}/${tenantId}`,
    information: 'ResourceUnitLimitExceeded',
    code: 'UnknownError',
  };
}

/**
 * Takes the cost out of the bucket; requests made while throttled count too (not for policies), but
 * no debt grows beyond a tenth of the limit. `wait` is in seconds, 0 = allowed; `used` is the filled share.
 */
function take(
  buckets: Map<string, Bucket>,
  limit: Limit,
  now: number,
): { wait: number; used: number } {
  const bucket = buckets.get(limit.key) ?? { level: limit.amount, at: now };
  const perSecond = limit.amount / limit.seconds;
  const refilled = bucket.level + (Math.max(0, now - bucket.at) / 1000) * perSecond;
  const level = Math.min(limit.amount, refilled);
  const after = level - limit.cost;
  const allowed = after >= 0;
  const refusedLevel = limit.silent ? level : Math.max(after, -limit.amount / 10);
  bucket.level = allowed ? after : refusedLevel;
  bucket.at = now;
  buckets.set(limit.key, bucket);
  const used = 1 - after / limit.amount;
  return { wait: allowed ? 0 : (limit.cost - bucket.level) / perSecond, used };
}

function throttledReply(limit: Limit, wait: number): SimulatorReply {
  return {
    status: 429,
    headers: {
      ...(limit.silent ? {} : { 'retry-after': String(Math.max(1, Math.ceil(wait))) }),
      'x-ms-throttle-scope': limit.scope,
      'x-ms-throttle-information': limit.information,
    },
    body: {
      error: {
        code: limit.code ?? 'TooManyRequests',
        message: limit.code
          ? 'This request is throttled. Please try again after the value specified in the Retry-After header.'
          : 'Too many requests. Try again after the time in the Retry-After header.',
      },
    },
  };
}
