/**
 * What the product knows about one Graph object type, as plain data. Engines read it and never ask
 * for a type by name; a quirk is a named strategy with its own file. One file per type in types/.
 * Nothing here does I/O.
 */

/** Where an embedded id is to be looked up. */
export type IdSpace = 'objectId' | 'appId' | 'templateId' | 'tenantId';

/** Graph application permissions: all of a list are needed. */
export interface Permissions {
  /** Held by the reader. */
  readonly read: readonly string[];
  /** Added by the restorer. */
  readonly restore: readonly string[];
}

/** A relationship that Graph serves as a list of its own, for example the members of a group. */
export interface LinkType {
  /** `<type>.<path>`, for example `group.members`; stored, never renamed. */
  readonly name: string;
  /** Segment behind the object: `/groups/{id}/members`. */
  readonly path: string;
  readonly cardinality: 'one' | 'many';
  /** Object types a target may have; others are stored as `unknown`. */
  readonly targets: readonly string[];
  /** Whether delta rounds of the source carry it (as `<path>@delta`). */
  readonly tracked: boolean;
  /** `$expand` of the list returns at most this many targets, without a sign when cut. */
  readonly expandLimit?: number;
  /** How the target lists its sources: `/users/{id}/memberOf`. */
  readonly reverse?: { readonly path: string; readonly sourceCast: string };
  /** reference: `$ref` POST/DELETE and bind PATCH; single-reference: PUT `$ref`. */
  readonly restore: 'reference' | 'single-reference' | 'none';
  /** Most targets that one PATCH with `<path>@odata.bind` adds; without it each takes a POST. */
  readonly bindLimit?: number;
  readonly permissions: Permissions;
}

/** Objects that live under a parent and are listed per parent. */
export interface ChildType {
  /** Object type name of the child, for example `scopedRoleMembership`. */
  readonly name: string;
  readonly path: string;
  readonly select: readonly string[];
  /** Ids inside the child body. */
  readonly references: readonly EmbeddedReference[];
  readonly volatile: readonly string[];
  /** Properties of the POST body that creates it again; the child has no PATCH when absent. */
  readonly create: readonly string[];
  readonly permissions: Permissions;
}

/** Properties that delta does not carry: read by a list pass of their own, stored as an object. */
export interface FacetType {
  /** Stored in space `facet:<name>`; its parent is the object. */
  readonly name: string;
  readonly select: readonly string[];
  readonly permissions: Permissions;
}

/** An id inside a body; each is also stored as a link of kind `embedded`. */
export interface EmbeddedReference {
  /** `<type>:<path>`; `[]` steps into an array, for example `conditions.users.includeUsers[]`. */
  readonly name: string;
  readonly path: string;
  readonly space: IdSpace;
  readonly targets: readonly string[];
  /** Words that stand where an id could: `All`, `None`, `GuestsOrExternalUsers`. */
  readonly constants: readonly string[];
}

export interface RestoreRules {
  /** Object types whose objects must exist before. */
  readonly after: readonly string[];
  /** undelete-or-create: recycle bin first; create: no recycle bin; none: evidence only. */
  readonly deleted: 'undelete-or-create' | 'create' | 'none';
  /** Needed in the POST. */
  readonly required: readonly string[];
  /** Can be set by POST only. */
  readonly createOnly: readonly string[];
  /** Set by the service; never written. */
  readonly readOnly: readonly string[];
  /** Named strategies that prepare a POST or PATCH body (shared/restore/strategies). */
  readonly strategies: readonly string[];
  /** Properties that identify the same thing under another id, strongest first. */
  readonly naturalKey: readonly string[];
  /** A property that Graph keeps unique: a second creation with the same value is refused. */
  readonly enforcedKey?: string;
  /** What a re-creation cannot bring back, one sentence each. */
  readonly lost: readonly string[];
}

export interface ObjectType {
  readonly name: string;
  /** Graph path of the list, for example `/users`. */
  readonly collection: string;
  readonly apiVersion: 'v1.0' | 'beta';
  /** `directory` for all that share the directory id space, else the type's own name. */
  readonly space: string;
  /** Whose quota its calls use. */
  readonly service: 'identity' | 'conditionalAccess';
  readonly changeTracking: 'delta' | 'full-scan';
  /** `$top` maximum of a plain list and of a list with `$expand`. */
  readonly pageSize: { readonly list: number; readonly expanded: number };
  readonly select: readonly string[];
  /** Items have derived types: Graph refuses their properties in `$select`, so none is sent. */
  readonly derivedTypes?: readonly string[];
  readonly facets: readonly FacetType[];
  readonly links: readonly LinkType[];
  readonly children: readonly ChildType[];
  readonly references: readonly EmbeddedReference[];
  /** Change by themselves: never versioned. */
  readonly volatile: readonly string[];
  /** Arrays whose order means nothing (paths as in EmbeddedReference). */
  readonly unordered: readonly string[];
  readonly permissions: Permissions & {
    /** What single properties need beyond the type. */
    readonly properties?: Readonly<Record<string, Partial<Permissions>>>;
  };
  /** Cast under /directory/deletedItems, when the type has a recycle bin. */
  readonly recycleBin?: string;
  /** Properties shown and searched: label first, then the search terms. */
  readonly label: string;
  readonly searchable: readonly string[];
  /** Discriminates kinds, for example guest or dynamic group; first match wins. */
  readonly kinds: readonly {
    readonly kind: string;
    readonly property: string;
    readonly has: string;
  }[];
  readonly restore: RestoreRules;
  /** Clouds that serve it. */
  readonly clouds: readonly string[];
  readonly licence?: string;
  readonly risk: 'low' | 'high' | 'privileged';
  readonly level: 'restorable' | 'assisted' | 'evidence';
  /** Documentation of the resource. */
  readonly documentation: string;
}
