import { isConstant } from '../catalog/derive.ts';
import type { EmbeddedReference } from '../catalog/object-type.ts';
import type { JsonObject } from '../json/json-value.ts';
import { parseJson } from '../json/parse-json.ts';
import { canonicalId } from './object-ids.ts';
import { storable, texts } from './object-label.ts';

/** Ids a body refers to by one embedded reference, constants left out. */
export function referencedIds(body: string, reference: EmbeddedReference): string[] {
  const ids = texts(parseJson(body) as JsonObject, reference.path)
    .filter((id) => id !== '' && !isConstant(reference, id))
    .map(canonicalId)
    .map(storable);
  return [...new Set(ids)];
}
