import type { HttpRequest } from '@azure/functions';
import type { z } from 'zod';
import type { Tenant } from '../../shared/model/tenant.ts';
import type { Transaction } from '../../shared/repository/database.ts';
import type { OrchestrationClient } from '../durable/orchestration-client.ts';
import type { Services } from '../services.ts';
import type { Access, Rights } from './caller.ts';
import type { RouteName } from './route-access.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** A body that is written as it is: JSON whose numbers keep their source text, or a document. */
export class TextBody {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** Bytes of a download. */
export class BytesBody {
  readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }
}

export interface Reply {
  readonly status: number;
  /**
   * Written by JSON.stringify, or as it is when it is a TextBody or a BytesBody; nothing when
   * undefined.
   */
  readonly body?: unknown;
  /** Lower-case names. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Ids, counts and names of settings for the audit event of the act. */
  readonly audit?: Readonly<Record<string, unknown>>;
  /** Set when a read shows values of attributes: ids and counts for the audit event of the read. */
  readonly valuesShown?: Readonly<Record<string, string | number>>;
  /** The tenant an act without a tenant in its transaction was about. */
  readonly about?: { readonly tenantNo: number; readonly tenantId: string };
  /** Runs after the transaction of the act was committed; the act stands if it fails. */
  readonly afterCommit?: () => Promise<void>;
}

export type ObjectSchema = z.ZodObject;

export interface RouteDefinition<
  Params extends ObjectSchema = ObjectSchema,
  Query extends ObjectSchema = ObjectSchema,
  Body extends z.ZodType = z.ZodType,
> {
  /** Name of the function and its row in route-access.ts. */
  readonly name: RouteName;
  readonly method: Method;
  /** `/tenants/{tenantId}/backups`, without the prefix `/api`. */
  readonly path: string;
  readonly summary: string;
  /** Parameters of the path besides tenantId; a strict object of strings. */
  readonly params?: Params;
  /** A strict object; every input is a string. */
  readonly query?: Query;
  readonly body?: Body;
  /** The body may be left out. */
  readonly bodyOptional?: boolean;
  /** Name of the act in audit events, such as `tenant.update`; absent when the route only reads. */
  readonly act?: string;
  /** What the route answers besides errors, by status. */
  readonly replies: Readonly<
    Record<number, { readonly description: string; readonly body?: z.ZodType }>
  >;
  /** The role must hold in all tenants. */
  readonly allTenants?: true;
  /** Largest body in bytes; 1 MB by default. */
  readonly maxBodyBytes?: number;
}

/** What every handler gets. All of it belongs to one request and one transaction. */
export interface RequestContext<Params, Query, Body> {
  readonly services: Services;
  readonly tx: Transaction;
  readonly access: Access;
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  readonly client: OrchestrationClient;
  readonly requestId: string;
  readonly now: Date;
  /** Address of the app with the prefix: `https://host/api`. */
  readonly baseUrl: string;
  header(name: string): string | undefined;
  /** Most items of this page (parameter `top`, also of a body). */
  readonly top: number;
  /** Position from skipToken, checked by `schema`; undefined on the first page. */
  position<Schema extends z.ZodType>(schema: Schema): z.output<Schema> | undefined;
  /** A page; `next` is the position after it, undefined when the list ends. */
  page(value: readonly unknown[], next: unknown): Reply;
}

/** For routes under a tenant: a transaction of that tenant, and what the caller may do in it. */
export interface TenantContext<Params, Query, Body> extends RequestContext<Params, Query, Body> {
  readonly tenant: Tenant;
  readonly rights: Rights;
}

/** What a route without a token gets. */
export interface PublicContext {
  readonly services: Services;
  readonly client: OrchestrationClient;
  readonly now: Date;
  readonly baseUrl: string;
}

/**
 * Work before the transaction, for calls to Graph and reads of log repositories that may not happen
 * inside it. The caller has the role already.
 */
export type Prepare<Prepared> = (
  input: {
    readonly services: Services;
    readonly tenant: Tenant;
    readonly params: unknown;
    readonly query: unknown;
    readonly body: unknown;
  } & Pick<RequestContext<unknown, unknown, unknown>, 'position' | 'top' | 'header'>,
) => Promise<Prepared>;

/** One request on its way through the wrapper. */
export interface Exchange {
  readonly request: HttpRequest;
  readonly services: Services;
  readonly client: OrchestrationClient;
  readonly requestId: string;
  readonly url: URL;
}
