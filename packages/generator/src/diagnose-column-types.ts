import type { Diagnostic } from './diagnostics.ts'
import type { AuditedColumn, AuditModel } from './model/audit-model.ts'
import { nameKey } from './model/names.ts'
import type { SourcePlace } from './model/place.ts'
import type { NotInterpreted, SourceDatabase, SourceTable } from './model/source-database.ts'
import { formatType, parseType } from './state/format-type.ts'
import { mentions } from './state/interferences.ts'
import { sourceColumn } from './state/source-column.ts'
import { holdsAll } from './state/type-change.ts'

/**
 * The model with the types that the migrations give its columns, where those of the schema could not hold every value as it is:
 * a history of `numeric(10,2)` would round what a column of `numeric(14,4)` says, without a word.
 *
 * @param placeOf where a field stands
 */
export function withFoundTypes(
  model: AuditModel,
  { tables: sources, notInterpreted }: Pick<SourceDatabase, 'tables' | 'notInterpreted'>,
  placeOf: (model: string, field: string) => SourcePlace | undefined,
): { readonly model: AuditModel; readonly diagnostics: readonly Diagnostic[] } {
  const known = new Map(sources.map((table) => [nameKey(table), table]))
  const diagnostics: Diagnostic[] = []
  const tables = model.tables.map((table) => {
    const source = known.get(nameKey(table.source))
    if (source === undefined) return table
    const columns = table.columns.map((column) => {
      const spelled = foundType(column, source, notInterpreted)
      if (spelled === undefined) return column
      const type = parseType(spelled)
      const found = type === undefined ? textForm(column) : { ...column, type }
      // A "character" of any length is char to db pull, as one of length 1 is: there is nothing to be done.
      if (column.type.name === 'char' && spelled.startsWith('bpchar')) return found
      const place = placeOf(table.model, column.field)
      diagnostics.push({
        code: 'AUD634',
        severity: 'warning',
        message: `"${table.model}.${column.field}" is ${formatType(column.type)} in the schema and ${spelled} in the migrations: the history records what the migrations say, so that no value is rounded, shifted or cut.`,
        ...(place === undefined ? {} : { place }),
        model: table.model,
        field: column.field,
        hint: 'Run npx prisma-generator-audit migrate dev to make the column what the schema says, or npx prisma db pull to make the schema what the column is.',
      })
      return found
    })
    return columns.every((column, index) => column === table.columns[index]) ? table : { ...table, columns }
  })
  return { model: { ...model, tables }, diagnostics }
}

/** The type of a column that has another one than its field, and values that the field's type does not hold. */
function foundType(
  column: AuditedColumn,
  source: SourceTable,
  notInterpreted: readonly NotInterpreted[],
): string | undefined {
  // Enums, hidden columns and what stands for a value are text, whatever the column is.
  if (column.isEnum || column.asText || column.policy !== 'record') return undefined
  const name = sourceColumn(column)
  const there = source.columns.find((each) => each.name === name)
  const spelled = there?.base ?? there?.type
  // An enum, an extension's type: the files do not say what it holds.
  if (spelled === undefined || spelled.startsWith('"')) return undefined
  const found = parseType(spelled)
  if (found !== undefined && holdsAll(column.type, found)) return undefined
  return notInterpreted.some((each) => mayRetype(each, source, name)) ? undefined : spelled
}

/** What no file says for certain is left to the schema. */
function mayRetype({ text = '' }: NotInterpreted, table: SourceTable, column: string): boolean {
  const names = [table, ...(table.formerNames ?? [])]
  return mentions(text, 'type') && mentions(text, column) && names.some(({ name }) => mentions(text, name))
}

function textForm(column: AuditedColumn): AuditedColumn {
  return { ...column, type: { name: 'text', args: [], list: false }, asText: true }
}
