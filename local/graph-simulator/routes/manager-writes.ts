// The manager of a user. https://learn.microsoft.com/graph/api/user-post-manager
import { badRequest } from '../errors.ts';
import { allowOnly } from '../query.ts';
import type { SimulatorReply } from '../types.ts';
import { findByKey } from './reads.ts';
import { referenceBody } from './references.ts';
import { noContent, type RouteContext, writableObject } from './route-context.ts';
import { refuseSynced } from './user-writes.ts';

/** Sets the one manager of a user. */
export function putManager(context: RouteContext): SimulatorReply {
  allowOnly(context.request, []);
  const { tenant } = context;
  const object = writableObject(context, 'user', findByKey(context, 'user').object.id);
  const manager = referenceBody(context);
  if (manager.type !== 'user') {
    throw badRequest('The reference target must be of type user or organizational contact.');
  }
  if (manager === object) {
    throw badRequest('A user cannot be their own manager.');
  }
  refuseSynced(object, { displayName: null });
  for (const old of [...tenant.links.targets('manager', object, tenant.log.sequence)]) {
    if (old !== manager) {
      tenant.removeLink('manager', object, old);
    }
  }
  tenant.addLink('manager', object, manager);
  return noContent;
}

export function deleteManager(context: RouteContext): SimulatorReply {
  allowOnly(context.request, []);
  const { tenant } = context;
  const object = writableObject(context, 'user', findByKey(context, 'user').object.id);
  for (const old of [...tenant.links.targets('manager', object, tenant.log.sequence)]) {
    tenant.removeLink('manager', object, old);
  }
  return noContent;
}
