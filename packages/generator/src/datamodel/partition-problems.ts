import type { Diagnostic } from '../diagnostics.ts'
import type { AuditedTable } from '../model/audit-model.ts'
import type { SourcePlace } from '../model/place.ts'

/** Partitions are made in every month to come; in a schema that Prisma manages each would be a table that no migration knows. */
export function sharedPartitions(
  tables: readonly AuditedTable[],
  schema: string,
  placeOf: (model: string) => SourcePlace | undefined,
): readonly Diagnostic[] {
  return tables
    .filter(({ partitionBy }) => partitionBy !== undefined)
    .map(({ model }) => {
      const place = placeOf(model)
      return {
        code: 'AUD519',
        severity: 'error',
        message: `The history of "${model}" is to be partitioned, and "${schema}" is a schema that Prisma manages: it would drop the partitions.`,
        ...(place ? { place } : {}),
        model,
        hint: 'Give the audit a schema of its own (schema = "audit"), or leave partitionBy out.',
      }
    })
}
