import { createRemoteJWKSet, customFetch } from 'jose';
import { fetch as undiciFetch } from 'undici';
import { cloudAddresses } from '../../shared/graph/clouds.ts';
import type { Network } from '../../shared/graph/network.ts';
import type { Clock } from '../../shared/model/clock.ts';
import type { Settings } from '../../shared/settings/settings.ts';
import { createTokenVerifier, type TokenVerifier } from './token-verifier.ts';

const KEYS_FRESH_MS = 24 * 3_600_000;

/** The verifier for the configured tenants; keys come through the network of the process. */
export function apiTokenVerifier(
  settings: Settings,
  network: Network,
  clock: Clock,
): TokenVerifier {
  const loginUrl = settings.loginUrl ?? cloudAddresses[settings.cloud].loginUrl;
  const login = loginUrl.replace(/\/$/, '');
  return createTokenVerifier({
    tenantIds: settings.api.tenantIds,
    audience: settings.api.audience,
    loginUrl: login,
    clock,
    keysOf: (tenantId) =>
      createRemoteJWKSet(new URL(`${login}/${tenantId}/discovery/v2.0/keys`), {
        cacheMaxAge: KEYS_FRESH_MS,
        timeoutDuration: 10_000,
        [customFetch]: async (url, init) => {
          const response = await undiciFetch(url, {
            method: init.method,
            headers: Object.fromEntries(init.headers),
            redirect: init.redirect,
            signal: init.signal,
            dispatcher: network.dispatcher,
          });
          // The classes of undici and of Node have the same members, but are not the same class.
          return new Response(await response.text(), { status: response.status });
        },
      }),
  });
}
