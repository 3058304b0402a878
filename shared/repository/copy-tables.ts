import * as copiedRows from './copied-rows.ts';
import { summariseTypes } from './point-summary.ts';
import * as rebuiltRows from './rebuilt-rows.ts';
import * as tenantCopies from './tenant-copies.ts';

/** What the copy of a tenant reads and a rebuild writes, by noun; handed to operations. */
export const copyTables = { copiedRows, rebuiltRows, tenantCopies, summariseTypes };

export type CopyTables = typeof copyTables;
