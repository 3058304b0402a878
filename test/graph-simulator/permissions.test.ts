import { describe, expect, test } from 'vitest';
import {
  alternativesFor,
  checkPermission,
  readerPermissions,
  restorerPermissions,
} from '../../local/graph-simulator/permissions.ts';
import { rowTemplate } from '../../local/graph-simulator/route-permission.ts';
import { routes } from '../../local/graph-simulator/routes/route-table.ts';

const allowed = (method: string, template: string, roles: readonly string[]) =>
  checkPermission(method, template, roles) === undefined;

describe('application permissions', () => {
  test('any permission of the row suffices and none of another resource does', () => {
    expect(allowed('GET', '/users/delta', ['User.Read.All'])).toBe(true);
    expect(allowed('GET', '/users/delta', ['Directory.Read.All'])).toBe(true);
    expect(allowed('GET', '/users/delta', ['Group.Read.All'])).toBe(false);
    expect(allowed('GET', '/users/delta', [])).toBe(false);
  });

  test('the denial is the documented 403', () => {
    expect(checkPermission('GET', '/groups', ['User.Read.All'])).toMatchObject({
      status: 403,
      body: { error: { code: 'Authorization_RequestDenied' } },
    });
  });

  test('reading a policy does not allow writing one; both permissions do', () => {
    const write = ['POST', '/identity/conditionalaccess/policies'] as const;
    expect(allowed(...write, ['Policy.Read.All'])).toBe(false);
    expect(allowed(...write, ['Policy.ReadWrite.ConditionalAccess'])).toBe(false);
    expect(allowed(...write, ['Policy.Read.All', 'Policy.ReadWrite.ConditionalAccess'])).toBe(true);
  });

  test('adding to a group by reference is not allowed by reading it', () => {
    const add = ['POST', '/groups/{id}/members/$ref'] as const;
    expect(allowed(...add, ['GroupMember.Read.All'])).toBe(false);
    expect(allowed(...add, ['GroupMember.ReadWrite.All'])).toBe(true);
  });

  test('a restore asks for the permission of the type', () => {
    const restore = (type: string) =>
      ['POST', `/directory/deleteditems/{id}/microsoft.graph.${type}/restore`] as const;
    expect(allowed(...restore('user'), ['Group.ReadWrite.All'])).toBe(false);
    expect(allowed(...restore('group'), ['Group.ReadWrite.All'])).toBe(true);
    expect(allowed(...restore('user'), ['User.DeleteRestore.All'])).toBe(true);
  });

  test('no application may purge', () => {
    const purge = ['DELETE', '/directory/deleteditems/{id}'] as const;
    expect(allowed(...purge, [...restorerPermissions])).toBe(false);
  });

  test('the reader reads everything the simulator serves and writes nothing', () => {
    for (const path of [
      '/users',
      '/users/delta',
      '/users/{id}',
      '/users/{id}/manager',
      '/groups/{id}/members',
      '/groups/{id}/owners',
      '/directory/administrativeunits/{id}/members',
      '/directory/administrativeunits/{id}/scopedrolemembers',
      '/directory/deleteditems/microsoft.graph.group',
      '/identity/conditionalaccess/policies',
      '/identity/conditionalaccess/namedlocations',
      '/organization',
      '/auditlogs/directoryaudits',
      '/auditlogs/signins',
      '/auditlogs/provisioning',
    ]) {
      expect([path, allowed('GET', path, readerPermissions)]).toEqual([path, true]);
    }
    expect(allowed('POST', '/directoryobjects/getbyids', readerPermissions)).toBe(true);
    for (const [method, path] of [
      ['POST', '/users'],
      ['PATCH', '/users/{id}'],
      ['DELETE', '/groups/{id}'],
      ['PUT', '/users/{id}/manager/$ref'],
      ['POST', '/directory/deleteditems/{id}/restore'],
    ] as const) {
      expect([path, allowed(method, path, readerPermissions)]).toEqual([path, false]);
      expect([path, allowed(method, path, restorerPermissions)]).toEqual([path, true]);
    }
  });

  test('every route the simulator serves has its row', () => {
    for (const { template, countsAs, handlers } of routes) {
      for (const method of Object.keys(handlers)) {
        const row = rowTemplate(method, countsAs ?? template);
        expect(() => alternativesFor(method, row)).not.toThrow();
      }
    }
  });

  test('a request nobody described is a mistake of the simulator and says so', () => {
    expect(() => alternativesFor('PATCH', '/users')).toThrow('no permission row for PATCH /users');
  });
});
