// Finds the route of a path. Segments are compared without case; `users('x')` is `users/x`,
// `delta()` is `delta`, and an alternate key `groups(uniqueName='x')` stays one parameter.
import type { RouteMatch } from '../types.ts';
import type { Handler, Route } from './route-context.ts';

export type FoundRoute = {
  /** Undefined when the path is known but not with this method. */
  readonly handler: Handler | undefined;
  readonly match: RouteMatch;
  readonly parameters: readonly string[];
};

export type FindRoute = (method: string, path: string) => FoundRoute | undefined;

/** Splits keys in parentheses off: `/groups('a')/members` -> groups, a, members. */
export function pathSegments(path: string): readonly string[] {
  return path
    .split('/')
    .filter((segment) => segment !== '')
    .flatMap((segment) => {
      const match = /^([\w.]+)\((.*)\)$/.exec(segment);
      const [, name, key] = match ?? [];
      if (name === undefined || key === undefined) {
        return [segment];
      }
      const quoted = /^'(.*)'$/.exec(key)?.[1];
      return key === '' ? [name] : [name, (quoted ?? key).replaceAll("''", "'")];
    });
}

type Node = {
  readonly routes: Route[];
  readonly children: Map<string, Node>;
};

function newNode(): Node {
  return { routes: [], children: new Map() };
}

const castPattern = /^(?:microsoft\.)?graph\.\w+$/i;

export function createRouteFinder(routes: readonly Route[]): FindRoute {
  const root = newNode();
  for (const route of routes) {
    let node = root;
    for (const segment of route.template.split('/').filter((part) => part !== '')) {
      const child = node.children.get(segment) ?? newNode();
      node.children.set(segment, child);
      node = child;
    }
    node.routes.push(route);
  }
  return (method, path) => find(root, method, pathSegments(path));
}

function step(node: Node, segment: string): readonly [Node | undefined, boolean] {
  const isCast = castPattern.test(segment);
  const name = segment.toLowerCase();
  const literal = node.children.get(isCast ? name.replace(/^graph\./, 'microsoft.graph.') : name);
  return [literal ?? node.children.get(isCast ? '{cast}' : '{id}'), literal === undefined];
}

function find(root: Node, method: string, segments: readonly string[]): FoundRoute | undefined {
  const parameters: string[] = [];
  let node = root;
  for (const segment of segments) {
    const [next, isParameter] = step(node, segment);
    if (next === undefined) {
      return undefined;
    }
    if (isParameter) {
      parameters.push(segment);
    }
    node = next;
  }
  const route = node.routes.find((one) => one.handlers[method] !== undefined) ?? node.routes[0];
  if (route === undefined) {
    return undefined;
  }
  return {
    handler: route.handlers[method],
    parameters,
    match: {
      template: route.countsAs ?? route.template,
      operation: `${method} ${route.template}`,
    },
  };
}
