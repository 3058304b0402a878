/**
 * App registrations per tenant: credentials, granted application permissions and what becomes of
 * tokens that were issued before a permission was revoked. All of it can change while running.
 */
import { createHash, randomUUID, X509Certificate } from 'node:crypto';
import { isGuid } from './errors.ts';

/**
 * What a revocation does to tokens issued earlier.
 * `keep`: they hold the permission until they end (what Entra does without continuous access
 * evaluation). `withoutPermission`: the permission is missing at once. `refuse`: they get a 401
 * with a claims challenge.
 */
export type ExistingTokens = 'keep' | 'withoutPermission' | 'refuse';

export interface ClientSecret {
  readonly id: string;
  readonly value: string;
  readonly expires: Date;
}

export interface RegisteredCertificate {
  readonly pem: string;
  readonly x5t: string;
  readonly x5tS256: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
}

export interface AppRegistration {
  readonly tenantId: string;
  readonly appId: string;
  readonly objectId: string;
  readonly displayName: string;
  readonly secrets: ClientSecret[];
  readonly certificates: RegisteredCertificate[];
  readonly permissions: Set<string>;
  /** Permissions that are missing from tokens issued earlier too. */
  readonly withdrawn: Set<string>;
  enabled: boolean;
  /** Tokens issued before this time (epoch milliseconds) are refused. */
  validFrom: number;
}

export interface NewRegistration {
  readonly appId: string;
  readonly displayName?: string;
  /** Client secrets; one without `expires` lasts two years. */
  readonly secrets?: readonly { readonly value: string; readonly expires?: Date }[];
  /** PEM certificates whose private keys may sign client assertions. */
  readonly certificates?: readonly string[];
  readonly permissions: readonly string[];
}

const TWO_YEARS_MS = 730 * 86_400_000;

/** The tenants known to the authority and the app registrations in each of them. */
export class Registrations {
  readonly #tenants = new Map<string, Map<string, AppRegistration>>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  addTenant(tenantId: string): void {
    if (!isGuid(tenantId)) throw new Error(`tenant id is not a GUID: ${tenantId}`);
    const key = tenantId.toLowerCase();
    if (!this.#tenants.has(key)) this.#tenants.set(key, new Map());
  }

  removeTenant(tenantId: string): void {
    this.#tenants.delete(tenantId.toLowerCase());
  }

  hasTenant(tenantId: string): boolean {
    return this.#tenants.has(tenantId.toLowerCase());
  }

  list(tenantId: string): readonly AppRegistration[] {
    return [...(this.#tenants.get(tenantId.toLowerCase())?.values() ?? [])];
  }

  find(tenantId: string, appId: string): AppRegistration | undefined {
    return this.#tenants.get(tenantId.toLowerCase())?.get(appId.toLowerCase());
  }

  /** Adds an app registration (or replaces the one with the same id) in a known tenant. */
  register(tenantId: string, app: NewRegistration): AppRegistration {
    if (!isGuid(app.appId)) throw new Error(`application id is not a GUID: ${app.appId}`);
    this.addTenant(tenantId);
    const registration: AppRegistration = {
      tenantId: tenantId.toLowerCase(),
      appId: app.appId.toLowerCase(),
      objectId: randomUUID(),
      displayName: app.displayName ?? app.appId,
      secrets: (app.secrets ?? []).map((secret) => ({
        id: randomUUID(),
        value: secret.value,
        expires: secret.expires ?? new Date(this.#now() + TWO_YEARS_MS),
      })),
      certificates: (app.certificates ?? []).map(readCertificate),
      permissions: new Set(app.permissions),
      withdrawn: new Set(),
      enabled: true,
      validFrom: 0,
    };
    this.#tenants.get(registration.tenantId)?.set(registration.appId, registration);
    return registration;
  }

  grant(tenantId: string, appId: string, permission: string): void {
    const app = this.#required(tenantId, appId);
    app.permissions.add(permission);
    app.withdrawn.delete(permission);
  }

  /** Takes one application permission away; see ExistingTokens for tokens issued earlier. */
  revoke(
    tenantId: string,
    appId: string,
    permission: string,
    existing: ExistingTokens = 'keep',
  ): void {
    const app = this.#required(tenantId, appId);
    app.permissions.delete(permission);
    if (existing === 'withoutPermission') app.withdrawn.add(permission);
    if (existing === 'refuse') app.validFrom = this.#now();
  }

  /** Refuses every token issued up to now, with unchanged permissions. */
  refuseExisting(tenantId: string, appId: string): void {
    this.#required(tenantId, appId).validFrom = this.#now();
  }

  setEnabled(tenantId: string, appId: string, enabled: boolean): void {
    this.#required(tenantId, appId).enabled = enabled;
  }

  addCertificate(tenantId: string, appId: string, pem: string): void {
    this.#required(tenantId, appId).certificates.push(readCertificate(pem));
  }

  removeCredentials(tenantId: string, appId: string): void {
    const app = this.#required(tenantId, appId);
    app.secrets.length = 0;
    app.certificates.length = 0;
  }

  addSecret(tenantId: string, appId: string, value: string, expires?: Date): void {
    this.#required(tenantId, appId).secrets.push({
      id: randomUUID(),
      value,
      expires: expires ?? new Date(this.#now() + TWO_YEARS_MS),
    });
  }

  #required(tenantId: string, appId: string): AppRegistration {
    const app = this.find(tenantId, appId);
    if (!app) throw new Error(`no app registration ${appId} in tenant ${tenantId}`);
    return app;
  }
}

function readCertificate(pem: string): RegisteredCertificate {
  const certificate = new X509Certificate(pem);
  const thumbprint = (hash: string) => createHash(hash).update(certificate.raw).digest('base64url');
  return {
    pem: certificate.toString(),
    x5t: thumbprint('sha1'),
    x5tS256: thumbprint('sha256'),
    notBefore: certificate.validFromDate,
    notAfter: certificate.validToDate,
  };
}
