// What the API shows of copies and verifications, as far as tests read it.
export interface CopiesView {
  readonly logs: readonly {
    readonly source: string;
    readonly head: number;
    readonly copied: number;
    readonly verified: number;
    readonly manifestsBehind: number;
    readonly bytesBehind?: number;
    readonly defects: number;
    readonly failure?: string;
  }[];
  readonly tenantCopies: readonly {
    readonly restorePoint: number;
    readonly pointsBehind: number;
  }[];
  readonly retention: readonly { readonly source: string; readonly repository: string }[];
}

export interface VerificationView {
  readonly id: string;
  readonly state: string;
  readonly defectCount: number;
  readonly defects: readonly Record<string, unknown>[];
  readonly checked: readonly { readonly of: string; readonly counts: Record<string, object> }[];
  readonly nextLink?: string;
}
