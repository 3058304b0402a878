import { canonicalRulesOfChild, canonicalRulesOfFacet } from '../catalog/derive.ts';
import type { ChildType, FacetType } from '../catalog/object-type.ts';
import type { JsonObject } from '../json/json-value.ts';
import { emptyObject } from '../json/plain-object.ts';
import type { ObjectRow } from '../repository/page-objects.ts';
import { idOf } from './object-ids.ts';
import { labelsOf } from './object-label.ts';
import { contentOf } from './object-row.ts';
import { childSpace, facetSpace } from './type-parts.ts';

/** A child as it is stored: an object whose parent has `parentKey`. */
export function childRow(child: ChildType, parentKey: number, item: JsonObject): ObjectRow {
  const space = childSpace(child);
  const body = contentOf(item, canonicalRulesOfChild(child));
  const labels = labelsOf(item, 'displayName', ['displayName']);
  return { space, parentKey, objectId: idOf(item), type: space, ...labels, ...body };
}

/**
 * The facet of an object: undefined when Graph says that it is empty, 'unknown' when the answer does
 * not name its properties at all (which is what a missing permission looks like).
 */
export function facetRow(
  facet: FacetType,
  parentKey: number,
  item: JsonObject,
): ObjectRow | 'empty' | 'unknown' {
  const names = facet.select.filter((name) => name !== 'id');
  if (!names.some((name) => name in item)) return 'unknown';
  const own = emptyObject();
  for (const name of names) own[name] = item[name] ?? null;
  const written = contentOf(own, canonicalRulesOfFacet(facet));
  if (written.body === '{}') return 'empty';
  const space = facetSpace(facet);
  return {
    space,
    parentKey,
    objectId: idOf(item),
    type: space,
    label: null,
    search: null,
    ...written,
  };
}
