/** The one table of what the vault answers; sign, certificates and secrets are further rows. */
import {
  createKey,
  getKey,
  type KeyCall,
  listVersions,
  rotateKey,
  unwrapKey,
  updateKey,
  wrapKey,
} from './key-operations.ts';
import type { VaultReply } from './vault-request.ts';

export interface VaultRoute {
  readonly method: 'GET' | 'POST' | 'PATCH';
  /** `{name}` and `{version}`; the version may be empty and then means the current one. */
  readonly path: string;
  /** What an access policy has to hold. */
  readonly permission: string;
  readonly answer: (call: KeyCall) => VaultReply | Promise<VaultReply>;
}

export const routes: readonly VaultRoute[] = [
  { method: 'GET', path: '/keys/{name}', permission: 'keys/get', answer: getKey },
  { method: 'GET', path: '/keys/{name}/versions', permission: 'keys/list', answer: listVersions },
  { method: 'GET', path: '/keys/{name}/{version}', permission: 'keys/get', answer: getKey },
  { method: 'POST', path: '/keys/{name}/create', permission: 'keys/create', answer: createKey },
  { method: 'POST', path: '/keys/{name}/rotate', permission: 'keys/rotate', answer: rotateKey },
  { method: 'PATCH', path: '/keys/{name}/{version}', permission: 'keys/update', answer: updateKey },
  {
    method: 'POST',
    path: '/keys/{name}/{version}/wrapkey',
    permission: 'keys/wrapKey',
    answer: wrapKey,
  },
  {
    method: 'POST',
    path: '/keys/{name}/{version}/unwrapkey',
    permission: 'keys/unwrapKey',
    answer: unwrapKey,
  },
];

const patterns = routes.map((route) => {
  const pattern = route.path
    .replace('{name}', '(?<name>[0-9A-Za-z-]{1,127})')
    .replace('{version}', '(?<version>[0-9A-Fa-f]{32}|)');
  return { route, pattern: new RegExp(`^${pattern}$`) };
});

export interface Match {
  readonly route: VaultRoute;
  readonly name: string;
  readonly version: string;
}

export function matchRoute(method: string, path: string): Match | undefined {
  for (const { route, pattern } of patterns) {
    const groups = route.method === method ? pattern.exec(path)?.groups : undefined;
    if (groups !== undefined) {
      return { route, name: groups['name'] ?? '', version: groups['version'] ?? '' };
    }
  }
  return undefined;
}
