import type { Logger } from './logger.ts';

/** Metric names with their units; OpenTelemetry rules (no unit in the name, dots for hierarchy). */
export const metricUnits = {
  'entra_backup.session.duration': 's',
  'entra_backup.backup.objects': '{object}',
  'entra_backup.restore.actions': '{action}',
  'entra_backup.graph.requests': '{request}',
  'entra_backup.graph.throttle.delay': 's',
} as const;

export type MetricName = keyof typeof metricUnits;

/** Where measurements go. Attributes are of low cardinality: a tenant id, never an object id. */
export interface Meter {
  record(name: MetricName, value: number, tenantId?: string): void;
}

/** Writes each measurement as a debug line, until an exporter takes it. */
export function loggingMeter(logger: Logger): Meter {
  return {
    record: (name, value, tenantId) =>
      logger.debug(`metric ${name} ${value} ${metricUnits[name]}`, { tenantId }),
  };
}
