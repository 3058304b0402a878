/** A long-running act as the API shows it (DESIGN 11 *Operation*). */
export type OperationStatus =
  | 'notStarted'
  | 'running'
  | 'waiting'
  | 'paused'
  | 'canceling'
  | 'succeeded'
  | 'failed'
  | 'canceled';

export const operationKinds = [
  'tenantBackup',
  'comparison',
  'restorePlan',
  'restore',
  'logBackup',
  'logExport',
  'logRestore',
  'logRepair',
  'verification',
] as const;
export type OperationKind = (typeof operationKinds)[number];

export type OperationResult = 'complete' | 'partial' | 'nothingToDo';

export interface OperationCounts {
  readonly done: number;
  readonly skipped: number;
  readonly conflict: number;
  readonly failed: number;
  readonly pending: number;
}

export interface OperationError {
  readonly code: string;
  readonly message: string;
}

/** What a running job reports; every field given replaces the stored one. */
export interface OperationUpdate {
  readonly status?: OperationStatus;
  readonly result?: OperationResult;
  readonly phase?: string;
  readonly progress?: Readonly<Record<string, { done: number; total?: number }>>;
  readonly counts?: OperationCounts;
  readonly estimatedCompletion?: Date;
  readonly waitingFor?: {
    readonly cause: string;
    readonly until?: string;
    readonly detail: string;
  } | null;
  readonly warnings?: readonly string[];
  readonly error?: OperationError;
  /** Path of the resource that was made, for example a restore point. */
  readonly resourceLocation?: string;
}

export interface Operation {
  readonly id: string;
  readonly kind: OperationKind;
  readonly tenantNo: number;
  readonly tenantId: string;
  readonly requestedBy: string;
  readonly trigger: 'schedule' | 'api' | 'system';
  readonly reason?: string;
  readonly status: OperationStatus;
  readonly result?: OperationResult;
  readonly phase: string;
  readonly progress: Readonly<Record<string, { done: number; total?: number }>>;
  readonly counts: OperationCounts;
  readonly estimatedCompletion?: Date;
  readonly waitingFor?: {
    readonly cause: string;
    readonly until?: string;
    readonly detail: string;
  };
  readonly warnings: readonly string[];
  readonly createdAt: Date;
  readonly lastActionAt: Date;
  readonly resourceLocation?: string;
  readonly error?: OperationError;
  /** Input of the job, JSON without personal data: mode, types, plan id ... */
  readonly request: Readonly<Record<string, unknown>>;
  readonly cancelRequested: boolean;
}
