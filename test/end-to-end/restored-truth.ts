// What of a tenant a restore has to bring back, as lines that can be compared.
import type { TruthLine } from '../../local/graph-simulator/control/client.ts';
import { canonicalRulesOf } from '../../shared/catalog/derive.ts';
import { objectTypes } from '../../shared/catalog/index.ts';
import type { ObjectType } from '../../shared/catalog/object-type.ts';
import { rewriteIds } from '../../shared/compare/rewrite-ids.ts';
import { canonicalText } from '../../shared/json/canonical-text.ts';
import type { JsonObject } from '../../shared/json/json-value.ts';
import { parseJson } from '../../shared/json/parse-json.ts';
import { isDynamic, isMailOnly, isSynced, type ObjectLine } from './restore-scenario.ts';

const restored = new Set(['user', 'group', 'administrativeUnit', 'scopedRoleMembership']);

/** Every writable, captured property of users, groups and units; of children what they refer to. */
function objectText(line: ObjectLine, ids: ReadonlyMap<string, string>): string {
  if (line.type === 'scopedRoleMembership') {
    const { id: _, ...rest } = line.properties;
    const member = JSON.stringify(rest['roleMemberInfo']).match(/[0-9a-f-]{36}/)?.[0] ?? '';
    return rewriteIds(
      `role ${rest['administrativeUnitId']} ${rest['roleId']} ${member}`,
      ids,
    ) as string;
  }
  const type = objectTypes.find((each) => each.name === line.type);
  const names = (type?.select ?? []).filter((name) => !type?.restore.readOnly.includes(name));
  const values = Object.fromEntries(names.map((name) => [name, line.properties[name] ?? null]));
  const body = parseJson(JSON.stringify(values)) as JsonObject;
  const text = canonicalText(body, canonicalRulesOf(type as ObjectType));
  return rewriteIds(`${line.type} ${line.id} ${text}`, ids) as string;
}

/** What the API shows of a point, ids brought up to date: bodies of users, groups, units; links. */
export function comparable(
  lines: readonly TruthLine[],
  ids: ReadonlyMap<string, string>,
): Set<string> {
  const foreign = new Set(
    lines
      .filter((line) => line.kind === 'object')
      .filter((line) => isSynced(line) || isMailOnly(line) || isDynamic(line))
      .map((line) => line.id),
  );
  const shown = new Set<string>();
  for (const line of lines) {
    if (line.kind === 'link' && line.live && !foreign.has(line.source)) {
      shown.add(rewriteIds(JSON.stringify(line), ids) as string);
    }
    if (line.kind === 'object' && line.state === 'live' && restored.has(line.type)) {
      shown.add(objectText(line, ids));
    }
  }
  return shown;
}
