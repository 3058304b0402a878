import type { ChainLink } from '../log-repository/chain.ts';
import type { CollectContext } from './collect-context.ts';
import { DAY, timeOfMs } from './log-time.ts';
import {
  emptyState,
  foldLink,
  forgetBefore,
  type SourceState,
  type SweepDelays,
} from './source-state.ts';

type Place = Pick<CollectContext, 'tenant' | 'source' | 'repository' | 'retentionDays'>;

/** Days before the edge that are still folded: windows are written a little after their time. */
const MARGIN_DAYS = 3;

/**
 * The state after all manifests behind `known`; undefined when `known` is not of this chain: ahead of
 * it, or with another manifest at its number. Throws `chainBroken`.
 */
export async function readStateAfter(
  place: Place,
  delays: SweepDelays,
  known: SourceState,
): Promise<SourceState | undefined> {
  const link = await place.repository.link(place, known.number);
  if (link?.sha256 !== known.sha256) return undefined;
  let state = known;
  // the numbers have no gaps: one more read instead of a listing when nothing is new
  for (let number = known.number + 1; ; number += 1) {
    const next = await place.repository.link(place, number);
    if (next === undefined) return state;
    if (next.manifest.previous !== state.sha256) return undefined;
    state = foldLink(state, next, delays);
  }
}

/**
 * The state folded from manifests alone: from the newest that is older than what can still be read.
 * Whatever touches an hour is written after it, so that nothing of the hours behind is missed.
 */
export async function readState(place: Place, delays: SweepDelays): Promise<SourceState> {
  const head = await place.repository.head(place);
  if (head === undefined) return emptyState;
  const created = Date.parse(head.manifest.createdDateTime);
  const horizon = created - (place.retentionDays + MARGIN_DAYS) * DAY;
  const after = await linkBefore(place, head, horizon);
  let state: SourceState = emptyState;
  if (after !== undefined) {
    const begin = timeOfMs(horizon);
    state = { ...emptyState, number: after.number, sha256: after.sha256, begin };
  }
  for await (const link of place.repository.walk(place, after === undefined ? {} : { after })) {
    state = foldLink(state, link, delays);
  }
  return after === undefined ? state : forgetBefore(state, timeOfMs(horizon));
}

/** A manifest written before `horizon`, found in doubling steps; undefined: begin with the first. */
async function linkBefore(
  place: Place,
  head: ChainLink,
  horizon: number,
): Promise<ChainLink | undefined> {
  for (let step = 64; step < head.number; step *= 2) {
    const link = await place.repository.link(place, head.number - step);
    if (link === undefined) return undefined;
    if (Date.parse(link.manifest.createdDateTime) < horizon) return link;
  }
  return undefined;
}
