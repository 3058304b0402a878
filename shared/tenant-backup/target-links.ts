import type { LinkType } from '../catalog/object-type.ts';
import type { Edge } from '../repository/link-pairs.ts';
import { type Work, writeTask } from './backup-context.ts';
import { relationPage } from './expand-page.ts';
import type { Answered } from './link-read-step.ts';

/**
 * Stores which sources point at targets. A link that such a read does not show only makes its source
 * due: the list of the source decides.
 */
export async function storeTargetReads(
  work: Work,
  link: LinkType,
  answered: readonly Answered[],
): Promise<void> {
  if (answered.length === 0) return;
  const { linkReads, objectKeys, links, linkPairs, absentLinks, linkDues } = work.context.tables;
  await writeTask(work, async (tx) => {
    const reads = answered.map((answer) => answer.read);
    const claimed = await linkReads.claimReads(tx, work.fence, reads);
    const mine = answered.filter((answer) => claimed.has(answer.read.key));
    if (mine.length === 0) return;
    const { space, name } = work.type;
    const sources = mine.flatMap((answer) => answer.ids);
    const keys = await objectKeys.makeKeys(tx, space, name, sources);
    const edges = mine.flatMap(({ read, ids }) =>
      ids.map((id): Edge => [keys.get(id) ?? 0, read.objectId]),
    );
    const page = relationPage(work.fence, link);
    const pairs = await linkPairs.pairsOf(tx, page, edges);
    const targets = mine.map((answer) => answer.read.key);
    const missing = await absentLinks.sourcesMissingTargets(
      tx,
      work.fence,
      link.name,
      targets,
      pairs,
    );
    await linkDues.addDue(tx, link.name, 's', missing);
    work.tally.links += await links.openLinks(tx, page, pairs);
    await absentLinks.forgetAbsent(tx, work.fence, link.name, pairs);
    await linkReads.finishReads(
      tx,
      work.fence,
      mine.map((answer) => answer.read),
      'done',
    );
  });
}
