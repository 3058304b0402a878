import {
  RestError,
  type TableClient,
  type TableEntityResultPage,
  type TransactionAction,
} from '@azure/data-tables';
import { BackupError } from '../errors/backup-error.ts';
import type { Entity, FoundEntity } from './stored-value.ts';

type TablePage = TableEntityResultPage<Record<string, unknown>>;

export interface TableQuery {
  readonly filter?: string;
  readonly select?: readonly string[];
}

/** 100 operations a transaction: https://learn.microsoft.com/rest/api/storageservices/performing-entity-group-transactions */
const DELETES_PER_TRANSACTION = 100;

/**
 * The requests to one table. Makes the table when it is missing; conflicts and missing entities are
 * answers, everything else is `cacheUnreachable`.
 */
export class TableAccess {
  readonly description: string;
  readonly #client: TableClient;
  readonly #timeoutMs: number;
  readonly #countTransaction: () => void;

  constructor(client: TableClient, timeoutMs: number, countTransaction: () => void) {
    this.#client = client;
    this.#timeoutMs = timeoutMs;
    this.#countTransaction = countTransaction;
    this.description = `${new URL(client.url).host}/${client.tableName}`;
    client.pipeline.addPolicy(
      {
        name: 'countTransactions',
        sendRequest: async (request, next) => {
          this.#countTransaction();
          return await next(request);
        },
      },
      { afterPhase: 'Retry' },
    );
  }

  async get(partition: string, row: string): Promise<FoundEntity | undefined> {
    return await this.#guarded(async (abortSignal) => {
      try {
        return await this.#client.getEntity(partition, row, { abortSignal });
      } catch (error) {
        if (codeOf(error) === 'ResourceNotFound') return undefined;
        throw error;
      }
    });
  }

  /** Makes or replaces (with `etag`) one entity. */
  async put(entity: Entity, etag: string | undefined): Promise<string | 'conflict'> {
    return await this.#guarded(async (abortSignal) => {
      try {
        const answer =
          etag === undefined
            ? await this.#client.createEntity(entity, { abortSignal })
            : await this.#client.updateEntity(entity, 'Replace', { etag, abortSignal });
        return etagOf(answer.etag);
      } catch (error) {
        return conflictOf(error);
      }
    });
  }

  /** Makes `parts`, then makes or replaces `head`, all of it or nothing; answers the head's etag. */
  async putAll(
    parts: readonly Entity[],
    head: Entity | undefined,
    etag: string | undefined,
  ): Promise<string | 'conflict'> {
    const actions: TransactionAction[] = parts.map((part) => ['create', part]);
    if (head !== undefined) {
      actions.push(etag === undefined ? ['create', head] : ['update', head, 'Replace', { etag }]);
    }
    return await this.#guarded(async (abortSignal) => {
      try {
        const answer = await this.#client.submitTransaction(actions, { abortSignal });
        return etagOf(answer.subResponses.at(-1)?.etag);
      } catch (error) {
        return conflictOf(error);
      }
    });
  }

  async delete(
    partition: string,
    row: string,
    etag: string | undefined,
  ): Promise<'removed' | 'missing' | 'conflict'> {
    return await this.#guarded(async (abortSignal) => {
      try {
        await this.#client.deleteEntity(partition, row, { etag: etag ?? '*', abortSignal });
        return 'removed';
      } catch (error) {
        if (codeOf(error) === 'ResourceNotFound') return 'missing';
        return conflictOf(error);
      }
    });
  }

  /** Rows of one partition; one that is gone already ends nothing. */
  async deleteRows(partition: string, rows: readonly string[]): Promise<void> {
    for (let from = 0; from < rows.length; from += DELETES_PER_TRANSACTION) {
      const chunk = rows.slice(from, from + DELETES_PER_TRANSACTION);
      const actions = chunk.map((rowKey): TransactionAction => {
        return ['delete', { partitionKey: partition, rowKey }];
      });
      await this.#guarded(async (abortSignal) => {
        try {
          await this.#client.submitTransaction(actions, { abortSignal });
        } catch (error) {
          if (codeOf(error) !== 'ResourceNotFound') throw error;
          for (const row of chunk) await this.delete(partition, row, undefined);
        }
      });
    }
  }

  async *query(query: TableQuery): AsyncGenerator<FoundEntity> {
    const queryOptions = {
      ...(query.filter === undefined ? {} : { filter: query.filter }),
      ...(query.select === undefined ? {} : { select: [...query.select] }),
    };
    let continuationToken: string | undefined;
    do {
      const settings = continuationToken === undefined ? {} : { continuationToken };
      const page = await this.#guarded(async (abortSignal): Promise<TablePage> => {
        const pages = this.#client.listEntities({ queryOptions, abortSignal }).byPage(settings);
        const next = await pages.next();
        return next.done === true ? [] : next.value;
      });
      yield* page;
      continuationToken = page.continuationToken;
    } while (continuationToken !== undefined);
  }

  /** One request that finds nothing; answers the headers' word for the region, if there is one. */
  async ping(): Promise<string | undefined> {
    let region: string | undefined;
    await this.#guarded(async (abortSignal) => {
      try {
        await this.#client.getEntity('~', '~', {
          abortSignal,
          onResponse: (answer) => {
            region = answer.headers.get('x-ms-region');
          },
        });
      } catch (error) {
        if (codeOf(error) !== 'ResourceNotFound') throw error;
        region ??=
          error instanceof RestError ? error.response?.headers.get('x-ms-region') : undefined;
      }
    });
    return region;
  }

  async #guarded<Result>(act: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
    const signal = AbortSignal.timeout(this.#timeoutMs);
    try {
      try {
        return await act(signal);
      } catch (error) {
        if (codeOf(error) !== 'TableNotFound') throw error;
        await this.#client.createTable({ abortSignal: signal });
        return await act(signal);
      }
    } catch (cause) {
      if (cause instanceof BackupError) throw cause;
      throw this.#unreachable(cause);
    }
  }

  #unreachable(cause: unknown): BackupError {
    const status = cause instanceof RestError ? cause.statusCode : undefined;
    const refuses = status === 401 || status === 403;
    const what = refuses ? 'refuses access' : 'does not answer well';
    const message = `the cache repository ${this.description} ${what}`;
    const inner = codeOf(cause);
    return new BackupError('cacheUnreachable', message, {
      cause,
      details: { ...(inner === '' ? {} : { inner }), ...(status === undefined ? {} : { status }) },
    });
  }
}

/** Somebody else was there: made it before, changed it or removed it since it was read. */
function conflictOf(error: unknown): 'conflict' {
  const code = codeOf(error);
  const conflicts = ['EntityAlreadyExists', 'UpdateConditionNotSatisfied', 'ResourceNotFound'];
  if (conflicts.includes(code)) return 'conflict';
  throw error;
}

function etagOf(etag: string | undefined): string {
  if (etag === undefined || etag === '') throw new Error('the answer carries no etag');
  return etag.trim();
}

/** Code of the service or of node, also where it stands in the answer only. */
function codeOf(error: unknown): string {
  if (!(error instanceof RestError)) return '';
  const odata = isRecord(error.details) ? error.details['odataError'] : undefined;
  if (isRecord(odata) && typeof odata['code'] === 'string') return odata['code'];
  return error.code ?? '';
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
