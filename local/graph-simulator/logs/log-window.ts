// How long a time a request to a log asks for, for faults that only wide windows meet.
import type { SimulatorRequest } from '../types.ts';
import { parseTicks, ticksOfMilliseconds, ticksPerMillisecond } from './ticks.ts';

/**
 * Minutes of the window, up to now when it has no end and endless when it has no beginning; 0 for
 * requests that are not for a list of a log.
 */
export function windowMinutes(request: SimulatorRequest): number {
  if (!/^\/auditlogs\/\w+$/i.test(request.path)) {
    return 0;
  }
  const filter = request.query.get('$filter') ?? '';
  const from = boundOf(filter, 'ge|gt|eq') ?? Number.NEGATIVE_INFINITY;
  const to = boundOf(filter, 'le|lt|eq') ?? ticksOfMilliseconds(request.receivedAt);
  return Math.max(0, (to - from) / (60_000 * ticksPerMillisecond));
}

function boundOf(filter: string, operators: string): number | undefined {
  const pattern = new RegExp(`(?:created|activity)DateTime\\s+(?:${operators})\\s+([^\\s)]+)`, 'i');
  const text = pattern.exec(filter)?.[1];
  return text === undefined ? undefined : parseTicks(text);
}
