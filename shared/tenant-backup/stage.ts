import type { SessionTask, TaskPhase } from '../repository/session-tasks.ts';

/** What the session does next; collections of one stage run side by side. */
export type Stage =
  | { readonly kind: 'collections'; readonly name: StageName; readonly collections: string[] }
  | { readonly kind: 'settle' }
  | { readonly kind: 'finish' };

export type StageName = 'revert' | 'tokens' | 'lists' | 'rounds' | 'links';

/**
 * Order of the stages. All tokens are taken before any list begins, all lists end before any closing
 * round begins, and links due are read when all rounds are done: a round that starts later than a
 * read vouches for it (counterexample H7).
 */
const stages: readonly { readonly name: StageName; readonly phases: readonly TaskPhase[] }[] = [
  { name: 'revert', phases: ['failing'] },
  { name: 'tokens', phases: ['latest'] },
  { name: 'lists', phases: ['list', 'follow'] },
  { name: 'rounds', phases: ['listed', 'sweep', 'confirm', 'children'] },
  { name: 'links', phases: ['links'] },
];

export function nextStage(tasks: readonly Pick<SessionTask, 'collection' | 'phase'>[]): Stage {
  for (const { name, phases } of stages) {
    const ready = tasks.filter((task) => phases.includes(task.phase));
    if (ready.length > 0) {
      return { kind: 'collections', name, collections: ready.map((task) => task.collection) };
    }
  }
  return { kind: tasks.some((task) => task.phase === 'settle') ? 'settle' : 'finish' };
}

export function isInStage(name: StageName, phase: TaskPhase): boolean {
  const stage = stages.find((candidate) => candidate.name === name);
  return stage?.phases.includes(phase) ?? false;
}
