// How the logs of a tenant behave. The default is the less comfortable of what the service does.
import type { LogCollection } from './log-source.ts';

export type Licence = 'free' | 'p1' | 'p2';

export type LogSettings = {
  /** Free: 7 days and no sign-ins; P1: 30 days, risk hidden; P2: 30 days. */
  licence: Licence;
  /**
   * When the licence was bought, milliseconds since 1970: nothing older than 7 days before comes
   * back. Set by the simulator when `licence` leaves `free`.
   */
  licensedSince: number | null;
  /** Days records stay readable, instead of what the licence says. */
  retentionDays: number | null;
  /** Lists this cloud does not have: an unknown path segment. */
  missing: readonly LogCollection[];
  /** Share of pages in the middle that have fewer rows than asked for, some of them none. */
  shortPages: number;
  /**
   * Identical runs differ: a record that arrived less than `milliseconds` ago is missing from this
   * share of runs. Records older than that are in every run.
   */
  unsettled: { share: number; milliseconds: number };
  /** Life of skip tokens. */
  tokenLifetimeMilliseconds: number;
  /** Paging beyond this many rows is throttled for ever. */
  deepPagingRows: number;
  /** A query over more rows than this is answered with 504. */
  slowRows: number;
  /** `offset`: a record that arrives between two pages moves all rows behind it. */
  paging: 'offset' | 'border';
  /** Provisioning takes `eq`, `gt`, `lt` and `contains` as documented, or `ge` and `le` as well. */
  provisioningOperators: 'documented' | 'ranges';
  /** Without `$top` the provisioning log gives no skip token, however many rows there are. */
  provisioningNeedsTop: boolean;
  /** Seed of the draws above. */
  randomSeed: number;
};

export function standardLogSettings(): LogSettings {
  return {
    licence: 'p2',
    licensedSince: null,
    retentionDays: null,
    missing: [],
    shortPages: 0.1,
    unsettled: { share: 0, milliseconds: 0 },
    tokenLifetimeMilliseconds: 10 * 60 * 1000,
    // https://github.com/microsoftgraph/microsoft-graph-docs/issues/6892
    deepPagingRows: 487_000,
    slowRows: 250_000,
    paging: 'offset',
    provisioningOperators: 'documented',
    provisioningNeedsTop: true,
    randomSeed: 1,
  };
}

const day = 24 * 60 * 60 * 1000;

/**
 * Milliseconds since 1970 of the oldest readable time.
 * https://learn.microsoft.com/entra/identity/monitoring-health/reference-reports-data-retention
 */
export function retentionEdge(settings: LogSettings, now: number): number {
  const { licence, licensedSince, retentionDays } = settings;
  if (retentionDays !== null) {
    return now - retentionDays * day;
  }
  if (licence === 'free') {
    return now - 7 * day;
  }
  const edge = now - 30 * day;
  return licensedSince === null ? edge : Math.max(edge, licensedSince - 7 * day);
}

/** Changes settings; leaving the free licence starts the clock of what can be read back. */
export function changeLogSettings(
  settings: LogSettings,
  change: Partial<LogSettings>,
  now: number,
): LogSettings {
  for (const name of Object.keys(change)) {
    if (!(name in settings)) {
      throw new Error(`unknown log setting ${name}`);
    }
  }
  const upgraded = settings.licence === 'free' && (change.licence ?? 'free') !== 'free';
  return Object.assign(settings, upgraded ? { licensedSince: now } : {}, change);
}
