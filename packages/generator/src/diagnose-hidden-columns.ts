import type { Diagnostic } from './diagnostics.ts'
import type { AuditedTable, AuditModel } from './model/audit-model.ts'
import { nameKey } from './model/names.ts'
import type { SourcePlace } from './model/place.ts'
import type { SourceDatabase, SourceTable } from './model/source-database.ts'

/**
 * The model with those hidden columns only that the migrations have: nobody checks what the schema says of an `@ignore` or
 * `Unsupported` field, and a function that names a column which is not there would fail every write.
 *
 * @param placeOf where a field stands
 */
export function withFoundColumns(
  model: AuditModel,
  database: Pick<SourceDatabase, 'tables'>,
  placeOf: (model: string, field: string) => SourcePlace | undefined,
): { readonly model: AuditModel; readonly diagnostics: readonly Diagnostic[] } {
  const sources = new Map(database.tables.map((table) => [nameKey(table), table]))
  const diagnostics: Diagnostic[] = []
  const tables = model.tables.map((table) => {
    const missing = missingColumns(table, sources.get(nameKey(table.source)))
    if (missing.length === 0) return table
    for (const { field, name } of missing) {
      const place = placeOf(table.model, field)
      diagnostics.push({
        code: 'AUD623',
        severity: 'warning',
        message: `"${table.model}.${field}" is not recorded: no migration that can be read creates its column "${name}".`,
        ...(place === undefined ? {} : { place }),
        model: table.model,
        field,
        hint: 'Put /// @audit(exclude) above the field if that is fine, or create the column with a plain statement.',
      })
    }
    return { ...table, columns: table.columns.filter((column) => !missing.includes(column)) }
  })
  return { model: { ...model, tables }, diagnostics }
}

/** Without its key a row could not be told from others, so what is missing of that fails as any other column would. */
function missingColumns({ columns, key }: AuditedTable, source: SourceTable | undefined) {
  // A table that is not there yet, or under another name, has to wait as a whole.
  if (source === undefined) return []
  const known = new Set(source.columns.map(({ name }) => name))
  return columns.filter(({ asText, name }) => asText && !key.includes(name) && !known.has(name))
}
