import { describe, expect, it } from 'vitest';
import { roles } from '../../../functions/http/caller.ts';
import { apiDocument } from '../../../functions/http/openapi-document.ts';
import { routes } from '../../../functions/http/route.ts';
import { rolesFor, routeAccess } from '../../../functions/http/route-access.ts';
import '../../support/api.ts';

interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly { readonly in: string; readonly name: string }[];
  readonly requestBody?: object;
  readonly responses: Readonly<Record<string, object>>;
  readonly security?: readonly object[];
}

interface Document {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

describe('the table of routes and roles', () => {
  it('has known roles for every route that is not public, and public ones are health and openapi', () => {
    for (const route of routes()) {
      const { name } = route.definition;
      const needed = rolesFor(name);
      expect(needed === undefined, name).toBe(route.scope === 'public');
      for (const role of needed ?? []) expect(roles, name).toContain(role);
      if (needed !== undefined) expect(needed.length, name).toBeGreaterThan(0);
    }
    const defined = routes().map((route) => route.definition.name);
    expect(Object.keys(routeAccess).sort()).toEqual(defined.sort());
    const open = routes().filter((route) => route.scope === 'public');
    expect(open.map((route) => route.definition.name).sort()).toEqual([
      'healthLive',
      'healthReady',
      'openApi',
    ]);
  });

  it('keeps readers, auditors and approvers from every act that is not theirs', () => {
    const acts = routes().filter((route) => route.definition.act !== undefined);
    expect(acts.length).toBeGreaterThanOrEqual(10);
    for (const { definition } of acts) {
      const needed: readonly string[] = rolesFor(definition.name) ?? [];
      if (definition.name !== 'createComparison') {
        expect(needed, definition.name).not.toContain('Backup.Reader');
      }
      // who reads the logs exports them too, and cancels that
      const isAudit = ['createComparison', 'createLogExport', 'cancelOperation'].includes(
        definition.name,
      );
      expect(needed.includes('Security.Auditor'), definition.name).toBe(isAudit);
      const isDecision = ['approveRestorePlan', 'rejectRestorePlan'].includes(definition.name);
      expect(needed.includes('Restore.Approver'), definition.name).toBe(isDecision);
    }
  });

  it('names an act for everything that changes something', () => {
    for (const { definition } of routes()) {
      const { method, name } = definition;
      const reads = method === 'GET' || ['searchObjects', 'searchLogs'].includes(name);
      expect(definition.act === undefined, definition.name).toBe(reads);
    }
  });
});

describe('the OpenAPI document', () => {
  const document = apiDocument(routes(), 'https://backup.contoso.example/api') as Document;

  it('is version 3.1 and has every route with its parameters and nothing else', () => {
    expect(document.openapi).toMatch(/^3\.1\./);
    const listed = Object.values(document.paths).flatMap((methods) => Object.values(methods));
    expect(listed.map(({ operationId }) => operationId).sort()).toEqual(
      routes()
        .map(({ definition }) => definition.name)
        .sort(),
    );
    for (const { definition, scope } of routes()) {
      const operation = document.paths[definition.path]?.[definition.method.toLowerCase()];
      const named = (place: string): string[] =>
        (operation?.parameters ?? []).filter((each) => each.in === place).map(({ name }) => name);
      const inPath = [...definition.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      expect(named('path').sort(), definition.name).toEqual(inPath.sort());
      expect(named('query').includes('api-version'), definition.name).toBe(scope !== 'public');
      const statuses = Object.keys(definition.replies);
      expect(Object.keys(operation?.responses ?? {}), definition.name).toEqual(
        expect.arrayContaining(scope === 'public' ? statuses : [...statuses, '401', '404']),
      );
    }
  });

  it('shares its schemas by name', () => {
    expect(Object.keys(document.components.schemas)).toEqual(
      expect.arrayContaining(['Error', 'Operation', 'Reference', 'RestorePoint', 'Tenant']),
    );
  });

  it('needs no token for itself and for health, and one for the rest', () => {
    expect(document.paths['/openapi.json']?.['get']?.security).toEqual([]);
    expect(document.paths['/tenants']?.['get']?.security).toBeUndefined();
  });
});
