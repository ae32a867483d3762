import type { Diagnostic } from './diagnostics.ts'
import type { AuditModel } from './model/audit-model.ts'
import { nameKey } from './model/names.ts'
import type { SourceDatabase, SourceTable } from './model/source-database.ts'

/** Tables that inherit from an audited one without an audit of their own: their rows can be read as rows of it. */
export function diagnoseInheritance(
  model: AuditModel,
  { tables }: Pick<SourceDatabase, 'tables'>,
): readonly Diagnostic[] {
  const known = new Map(tables.map((table) => [nameKey(table), table]))
  const audited = new Set(model.tables.map(({ source }) => nameKey(source)))
  return model.tables.flatMap((table) =>
    allHeirs(known.get(nameKey(table.source)), known)
      .filter((heir) => !audited.has(nameKey(heir)))
      .map((heir): Diagnostic => {
        const name = `"${heir.schema}"."${heir.name}"`
        return {
          code: 'AUD624',
          severity: 'warning',
          message: `${name} inherits from the table of "${table.model}" and is not audited: a query of "${table.source.name}" finds its rows, and the history does not.`,
          place: heir.place,
          model: table.model,
          hint: `Audit it as well, as a model of its own, or read the table alone: SELECT … FROM ONLY "${table.source.name}".`,
        }
      }),
  )
}

function allHeirs(
  table: SourceTable | undefined,
  known: ReadonlyMap<string, SourceTable>,
): readonly SourceTable[] {
  const below = (table?.heirs ?? []).flatMap((heir) => known.get(nameKey(heir)) ?? [])
  return [...new Set(below.flatMap((heir) => [heir, ...allHeirs(heir, known)]))]
}
