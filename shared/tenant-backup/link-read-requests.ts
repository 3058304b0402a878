import type { LinkType, ObjectType } from '../catalog/object-type.ts';
import { BackupError } from '../errors/backup-error.ts';
import type { GraphRequest } from '../graph/graph-request.ts';
import type { JsonObject } from '../json/json-value.ts';
import type { LinkRead } from '../repository/link-reads.ts';
import { idOf } from './object-ids.ts';
import { segment } from './streams.ts';

/** The list that shows the links of one object: of a source, or those pointing at a target. */
export function linkReadRequest(
  catalogue: readonly ObjectType[],
  owner: ObjectType,
  link: LinkType,
  read: LinkRead,
): GraphRequest | undefined {
  const id = segment(read.objectId);
  const base = { apiVersion: owner.apiVersion, service: owner.service };
  if (read.side === 's' && link.cardinality === 'one') {
    const query = { $select: 'id', $expand: `${link.path}($select=id)` };
    return { ...base, path: `${owner.collection}/${id}`, query };
  }
  const query = { $select: 'id', $top: '999' };
  if (read.side === 's') return { ...base, path: `${owner.collection}/${id}/${link.path}`, query };
  const target = catalogue.find((type) => type.name === read.type);
  if (target === undefined || link.reverse === undefined) return undefined;
  return { ...base, path: `${target.collection}/${id}/${link.reverse.path}`, query };
}

/** Sources in a reverse list: it mixes types, so each item must say what it is. */
export function sourcesIn(link: LinkType, items: readonly JsonObject[]): string[] {
  const cast = `#${link.reverse?.sourceCast ?? ''}`.toLowerCase();
  return items.flatMap((item) => {
    const type = item['@odata.type'];
    if (typeof type !== 'string') {
      throw new BackupError('graphBadAnswer', `an item of ${link.reverse?.path ?? ''} has no type`);
    }
    return type.toLowerCase() === cast ? [idOf(item)] : [];
  });
}
