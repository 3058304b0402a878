import type { CollectContext } from './collect-context.ts';
import { HOUR, hourOfTime } from './log-time.ts';
import { readState } from './read-state.ts';
import {
  emptyState,
  foldLink,
  type HourStatement,
  hourStatement,
  type SourceState,
  sweepDelays,
} from './source-state.ts';

type Place = Pick<CollectContext, 'tenant' | 'source' | 'repository' | 'retentionDays'>;

/**
 * Counts and completeness of the hours from `from` through `to` (`2026-03-04T05`), by the manifests
 * alone. Hours that can still change are folded from the end of the chain; older ones need all of it.
 */
export async function readHourStatements(
  place: Place,
  from: string,
  to: string,
): Promise<HourStatement[]> {
  const recent = await readState(place, sweepDelays(place.retentionDays));
  const isRecent = recent.begin !== undefined && hourOfTime(recent.begin) < from;
  const state = isRecent ? recent : await readWholeState(place);
  const statements: HourStatement[] = [];
  for (let at = Date.parse(`${from}:00:00Z`); at <= Date.parse(`${to}:00:00Z`); at += HOUR) {
    statements.push(hourStatement(state, new Date(at).toISOString().slice(0, 13)));
  }
  return statements;
}

async function readWholeState(place: Place): Promise<SourceState> {
  let state = emptyState;
  const delays = sweepDelays(place.retentionDays);
  for await (const link of place.repository.walk(place)) state = foldLink(state, link, delays);
  return state;
}
