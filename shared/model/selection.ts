/** What a compare, plan or export is about (DESIGN 11 *Selection*); resolved once. */
export interface ObjectAddress {
  readonly type: string;
  /** Object id; a child is `{parentId}~{id}`. */
  readonly id: string;
}

export type SelectionScope =
  | { readonly all: true }
  | { readonly types: readonly string[] }
  | { readonly objects: readonly ObjectAddress[] }
  | {
      readonly comparison: string;
      readonly changes?: readonly ('added' | 'removed' | 'modified')[];
      readonly differenceIds?: readonly string[];
    };

export type Selection = SelectionScope & {
  readonly properties?: readonly string[];
  readonly relationships?: readonly string[];
  readonly except?: readonly ObjectAddress[];
};
