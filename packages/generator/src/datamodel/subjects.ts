import type { Diagnostic } from '../diagnostics.ts'
import type { AuditedColumn, AuditedTable } from '../model/audit-model.ts'
import type { SourcePlace } from '../model/place.ts'

type PlaceOf = (model: string, field: string) => SourcePlace | undefined

/** What `subject` and `personal` say that no erasure could do. */
export function subjectProblems(tables: readonly AuditedTable[], placeOf: PlaceOf): readonly Diagnostic[] {
  return tables.flatMap((table) =>
    table.columns.flatMap((column): readonly Diagnostic[] => {
      const place = placeOf(table.model, column.field)
      const at = { model: table.model, field: column.field, ...(place === undefined ? {} : { place }) }
      const problem = whyNoSubject(column, tables)
      return [
        ...(problem === undefined ? [] : [{ ...unknownSubject(table, column, problem), ...at }]),
        ...(column.personal && table.key.includes(column.name)
          ? [{ ...personalKey(table, column), ...at }]
          : []),
      ]
    }),
  )
}

function whyNoSubject(
  { subject, policy }: AuditedColumn,
  tables: readonly AuditedTable[],
): string | undefined {
  if (subject === undefined) return undefined
  const other = tables.find(({ model }) => model === subject)
  if (other === undefined) return `no model "${subject}" is audited`
  if (other.key.length !== 1) return `the key of "${subject}" is not one field`
  return policy === 'record' ? undefined : 'its values are not in the history'
}

function unknownSubject({ model }: AuditedTable, { field }: AuditedColumn, problem: string) {
  return {
    code: 'AUD517',
    severity: 'error',
    message: `"${model}.${field}" does not say whose data its row is: ${problem}.`,
    hint: 'Name the audited model whose key the field holds: @audit(subject: User)',
  } as const
}

function personalKey({ model }: AuditedTable, { field }: AuditedColumn) {
  return {
    code: 'AUD518',
    severity: 'error',
    message: `"${model}.${field}" belongs to the key, which says which row a version is of: it cannot be erased.`,
    hint: 'Give the model a key that does not tell who somebody is, or take "personal" away.',
  } as const
}
