import { z } from 'zod';
import { createDocument, type ZodOpenApiOperationObject } from 'zod-openapi';
import { apiVersion } from './request-input.ts';
import type { Route } from './route.ts';
import { rolesFor } from './route-access.ts';
import type { RouteDefinition } from './route-definition.ts';
import { errorBody, guid } from './schemas.ts';

const versionParameter = z.literal(apiVersion).meta({ description: 'Version of this API' });

const errorReplies = {
  '400': 'A parameter is wrong, unknown or missing',
  '401': 'No valid token',
  '403': 'The role is missing',
  '404': 'Unknown, or not yours to know',
  '409': 'The state of the resource does not allow it',
  '412': 'The resource has changed',
  '413': 'The body is too large',
  '415': 'The body is not application/json',
  '428': 'If-Match is missing',
  '500': 'An unexpected error',
  '503': 'A component does not answer',
} as const;

/** The OpenAPI 3.1 document of all routes, made from the schemas that check the requests. */
export function apiDocument(routes: readonly Route[], baseUrl: string): object {
  const paths: Record<string, Record<string, ZodOpenApiOperationObject>> = {};
  for (const route of routes) {
    const { path, method } = route.definition;
    paths[path] = { ...paths[path], [method.toLowerCase()]: operationOf(route) };
  }
  return createDocument({
    openapi: '3.1.0',
    info: {
      title: 'entra-backup',
      version: apiVersion,
      description: 'Backs up Microsoft Entra ID tenants and restores them.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: baseUrl }],
    security: [{ entra: [] }],
    components: {
      securitySchemes: { entra: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
    },
    paths,
  });
}

function operationOf(route: Route): ZodOpenApiOperationObject {
  const { definition, scope } = route;
  const needed = rolesFor(definition.name);
  const isPublic = scope === 'public';
  return {
    operationId: definition.name,
    summary: definition.summary,
    ...(needed === undefined
      ? {}
      : { description: `Needs one of the roles ${needed.join(', ')}.` }),
    ...(isPublic ? { security: [] } : {}),
    requestParams: parametersOf(definition, scope),
    ...bodyOf(definition),
    responses: { ...repliesOf(definition), ...(isPublic ? {} : errorsOf()) },
  };
}

function parametersOf(
  { path, params, query, method, act }: RouteDefinition,
  scope: Route['scope'],
): NonNullable<ZodOpenApiOperationObject['requestParams']> {
  const tenant = path.startsWith('/tenants/{tenantId}') ? { tenantId: guid } : {};
  const names = { ...tenant, ...params?.shape };
  const version = scope === 'public' ? {} : { 'api-version': versionParameter };
  const queryShape = { ...version, ...query?.shape };
  return {
    ...(Object.keys(names).length === 0 ? {} : { path: z.object(names) }),
    ...(Object.keys(queryShape).length === 0 ? {} : { query: z.object(queryShape) }),
    ...(method === 'POST' && act !== undefined ? { header: repeatability } : {}),
  };
}

const repeatability = z.object({
  'Repeatability-Request-ID': z.string().optional().meta({
    description: 'A GUID: the same request within 7 days acts once and gets the same answer',
  }),
  'Repeatability-First-Sent': z.string().optional().meta({
    description: 'When the request was first sent, as an HTTP date; needed with the id',
  }),
});

function bodyOf(definition: RouteDefinition): Pick<ZodOpenApiOperationObject, 'requestBody'> {
  if (definition.body === undefined) return {};
  return {
    requestBody: {
      required: definition.bodyOptional !== true,
      content: { 'application/json': { schema: definition.body } },
    },
  };
}

function repliesOf(definition: RouteDefinition): ZodOpenApiOperationObject['responses'] {
  return Object.fromEntries(
    Object.entries(definition.replies).map(([status, { description, body }]) => [
      status,
      {
        description,
        ...(body === undefined ? {} : { content: { 'application/json': { schema: body } } }),
      },
    ]),
  );
}

function errorsOf(): ZodOpenApiOperationObject['responses'] {
  return Object.fromEntries(
    Object.entries(errorReplies).map(([status, description]) => [
      status,
      { description, content: { 'application/json': { schema: errorBody } } },
    ]),
  );
}
