// What the simulated tenant really holds and what a restore point holds, as comparable lines: every
// live object with the hash of its content, what is in the recycle bin, every visible link.
import { createHash } from 'node:crypto';
import type { ControlClient, TruthLine } from '../../local/graph-simulator/control/client.ts';
import {
  canonicalRulesOf,
  canonicalRulesOfChild,
  canonicalRulesOfFacet,
} from '../../shared/catalog/derive.ts';
import { objectTypes } from '../../shared/catalog/index.ts';
import type { ObjectType } from '../../shared/catalog/object-type.ts';
import { type CanonicalRules, canonicalText } from '../../shared/json/canonical-text.ts';
import type { JsonObject } from '../../shared/json/json-value.ts';
import { parseJson } from '../../shared/json/parse-json.ts';
import type { TestDatabase } from './database.ts';

type ObjectLine = Extract<TruthLine, { kind: 'object' }>;
const types = new Map<string, ObjectType>(objectTypes.map((type) => [type.name, type]));
const child = objectTypes.flatMap((type: ObjectType) => type.children)[0];

function digest(line: ObjectLine, names: readonly string[], rules: CanonicalRules): string {
  const all: Record<string, unknown> = { ...line.properties, id: line.id };
  const chosen = Object.fromEntries(names.map((name) => [name, all[name] ?? null]));
  const text = canonicalText(parseJson(JSON.stringify(chosen)) as JsonObject, rules);
  return text === '{}' ? '' : createHash('sha256').update(text).digest('hex');
}

function linesOfObject(line: ObjectLine, live: ReadonlySet<string>): string[] {
  const { id } = line;
  if (line.type === 'scopedRoleMembership' && child !== undefined) {
    const member = (line.properties['roleMemberInfo'] as { id?: string } | undefined)?.id;
    if (!live.has(String(line.properties['administrativeUnitId']))) return [];
    // Graph shows the membership again when its member comes back from the recycle bin
    if (!live.has(String(member))) return [];
    return [`${child.name} ${id} ${digest(line, child.select, canonicalRulesOfChild(child))}`];
  }
  const type = types.get(line.type);
  if (type === undefined) return [];
  if (line.state !== 'live') return type.recycleBin === undefined ? [] : [`bin ${id}`];
  const all = ['id', ...Object.keys(line.properties)];
  const names = type.derivedTypes === undefined ? type.select : all;
  const facets = type.facets.flatMap((facet) => {
    const hash = digest(line, facet.select, canonicalRulesOfFacet(facet));
    return hash === '' ? [] : [`facet:${facet.name} ${id} ${hash}`];
  });
  return [`${type.name} ${id} ${digest(line, names, canonicalRulesOf(type))}`, ...facets];
}

/** The truth of the simulator after a change, or now. */
export async function simulatorTruth(
  control: ControlClient,
  tenantId: string,
  sequence?: number,
): Promise<string[]> {
  const lines: TruthLine[] = [];
  for await (const line of control.truth(tenantId, sequence)) lines.push(line);
  const typeOf = new Map(
    lines.flatMap((line) => (line.kind === 'object' ? [[line.id, line.type] as const] : [])),
  );
  const live = new Set(
    lines.flatMap((line) => (line.kind === 'object' && line.state === 'live' ? [line.id] : [])),
  );
  return lines
    .flatMap((line) => {
      if (line.kind === 'object') return linesOfObject(line, live);
      if (line.kind !== 'link' || !line.live) return [];
      return [
        `${typeOf.get(line.source) ?? ''}.${line.relationship} ${line.source} ${line.target}`,
      ];
    })
    .sort();
}

/**
 * The same lines from the repository, read without any help of the product's own queries; with
 * `dormant` also the links that lead to or from the recycle bin.
 */
export async function repositoryLines(
  db: TestDatabase,
  tenantNo: number,
  point: number,
  { dormant = false }: { readonly dormant?: boolean } = {},
): Promise<string[]> {
  const objects = await db.owner.rows<{ line: string }>(
    `select case when v.state = 'live' then v.type || ' ' || o.object_id || ' '
         || encode(sha256(convert_to(v.body::text, 'UTF8')), 'hex') else 'bin ' || o.object_id end as line
     from object_version v join object o on o.tenant_no = $1 and o.key = v.object_key
     where v.tenant_no = $1 and v.from_point <= $2 and v.to_point > $2
       and (v.state = 'live' or o.parent_key = 0)`,
    [tenantNo, point],
  );
  const links = await db.owner.rows<{ line: string }>(
    `select l.relationship || ' ' || s.object_id || ' ' || t.object_id as line
     from link l
     join object s on s.tenant_no = $1 and s.key = l.source
     join object t on t.tenant_no = $1 and t.key = l.target
     where l.tenant_no = $1 and l.kind = 'relation' and l.from_point <= $2 and l.to_point > $2
       and ($3 or not exists (select 1 from object_version v where v.tenant_no = $1
         and v.object_key in (l.source, l.target) and v.from_point <= $2 and v.to_point > $2
         and v.state = 'softDeleted'))`,
    [tenantNo, point, dormant],
  );
  return [...objects, ...links].map((row) => row.line).sort();
}
