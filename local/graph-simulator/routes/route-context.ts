// What every handler gets, and the small questions all of them ask.
import { badRequest, denied, notFound } from '../errors.ts';
import type { ObjectVersion, StoredObject } from '../tenant/stored-object.ts';
import type { TenantState } from '../tenant/tenant-state.ts';
import type { TenantView } from '../tenant/tenant-view.ts';
import type {
  Caller,
  JsonObject,
  JsonValue,
  ObjectType,
  PageFault,
  SimulatorReply,
  SimulatorRequest,
} from '../types.ts';

export type RouteContext = {
  readonly request: SimulatorRequest;
  readonly caller: Caller;
  readonly tenant: TenantState;
  /** What this request's replica knows; writes check the newest state in `tenant` as well. */
  readonly view: TenantView;
  /** Values of the `{id}` places of the route, in order. */
  readonly parameters: readonly string[];
  readonly pageFaults: readonly PageFault[];
};

export type Handler = (context: RouteContext) => SimulatorReply;

export type Route = {
  /** Lower case, keys written `{id}`. */
  readonly template: string;
  /** Template permissions and costs are looked up by, when it differs. */
  readonly countsAs?: string;
  readonly handlers: Readonly<Record<string, Handler>>;
};

const guidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export function isGuid(text: string): boolean {
  return guidPattern.test(text);
}

export function parameter(context: RouteContext, index = 0): string {
  const value = context.parameters[index];
  if (value === undefined) {
    throw badRequest('The request URI is not valid.');
  }
  return value;
}

export function linkBase(context: RouteContext): string {
  return `${context.request.origin}/${context.request.version}`;
}

export function contextUrl(context: RouteContext, fragment: string): string {
  return `${linkBase(context)}/$metadata#${fragment}`;
}

export function json(status: number, body: JsonValue): SimulatorReply {
  return { status, headers: {}, body };
}

export const noContent: SimulatorReply = { status: 204, headers: {} };

/** The JSON object of a write; anything else is refused as the service does. */
export function bodyObject(context: RouteContext): JsonObject {
  const { headers, bodyText } = context.request;
  const contentType = headers.get('content-type') ?? '';
  if (bodyText === '' || !/^application\/json\b/i.test(contentType)) {
    throw badRequest(
      bodyText === ''
        ? 'Empty Payload. JSON content expected.'
        : 'A valid Content-Type of application/json is required for this request.',
    );
  }
  let value: JsonValue;
  try {
    value = JSON.parse(bodyText) as JsonValue;
  } catch {
    throw badRequest('Unable to read JSON request payload. Please ensure it is valid JSON.');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw badRequest('Unable to read JSON request payload. An object was expected.');
  }
  return value as JsonObject;
}

/** The live object of this type by id; 404 when the replica does not have it. */
export function liveObject(context: RouteContext, type: ObjectType, id: string): ObjectVersion {
  const version = context.view.live(id);
  if (version === undefined || version.object.type !== type) {
    throw notFound(id);
  }
  return version;
}

/** For writes: the object must also be live in the newest state. */
export function writableObject(context: RouteContext, type: ObjectType, id: string): StoredObject {
  const { object } = liveObject(context, type, id);
  if (object.current.state !== 'live') {
    throw notFound(id);
  }
  refuseProtected(context, object);
  return object;
}

/** Objects that need a directory role, or sit in a restricted unit, refuse tenant-wide writes. */
export function refuseProtected(context: RouteContext, object: StoredObject): void {
  const { tenant } = context;
  if (tenant.settings.privilegedObjectIds.includes(object.id)) {
    throw denied();
  }
  const units = tenant.links.sources('members', object, tenant.log.sequence);
  for (const unit of units) {
    if (
      unit.type === 'administrativeUnit' &&
      unit.current.properties['isMemberManagementRestricted'] === true
    ) {
      throw denied(
        'Insufficient privileges to complete the operation. Target object is a member of a restricted management administrative unit and can only be modified by administrators scoped to that administrative unit.',
      );
    }
  }
}

export function holdsRole(context: RouteContext, ...roles: readonly string[]): boolean {
  return roles.some((role) => context.caller.roles.includes(role));
}

export function readsSecurityAttributes(context: RouteContext): boolean {
  return holdsRole(
    context,
    'CustomSecAttributeAssignment.Read.All',
    'CustomSecAttributeAssignment.ReadWrite.All',
  );
}
