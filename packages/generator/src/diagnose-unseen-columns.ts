import type { Diagnostic } from './diagnostics.ts'
import type { AuditedColumn, AuditedTable, AuditModel } from './model/audit-model.ts'
import { nameKey } from './model/names.ts'
import type { SourcePlace } from './model/place.ts'
import type { SourceDatabase, SourceTable } from './model/source-database.ts'

type Unseen = Pick<Diagnostic, 'code' | 'message' | 'hint'> & { readonly column: AuditedColumn }

/**
 * The model with those columns only that a trigger can see, by the migrations.
 *
 * @param placeOf where a field stands
 */
export function withSeenColumns(
  model: AuditModel,
  database: Pick<SourceDatabase, 'tables'>,
  placeOf: (model: string, field: string) => SourcePlace | undefined,
): { readonly model: AuditModel; readonly diagnostics: readonly Diagnostic[] } {
  const sources = new Map(database.tables.map((table) => [nameKey(table), table]))
  const diagnostics: Diagnostic[] = []
  const tables = model.tables.map((table) => {
    const source = sources.get(nameKey(table.source))
    // A table that is not there yet, or under another name, has to wait as a whole.
    const unseen = source === undefined ? [] : [...missing(table, source), ...virtual(table, source)]
    if (unseen.length === 0) return table
    for (const { column, ...problem } of unseen) {
      const place = placeOf(table.model, column.field)
      diagnostics.push({
        ...problem,
        severity: 'warning',
        ...(place === undefined ? {} : { place }),
        model: table.model,
        field: column.field,
      })
    }
    const lost = new Set(unseen.map(({ column }) => column))
    return { ...table, columns: table.columns.filter((column) => !lost.has(column)) }
  })
  return { model: { ...model, tables }, diagnostics }
}

/**
 * Nobody checks what the schema says of an `@ignore` or `Unsupported` field, and a function that names a column which is not
 * there would fail every write. Without its key a row could not be told from others, so what is missing of that fails as any other column would.
 */
function missing({ model, columns, key }: AuditedTable, source: SourceTable): readonly Unseen[] {
  const known = new Set(source.columns.map(({ name }) => name))
  return columns
    .filter(({ asText, name }) => asText && !key.includes(name) && !known.has(name))
    .map((column) => ({
      column,
      code: 'AUD623',
      message: `"${model}.${column.field}" is not recorded: no migration that can be read creates its column "${column.name}".`,
      hint: 'Put /// @audit(exclude) above the field if that is fine, or create the column with a plain statement.',
    }))
}

/** PostgreSQL 18's virtual generated columns are NULL in transition tables: recording them would record a lie. */
function virtual({ model, columns }: AuditedTable, source: SourceTable): readonly Unseen[] {
  const names = new Set(source.columns.filter((column) => column.virtual).map(({ name }) => name))
  return columns
    .filter(({ name }) => names.has(name))
    .map((column) => ({
      column,
      code: 'AUD633',
      message: `"${model}.${column.field}" is not recorded: its column "${column.name}" is a virtual generated one, which PostgreSQL computes when it is read and shows to no trigger.`,
      hint: 'Put /// @audit(exclude) above the field if that is fine, or make the column STORED.',
    }))
}
