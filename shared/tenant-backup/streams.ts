import { captureOf } from '../catalog/derive.ts';
import type { FacetType, LinkType, ObjectType } from '../catalog/object-type.ts';
import type { GraphRequest } from '../graph/graph-request.ts';
import type { SessionTask } from '../repository/session-tasks.ts';

/** A listing that a collection needs; its name is stored. */
export type Stream =
  | { readonly kind: 'list' | 'relist' | 'bin'; readonly name: string }
  | { readonly kind: 'expand'; readonly name: string; readonly link: LinkType }
  | { readonly kind: 'facet'; readonly name: string; readonly facet: FacetType };

/** The listings of the pass that the task is in. */
export function streamsFor(type: ObjectType, task: SessionTask): Stream[] {
  const facets = type.facets
    .filter((facet) => !task.notCaptured.includes(facet.name))
    .map((facet): Stream => ({ kind: 'facet', name: `facet:${facet.name}`, facet }));
  if (task.mode === 'incremental') return facets;
  if (task.tracked && task.pass > 0) return [{ kind: 'relist', name: 'relist' }];
  const expands = type.links
    .filter((link) => link.expandLimit !== undefined || link.cardinality === 'one')
    .map((link): Stream => ({ kind: 'expand', name: `expand:${link.path}`, link }));
  const bin: Stream[] = type.recycleBin === undefined ? [] : [{ kind: 'bin', name: 'bin' }];
  return [{ kind: 'list', name: 'list' }, ...expands, ...bin, ...facets];
}

/** Property names to ask for; what a missing permission would silently leave out is not asked. */
export function capturedNames(type: ObjectType, task: SessionTask): readonly string[] {
  return type.select.filter((name) => !task.notCaptured.includes(name));
}

function selection(type: ObjectType, task: SessionTask): Record<string, string> {
  const everything = captureOf(type, new Set()).select === undefined;
  return everything ? {} : { $select: capturedNames(type, task).join(',') };
}

const base = (type: ObjectType): Pick<GraphRequest, 'apiVersion' | 'service'> => ({
  apiVersion: type.apiVersion,
  service: type.service,
});

export function streamRequest(type: ObjectType, task: SessionTask, stream: Stream): GraphRequest {
  const path = type.collection;
  const top = (size: number): Record<string, string> => ({ $top: String(size) });
  const { list, expanded } = type.pageSize;
  switch (stream.kind) {
    case 'list':
      return { ...base(type), path, query: { ...selection(type, task), ...top(list) } };
    case 'relist':
      return { ...base(type), path, query: { $select: 'id', ...top(list) } };
    case 'bin':
      return {
        ...base(type),
        path: `/directory/deletedItems/${type.recycleBin ?? ''}`,
        query: { $select: 'id,deletedDateTime', ...top(list) },
      };
    case 'expand': {
      const $expand = `${stream.link.path}($select=id)`;
      return { ...base(type), path, query: { $select: 'id', $expand, ...top(expanded) } };
    }
    case 'facet': {
      const $select = stream.facet.select.join(',');
      return { ...base(type), path, query: { $select, ...top(list) } };
    }
    default:
      return stream satisfies never;
  }
}

/** The first request of delta: `latest` asks for a link to what changes from now on. */
export function deltaRequest(type: ObjectType, task: SessionTask, latest: boolean): GraphRequest {
  const names = [...capturedNames(type, task), ...trackedPaths(type)];
  const token: Record<string, string> = latest ? { $deltatoken: 'latest' } : {};
  return {
    ...base(type),
    path: `${type.collection}/delta`,
    query: { ...token, $select: names.join(',') },
  };
}

export function trackedPaths(type: ObjectType): string[] {
  return type.links.filter((link) => link.tracked).map((link) => link.path);
}

export function objectRequest(type: ObjectType, task: SessionTask, id: string): GraphRequest {
  return { ...base(type), path: `${type.collection}/${segment(id)}`, query: selection(type, task) };
}

/** A path segment; ids are opaque. */
export function segment(id: string): string {
  return encodeURIComponent(id.toWellFormed());
}
