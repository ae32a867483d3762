import type { Diagnostic } from './diagnostics.ts'
import { nameKey } from './model/names.ts'
import type { SourceTable } from './model/source-database.ts'
import { type DatabaseState, findTable } from './state/database-state.ts'
import { type MigrationStep, stepSource } from './state/migration-step.ts'
import { deferrableKey } from './state/recorded-by-row.ts'

/** Said with the audit part that begins to record a table whose key two rows may have for a while. */
export function diagnoseDeferrableKeys(
  desired: DatabaseState,
  steps: readonly MigrationStep[],
  sources: ReadonlyMap<string, SourceTable>,
): readonly Diagnostic[] {
  return steps.flatMap((step): readonly Diagnostic[] => {
    const name = begins(step) ? stepSource(step) : undefined
    const source = name && sources.get(nameKey(name))
    const table = name && findTable(desired, name)
    const key = source && table && deferrableKey(table, source)
    if (name === undefined || key === undefined) return []
    return [
      {
        code: 'AUD630',
        severity: 'warning',
        message: `This makes the key of "${name.schema}"."${name.name}" deferrable, so it is recorded row by row: while two rows have one key, a DELETE or UPDATE of the former one is taken for what became of the key.`,
        place: key.place,
        hint: 'Let a transaction delete the former row, or give it another key, before another row gets its key; or make the constraint NOT DEFERRABLE.',
      },
    ]
  })
}

function begins(step: MigrationStep): boolean {
  switch (step.kind) {
    case 'createAuditTable':
    case 'resumeTable':
    case 'changeKey':
      return true
    case 'changeLevel':
      return step.level === 'row'
    default:
      return false
  }
}
