// What a restore point shows over HTTP and what the simulated tenant held then, as comparable lines:
// objects with facets and children by the hash of their content, what lies in the recycle bin, links
// of relations and of ids inside bodies.
import { createHash } from 'node:crypto';
import type { ControlClient, TruthLine } from '../../local/graph-simulator/control/client.ts';
import {
  canonicalRulesOf,
  canonicalRulesOfChild,
  canonicalRulesOfFacet,
  isConstant,
} from '../../shared/catalog/derive.ts';
import { objectTypes } from '../../shared/catalog/index.ts';
import type { EmbeddedReference, ObjectType } from '../../shared/catalog/object-type.ts';
import { type CanonicalRules, canonicalText } from '../../shared/json/canonical-text.ts';
import { valuesAt } from '../../shared/json/json-path.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../shared/json/json-value.ts';
import { parseJson } from '../../shared/json/parse-json.ts';
import { simulatorTruth } from './simulator-truth.ts';

/** A call of the API below `/api/tenants/{t}`; answers the text of a good reply, else throws. */
export type ApiCall = (method: 'GET' | 'POST', path: string, body?: unknown) => Promise<string>;

const catalogue: readonly ObjectType[] = objectTypes;
const children = catalogue.flatMap((type) => type.children);
const PAGE = 37;

function digest(value: JsonValue | undefined, rules: CanonicalRules): string {
  if (!isJsonObject(value)) throw new Error('the API shows no properties');
  return createHash('sha256').update(canonicalText(value, rules)).digest('hex');
}

function objectOf(value: JsonValue | undefined): JsonObject {
  if (!isJsonObject(value)) throw new Error('the API answers no object');
  return value;
}

/** All items of a list, page by page; a next link takes the same body. */
async function items(
  call: ApiCall,
  method: 'GET' | 'POST',
  path: string,
  body?: unknown,
): Promise<JsonObject[]> {
  const found: JsonObject[] = [];
  for (let next: string | undefined = path; next !== undefined; ) {
    const page = objectOf(parseJson(await call(method, next, body)));
    found.push(...(page['value'] as JsonValue[]).map(objectOf));
    const link = page['nextLink'];
    next = typeof link === 'string' ? link : undefined;
  }
  return found;
}

async function linksOf(call: ApiCall, point: string, type: string, id: string): Promise<string[]> {
  const path = `/restorePoints/${point}/objects/${type}/${encodeURIComponent(id)}/links?top=${PAGE}`;
  return (await items(call, 'GET', path)).map((link) => {
    const target = String(objectOf(link['object'])['id']);
    return `${String(link['relationship'])} ${id.split('~').at(-1)} ${target}`;
  });
}

async function linesOf(call: ApiCall, point: string, reference: JsonObject): Promise<string[]> {
  const [type, id] = [String(reference['type']), String(reference['id'])];
  const path = `/restorePoints/${point}/objects/${type}/${encodeURIComponent(id)}`;
  const shown = objectOf(parseJson(await call('GET', path)));
  const known = catalogue.find((candidate) => candidate.name === type);
  if (known === undefined) throw new Error(`a search finds ${type}`);
  const lines = [`${type} ${id} ${digest(shown['properties'], canonicalRulesOf(known))}`];
  for (const facet of known.facets) {
    const value = objectOf(shown['facets'])[facet.name];
    if (value === undefined) continue;
    lines.push(`facet:${facet.name} ${id} ${digest(value, canonicalRulesOfFacet(facet))}`);
  }
  for (const child of known.children) {
    for (const each of (objectOf(shown['children'])[child.name] ?? []) as JsonValue[]) {
      const one = objectOf(each);
      const rules = canonicalRulesOfChild(child);
      const childId = String(objectOf(one['object'])['id']).split('~').at(-1);
      lines.push(`${child.name} ${childId} ${digest(one['properties'], rules)}`);
      lines.push(...(await linksOf(call, point, child.name, `${id}~${childId}`)));
    }
  }
  return [...lines, ...(await linksOf(call, point, type, id))];
}

/** Everything a point shows; `point` as in the path: a number or `latest`. */
export async function pointOverHttp(call: ApiCall, point: string): Promise<string[]> {
  const search = `/restorePoints/${point}/objects/search`;
  const live = await items(call, 'POST', search, { top: PAGE });
  const filter = { states: ['recycleBin'] };
  const bin = await items(call, 'POST', search, { top: PAGE, filter });
  const lines = bin.map((reference) => `bin ${String(reference['id'])}`);
  const queue = live.values();
  const workers = Array.from({ length: 4 }, async () => {
    for (const reference of queue) lines.push(...(await linesOf(call, point, reference)));
  });
  await Promise.all(workers);
  return lines.sort();
}

/** The same lines from the simulator, after its change `sequence` or now. */
export async function truthOverHttp(
  control: ControlClient,
  tenantId: string,
  sequence?: number,
): Promise<string[]> {
  const plain = await simulatorTruth(control, tenantId, sequence);
  const objects: Extract<TruthLine, { kind: 'object' }>[] = [];
  for await (const line of control.truth(tenantId, sequence)) {
    if (line.kind === 'object') objects.push(line);
  }
  const shown = new Set(plain.map((line) => line.split(' ')[1] ?? ''));
  const deleted = new Set(objects.filter((o) => o.state !== 'live').map((o) => o.id));
  const embedded = objects
    .filter((object) => object.state === 'live' && shown.has(object.id))
    .flatMap((object) =>
      referencesOf(object.type).flatMap((reference) =>
        idsIn(object.properties, reference)
          .filter((id) => !deleted.has(id))
          .map((id) => `${reference.name} ${object.id} ${id}`),
      ),
    );
  return [...plain, ...embedded].sort();
}

function referencesOf(type: string): readonly EmbeddedReference[] {
  const own = catalogue.find((candidate) => candidate.name === type);
  return (own ?? children.find((child) => child.name === type))?.references ?? [];
}

function idsIn(properties: object, reference: EmbeddedReference): string[] {
  const values = valuesAt(parseJson(JSON.stringify(properties)), reference.path)
    .flatMap((value) => (Array.isArray(value) ? value : [value]))
    .filter((value): value is string => typeof value === 'string' && value !== '')
    .filter((id) => !isConstant(reference, id))
    .map((id) => id.toLowerCase());
  return [...new Set(values)];
}
