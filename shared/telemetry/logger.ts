// Logging of the product: constant messages with fields from a fixed list (ids, counts, codes). Object
// content, names of people, addresses and tokens have no field, and what slips into one is redacted
// before it reaches the sink. Nothing here knows where lines go: functions/ gives the sink.
import type { Clock } from '../model/clock.ts';
import { redactMessage, redactValue } from './redact.ts';

/** The only fields a line can carry. A new one has to be an id, a count, a code or a state. */
export const logFieldNames = [
  // which
  ...['tenantId', 'tenantNo', 'sessionId', 'operationId', 'instanceId', 'planId', 'restoreId'],
  ...['comparisonId', 'jobName', 'requestId', 'clientRequestId', 'repeatabilityId', 'stepNo'],
  ...['activity', 'orchestration', 'route', 'method', 'component', 'requirement', 'objectType'],
  ...['collection', 'relationship', 'facet', 'child', 'setting', 'permission', 'schema'],
  // state
  ...['phase', 'round', 'generation', 'epoch', 'point', 'state', 'status', 'code', 'innerCode'],
  ...[
    'kind',
    'trigger',
    'mode',
    'outcome',
    'reason',
    'attempt',
    'suspicious',
    'partial',
    'httpStatus',
  ],
  // amounts
  ...['count', 'objects', 'links', 'pages', 'rows', 'added', 'changed', 'removed', 'failed'],
  ...['skipped', 'done', 'total', 'pending', 'quarantined', 'unsettled', 'requests', 'units'],
  ...['bytes', 'throttled', 'waitMs', 'retryAfterMs', 'durationMs', 'problems', 'port'],
] as const;

export type LogFieldName = (typeof logFieldNames)[number];

/** Fields of a log line: ids, counts, codes. Never object content, names, tokens or URLs. */
export type LogFields = Readonly<
  Partial<Record<LogFieldName, string | number | boolean | undefined>>
>;

/** Constant messages with fields; the functions host puts them into its own log. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

export type LogLevel = keyof Logger;

export interface LogLine {
  /** RFC 3339, UTC. */
  readonly time: string;
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: Readonly<Record<string, string | number | boolean>>;
}

/** Takes one finished line; must not throw and must not wait. */
export type LogSink = (line: LogLine) => void;

const allowed: ReadonlySet<string> = new Set(logFieldNames);

/** A logger over `sink`; `base` fields stand on every line. */
export function createLogger(
  sink: LogSink,
  clock: Pick<Clock, 'now'>,
  base: LogFields = {},
): Logger {
  const at =
    (level: LogLevel) =>
    (message: string, fields: LogFields = {}): void =>
      sink({
        time: clock.now().toISOString(),
        level,
        message: redactMessage(message),
        fields: clean({ ...base, ...fields }),
      });
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

/** Types can be got round with a spread or a cast: the list is enforced on the line itself too. */
function clean(fields: Readonly<Record<string, unknown>>): LogLine['fields'] {
  const kept: Record<string, string | number | boolean> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    if (allowed.has(name)) kept[name] = redactValue(value);
    else kept['dropped'] = Number(kept['dropped'] ?? 0) + 1;
  }
  return kept;
}
