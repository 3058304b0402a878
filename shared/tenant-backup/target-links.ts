import type { LinkType } from '../catalog/object-type.ts';
import type { Edge } from '../repository/links.ts';
import { type Work, writeTask } from './backup-context.ts';
import type { Answered } from './link-read-step.ts';
import { relationPage } from './source-links.ts';

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
  const { linkReads, pageObjects, objectKeys, links, absentLinks, linkDues } = work.context.tables;
  await writeTask(work, async (tx) => {
    const reads = answered.map((answer) => answer.read);
    const claimed = await linkReads.claimReads(tx, work.fence, reads);
    const mine = answered.filter((answer) => claimed.has(answer.read.key));
    if (mine.length === 0) return;
    const sources = [...new Set(mine.flatMap((answer) => answer.ids))];
    await pageObjects.openPage(tx);
    await objectKeys.ensureKeys(tx, work.type.space, work.type.name, sources);
    await links.nameSources(tx, work.type.space, sources);
    const page = relationPage(work, link);
    await links.copyLinks(
      tx,
      page,
      mine.flatMap(({ read, ids }) => ids.map((id): Edge => [id, read.objectId])),
    );
    const targets = mine.map((answer) => answer.read.key);
    const missing = await absentLinks.sourcesMissingTargets(tx, work.fence, link.name, targets);
    await linkDues.addDue(tx, link.name, 's', missing);
    work.tally.links += await links.openLinks(tx, page);
    await absentLinks.forgetAbsent(tx, work.fence, link.name);
    await linkReads.finishReads(
      tx,
      work.fence,
      mine.map((answer) => answer.read),
      'done',
    );
  });
}
