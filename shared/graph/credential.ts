import {
  type AccessToken,
  ClientAssertionCredential,
  ClientCertificateCredential,
  ClientSecretCredential,
  ManagedIdentityCredential,
  type TokenCredential,
} from '@azure/identity';
import type { Clock } from '../model/clock.ts';
import { signInErrorOf } from './sign-in-error.ts';
import type { SignInTransport } from './sign-in-transport.ts';

/** How the application proves who it is. Values are resolved by settings; none is ever logged. */
export type GraphCredential =
  | { readonly kind: 'secret'; readonly value: string }
  /** PEM text with the certificate and its private key. */
  | { readonly kind: 'certificate'; readonly pem: string }
  /** Federated credential of a managed identity: no secret anywhere. */
  | { readonly kind: 'federated'; readonly managedIdentityClientId?: string };

export interface SignIn {
  readonly loginUrl: string;
  readonly tenantId: string;
  readonly clientId: string;
  readonly credential: GraphCredential;
  readonly transport: SignInTransport;
  readonly clock: Clock;
}

/** A token that expires within this span is not used any more. */
const marginMs = 5 * 60_000;
const assertionScope = 'api://AzureADTokenExchange/.default';

/**
 * Tokens of one application in one tenant: one sign-in at a time, kept until shortly before they
 * expire, and dropped when Graph refuses one.
 */
export class RenewableCredential implements TokenCredential {
  private readonly signIn: SignIn;
  private inner: TokenCredential;
  private token: AccessToken | undefined;
  private claims: string | undefined;
  private pending: Promise<AccessToken> | undefined;

  constructor(signIn: SignIn) {
    this.signIn = signIn;
    this.inner = createCredential(signIn);
  }

  /** Throws BackupError signInFailed. */
  async getToken(scopes: string | string[]): Promise<AccessToken> {
    if (this.token !== undefined && this.isFresh(this.token)) return this.token;
    this.pending ??= this.request(scopes).finally(() => {
      this.pending = undefined;
    });
    return this.pending;
  }

  /**
   * Graph refused `token`: the next call signs in again, past the cache of the library, and answers
   * the claims challenge if there was one. Does nothing when somebody else has renewed it already.
   */
  renew(token: string | undefined, claims: string | undefined): void {
    if (token !== undefined && this.token?.token !== token) return;
    this.token = undefined;
    this.claims = claims;
    this.inner = createCredential(this.signIn);
  }

  private isFresh(token: AccessToken): boolean {
    return token.expiresOnTimestamp - marginMs > this.signIn.clock.now().getTime();
  }

  private async request(scopes: string | string[]): Promise<AccessToken> {
    const { transport } = this.signIn;
    const options = this.claims === undefined ? {} : { claims: this.claims, enableCae: true };
    transport.lastFailure = undefined;
    transport.lastRefusal = undefined;
    try {
      const token = await this.inner.getToken(scopes, options);
      if (token === null) throw new Error('the credential gave no token');
      this.token = token;
      this.claims = undefined;
      return token;
    } catch (cause) {
      // The library keeps what it was told about the authority for good, also when it was garbled.
      this.inner = createCredential(this.signIn);
      throw signInErrorOf(cause, transport);
    }
  }
}

function createCredential(signIn: SignIn): TokenCredential {
  const { tenantId, clientId, credential } = signIn;
  const options = {
    authorityHost: signIn.loginUrl,
    // The authority is configured, so nobody else is asked whether it is one.
    disableInstanceDiscovery: true,
    httpClient: signIn.transport,
    retryOptions: { maxRetries: 2, maxRetryDelayInMs: 4_000 },
  };
  if (credential.kind === 'secret') {
    return new ClientSecretCredential(tenantId, clientId, credential.value, options);
  }
  if (credential.kind === 'certificate') {
    return new ClientCertificateCredential(
      tenantId,
      clientId,
      { certificate: credential.pem },
      options,
    );
  }
  const identity = managedIdentity(credential.managedIdentityClientId);
  return new ClientAssertionCredential(
    tenantId,
    clientId,
    async () => (await identity.getToken(assertionScope)).token,
    options,
  );
}

/** Its endpoint is on this machine, so it neither needs nor tolerates the proxy. */
function managedIdentity(clientId: string | undefined): ManagedIdentityCredential {
  return clientId === undefined
    ? new ManagedIdentityCredential()
    : new ManagedIdentityCredential({ clientId });
}
