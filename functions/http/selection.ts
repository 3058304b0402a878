import { z } from 'zod';
import { objectTypes } from '../../shared/catalog/index.ts';
import { BackupError } from '../../shared/errors/backup-error.ts';
import type { Selection, SelectionScope } from '../../shared/model/selection.ts';
import { isPlainText } from './schemas.ts';

const plain = z.string().min(1).refine(isPlainText, { error: 'has control characters' });
const address = z.strictObject({ type: plain.max(100), id: plain.max(400) });
const names = z.array(plain.max(200)).min(1).max(500);
const knownProperties = new Set(
  objectTypes.flatMap((type) => [...type.select, ...type.facets.map((facet) => facet.name)]),
);
const knownRelationships = new Set(
  objectTypes.flatMap((type) => type.links.map((link) => link.name)),
);

/** One of the forms all, types, objects or comparison, each with optional refinements. */
export const selectionBody = z
  .strictObject({
    all: z.literal(true).optional(),
    types: names.optional(),
    objects: z.array(address).min(1).max(100_000).optional(),
    comparison: z.uuid().optional(),
    changes: z
      .array(z.enum(['added', 'removed', 'modified']))
      .min(1)
      .optional(),
    differenceIds: z
      .array(z.string().regex(/^[1-9]\d{0,8}$/))
      .min(1)
      .max(100_000)
      .optional(),
    properties: names.optional(),
    relationships: names.optional(),
    except: z.array(address).max(100_000).optional(),
  })
  .meta({ id: 'Selection' });

const forms = ['all', 'types', 'objects', 'comparison'] as const;

/** The selection of a body; `invalidSelection` without a form, `ambiguousSelection` with several. */
export function selectionOf(body: z.output<typeof selectionBody>): Selection {
  const given = forms.filter((form) => body[form] !== undefined);
  if (given.length === 0) {
    throw new BackupError('invalidSelection', `a selection needs one of ${forms.join(', ')}`);
  }
  if (given.length > 1) {
    throw new BackupError('ambiguousSelection', `the selection has ${given.join(' and ')}`);
  }
  const refines = body.changes !== undefined || body.differenceIds !== undefined;
  if (refines && body.comparison === undefined) {
    throw new BackupError('invalidSelection', 'changes and differenceIds refine a comparison only');
  }
  const { properties, relationships, except } = body;
  refuseUnknown('property', properties, knownProperties);
  refuseUnknown('relationship', relationships, knownRelationships);
  return {
    ...scopeOf(body),
    ...(properties === undefined ? {} : { properties }),
    ...(relationships === undefined ? {} : { relationships }),
    ...(except === undefined ? {} : { except }),
  };
}

/** A misspelt name would select nothing and look like a tenant without differences. */
function refuseUnknown(
  kind: string,
  names: readonly string[] | undefined,
  known: ReadonlySet<string>,
): void {
  const unknown = names?.find((name) => !known.has(name));
  if (unknown === undefined) return;
  throw new BackupError('invalidSelection', `no object type has the ${kind} ${unknown}`);
}

function scopeOf(body: z.output<typeof selectionBody>): SelectionScope {
  if (body.types !== undefined) return { types: body.types };
  if (body.objects !== undefined) return { objects: body.objects };
  if (body.comparison === undefined) return { all: true };
  const { comparison, changes, differenceIds } = body;
  return {
    comparison,
    ...(changes === undefined ? {} : { changes }),
    ...(differenceIds === undefined ? {} : { differenceIds }),
  };
}
