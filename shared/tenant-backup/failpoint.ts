/** Places at which a fault test stops, freezes or kills the process; inert in production. */
export const failpointNames = [
  'page.afterGraph.beforeTx',
  'page.afterRows.beforeLedger',
  'page.afterCommit.beforeReturn',
  'latest.afterToken',
  'list.betweenPages',
  'members.betweenPages',
  'sweep.lastPage.beforeTokenSaved',
  'confirm.afterAnswer',
  'links.afterReread.beforeTx',
  'links.beforeClosingRound',
  'due.afterInsert',
  'fail.afterGeneration',
  'revert.betweenChunks',
  'revert.beforeFailed',
  'restart.afterGeneration',
  'adopt.afterEpoch',
  'abandon.afterMark',
  'abandon.betweenChunks',
  'abandon.beforeAbandoned',
  'open.afterAbandoned',
  'cancel.duringCommit',
  'commit.beforeState',
  'commit.afterCommit.beforeReturn',
] as const;

export type FailpointName = (typeof failpointNames)[number];

/** Called where the name says; `collection` when the place belongs to one. */
export type Failpoint = (name: FailpointName, collection?: string) => Promise<void> | void;

export const noFailpoint: Failpoint = () => undefined;

export interface FailpointPlan {
  readonly name: string;
  readonly action: 'kill' | 'freeze' | 'hang';
  /** The occurrence that acts, from 1. */
  readonly nth: number;
}

export interface FailpointActions {
  /** Ends the process at once. */
  kill(): void;
  /** Stops the process with everything it holds; something else wakes it. */
  freeze(): void;
}

/** A failpoint that acts once, at the nth time its name is reached; hang never returns. */
export function plannedFailpoint(
  plan: FailpointPlan,
  actions: FailpointActions,
): (name: string) => Promise<void> {
  let reached = 0;
  return async (name) => {
    if (name !== plan.name) return;
    reached += 1;
    if (reached !== plan.nth) return;
    if (plan.action === 'kill') actions.kill();
    if (plan.action === 'freeze') actions.freeze();
    if (plan.action === 'hang') await new Promise(() => setInterval(() => undefined, 1_000_000));
  };
}
