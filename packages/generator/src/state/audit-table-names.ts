import { nameKey, type QualifiedName } from '../model/names.ts'
import { compareSources } from './database-state.ts'
import type { MigrationStep } from './migration-step.ts'
import { waiverTable } from './waiver.ts'

/**
 * Every name that an audit table has ever had, sorted: those of retired tables, and former names too, for
 * a database that is a few migrations behind still has them.
 */
export function auditTableNames(steps: readonly MigrationStep[]): readonly QualifiedName[] {
  const names = steps.flatMap((step) => {
    if (step.kind === 'createAuditTable') {
      return [{ schema: step.table.schema, name: step.table.names.table }]
    }
    if (step.kind === 'changeWaiver') return [waiverTable(step)]
    return step.kind === 'renameObjects' ? [{ schema: step.schema, name: step.names.table }] : []
  })
  return [...new Map(names.map((name) => [nameKey(name), name])).values()].sort(compareSources)
}
