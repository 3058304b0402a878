/** One request as the routes see it: who asks was verified before. */
export interface VaultRequest {
  readonly method: string;
  /** Without the query: `/keys/name/version/wrapkey`. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface VaultReply {
  readonly status: number;
  readonly body: object;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * A refusal of the vault in its own words.
 * https://learn.microsoft.com/azure/key-vault/general/rest-error-codes
 */
export class VaultError extends Error {
  readonly status: number;
  readonly code: string;
  readonly inner: string | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    code: string,
    message: string,
    more: { inner?: string; headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.inner = more.inner;
    this.headers = more.headers ?? {};
  }

  reply(): VaultReply {
    const innererror = this.inner === undefined ? {} : { innererror: { code: this.inner } };
    const error = { code: this.code, message: this.message, ...innererror };
    return { status: this.status, headers: this.headers, body: { error } };
  }
}

export function badParameter(message: string): VaultError {
  return new VaultError(400, 'BadParameter', message);
}
