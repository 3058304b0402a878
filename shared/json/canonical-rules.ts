import type { CanonicalRules } from './canonical-text.ts';
import type { JsonObject, JsonValue } from './json-value.ts';
import { writeString } from './write-json.ts';

/** A member that is written: its place among the members, `"name":`, what holds below it. */
interface Member {
  readonly name: string;
  /** Index in Object.values. */
  readonly place: number;
  readonly prefix: string;
  readonly node: RuleNode;
}

interface Shape {
  readonly names: readonly string[];
  readonly members: readonly Member[];
}

export interface CompiledRules {
  readonly root: RuleNode;
  readonly dropEmptyTopLevel: boolean;
  /** True for an `@odata.type` at the top that says what the collection says already. */
  isOmitted(name: string, value: JsonValue): boolean;
}

const compiledRules = new WeakMap<CanonicalRules, CompiledRules>();

/** The rules as a tree, made once per rules object (so keep and reuse that object). */
export function compileRules(rules: CanonicalRules): CompiledRules {
  const known = compiledRules.get(rules);
  if (known !== undefined) return known;
  const root = new RuleNode();
  for (const path of rules.volatile) root.at(path).volatile = true;
  for (const path of rules.unordered) root.at(path).unordered = true;
  const baseType = typeName(rules.baseType);
  const compiled: CompiledRules = {
    root,
    dropEmptyTopLevel: rules.dropEmptyTopLevel,
    isOmitted: (name, value) =>
      name === '@odata.type' && baseType !== undefined && typeName(value) === baseType,
  };
  compiledRules.set(rules, compiled);
  return compiled;
}

/** Open types bring any name; nodes beyond this number are made anew each time. */
const maximumChildren = 512;
/** Delta items of one type come in few shapes; more are sorted again. */
const maximumShapes = 8;

/** What the rules say about one place in an object; array items share the place of their array. */
export class RuleNode {
  volatile = false;
  unordered = false;
  private readonly children = new Map<string, RuleNode>();
  private readonly shapes: Shape[] = [];
  private nextShape = 0;

  /** The node of a path such as `a.b[]`, created when missing. */
  at(path: string): RuleNode {
    return path
      .replaceAll('[]', '')
      .split('.')
      .reduce<RuleNode>((node, name) => node.child(name), this);
  }

  /** Members in the order in which they are written, without annotations and volatile ones. */
  membersOf(object: JsonObject): readonly Member[] {
    const names = Object.keys(object);
    for (const shape of this.shapes) {
      if (sameNames(shape.names, names)) return shape.members;
    }
    const shape = { names, members: this.arrange(names) };
    this.shapes[this.nextShape] = shape;
    this.nextShape = (this.nextShape + 1) % maximumShapes;
    return shape.members;
  }

  private arrange(names: readonly string[]): Member[] {
    return names
      .map((name, place) => ({ name, place }))
      .filter(({ name }) => !isAnnotation(name))
      .sort((one, other) => compareCodeUnits(one.name, other.name))
      .map(({ name, place }) => ({
        name,
        place,
        prefix: `${writeString(name)}:`,
        node: this.child(name),
      }))
      .filter((member) => !member.node.volatile);
  }

  private child(name: string): RuleNode {
    const known = this.children.get(name);
    if (known !== undefined) return known;
    const node = new RuleNode();
    if (this.children.size < maximumChildren) this.children.set(name, node);
    return node;
  }
}

/**
 * Control information of OData and of Graph (`@odata.etag`, `x@odata.context`,
 * `@microsoft.graph.tips`) is not part of the object; only the type of a derived object is.
 * https://docs.oasis-open.org/odata/odata-json-format/v4.01/odata-json-format-v4.01.html#sec_ControlInformation
 */
function isAnnotation(name: string): boolean {
  if (name === '@odata.type') return false;
  return name.startsWith('@') || name.includes('@odata.') || name.includes('@microsoft.graph.');
}

/** Relational operators compare code units, whatever the locale of the process. */
function compareCodeUnits(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}

/** `#microsoft.graph.User` and `microsoft.graph.user` are the same type. */
function typeName(value: JsonValue | undefined): string | undefined {
  return typeof value === 'string' ? value.replace(/^#/, '').toLowerCase() : undefined;
}

function sameNames(known: readonly string[], names: readonly string[]): boolean {
  if (known.length !== names.length) return false;
  for (let index = 0; index < known.length; index++) {
    if (known[index] !== names[index]) return false;
  }
  return true;
}
