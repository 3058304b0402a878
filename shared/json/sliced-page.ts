import { isUtf8 } from 'node:buffer';
import { BackupError } from '../errors/backup-error.ts';
import { eachElement, eachMember, skipSpace, skipValue } from './json-bytes.ts';
import type { JsonObject } from './json-value.ts';
import { parseJson } from './parse-json.ts';
import { emptyObject } from './plain-object.ts';

/** A page of a list whose items stay bytes. */
export interface SlicedPage {
  /** Each element of `value` exactly as it was sent; views into the body. */
  readonly items: readonly Buffer[];
  /** The other members, such as links. */
  readonly envelope: JsonObject;
}

const valueName = 'value';

/**
 * Cuts the body of a list answer into the bytes of its items. Throws graphBadAnswer when the body is
 * not one JSON object in UTF-8 with one array `value` of objects.
 */
export function slicePage(body: Buffer): SlicedPage {
  if (!isUtf8(body)) throw bad('the answer is not utf-8', 'encoding');
  const items: Buffer[] = [];
  const envelope = emptyObject();
  let lists = 0;
  const end = eachMember(body, skipSpace(body, 0), (nameStart, nameEnd, at) => {
    const name = body.toString('utf8', nameStart, nameEnd);
    if (name !== valueName) {
      const behind = skipValue(body, at);
      envelope[name] = parseJson(body.toString('utf8', at, behind));
      return behind;
    }
    lists += 1;
    return eachElement(body, at, (itemAt) => {
      const behind = eachMember(
        body,
        itemAt,
        (_start, _end, value) => skipValue(body, value, 3),
        2,
      );
      items.push(body.subarray(itemAt, behind));
      return behind;
    });
  });
  if (skipSpace(body, end) !== body.length) throw bad('something follows the answer', 'json');
  if (lists !== 1) throw bad('the answer has no single list of values', 'value');
  return { items, envelope };
}

function bad(message: string, defect: string): BackupError {
  return new BackupError('graphBadAnswer', message, { details: { defect } });
}
