/** The `to_point` of a version or link that is still valid. */
export const openPoint = 2_147_483_647;

/** State of one collection on a restore point (DESIGN 6.7). */
export type CollectionStateName =
  | 'read'
  | 'carried-not-due'
  | 'carried-failed'
  | 'forbidden'
  | 'not-licensed'
  | 'not-in-cloud'
  | 'excluded';

export type RestorePointState = 'complete' | 'partial';

/** An immutable state of a tenant; `number` counts from 1 per tenant. */
export interface RestorePoint {
  readonly number: number;
  readonly sessionId: string;
  readonly windowStart: Date;
  readonly windowEnd: Date;
  readonly state: RestorePointState;
  readonly suspicious: boolean;
  readonly acknowledged?: { readonly at: Date; readonly by: string; readonly reason: string };
  readonly reasons: readonly PointReason[];
  readonly label?: string;
  readonly hold: boolean;
  readonly counts: Readonly<Record<string, TypeCounts>>;
  readonly createdAt: Date;
  readonly expiredAt?: Date;
}

/** Why a point is partial or suspicious; names what, never a person. */
export interface PointReason {
  readonly code: string;
  readonly collection?: string;
  readonly relationship?: string;
  readonly detail: string;
}

export interface TypeCounts {
  readonly live: number;
  readonly softDeleted: number;
  readonly added: number;
  readonly changed: number;
  readonly removed: number;
}
