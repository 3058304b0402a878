import { isJsonObject, type JsonObject, type JsonValue } from '../json/json-value.ts';
import type { JsonDefect } from '../json/parse-json.ts';
import { writeJson } from '../json/write-json.ts';
import { badPage } from './bad-page.ts';
import type { QuarantinedItem } from './graph-request.ts';

/** Largest single object, in bytes of JSON text. */
export const maximumObjectBytes = 4 * 1024 * 1024;

export interface SortedItems {
  readonly items: JsonObject[];
  readonly quarantined: QuarantinedItem[];
}

/**
 * Separates the items of a page from those that must not be stored: defective, too large, without an
 * id. A page where no item has an id at all is not what Graph documents: graphBadAnswer.
 */
export function sortItems(
  values: readonly JsonValue[],
  pageDefects: readonly JsonDefect[],
  pageSize: number,
  needsId: boolean,
): SortedItems {
  const defects = itemDefects(pageDefects);
  if (needsId && values.length > 0 && !values.some(hasId)) {
    throw badPage('no item of the page has an id', 'noId');
  }
  return sortOut(values, (item, index) =>
    reasonAgainst(item, defects.get(index), pageSize, needsId),
  );
}

/** Defects by index of the item; one outside the list makes the whole page bad. */
function itemDefects(defects: readonly JsonDefect[]): Map<number, string> {
  const byItem = new Map<number, string>();
  for (const defect of defects) {
    const [list, index] = defect.path;
    if (list !== 'value' || typeof index !== 'number') {
      throw badPage('the envelope of the page has a defect', defect.kind);
    }
    byItem.set(index, defect.kind);
  }
  return byItem;
}

function sortOut(
  values: readonly JsonValue[],
  reasonFor: (value: JsonValue, index: number) => string | undefined,
): { items: JsonObject[]; quarantined: QuarantinedItem[] } {
  const items: JsonObject[] = [];
  const quarantined: QuarantinedItem[] = [];
  values.forEach((value, index) => {
    const reason = reasonFor(value, index);
    if (reason === undefined) items.push(value as JsonObject);
    else quarantined.push({ ...idOf(value), reason });
  });
  return { items, quarantined };
}

function reasonAgainst(
  value: JsonValue,
  defect: string | undefined,
  pageSize: number,
  needsId: boolean,
): string | undefined {
  if (defect !== undefined) return defect;
  if (!isJsonObject(value)) return 'notAnObject';
  if (needsId && !hasId(value)) return 'noId';
  if (pageSize <= maximumObjectBytes) return undefined;
  return isTooLarge(value) ? 'tooLarge' : undefined;
}

function hasId(value: JsonValue): boolean {
  return isJsonObject(value) && typeof value['id'] === 'string' && value['id'] !== '';
}

export function isTooLarge(value: JsonValue): boolean {
  return Buffer.byteLength(writeJson(value)) > maximumObjectBytes;
}

function idOf(value: JsonValue): { id?: string } {
  const id = isJsonObject(value) ? value['id'] : undefined;
  return typeof id === 'string' ? { id } : {};
}
