import { ERASURE_TABLES, nameKey, type QualifiedName, SEAL_TABLES } from '../model/names.ts'
import { type AuditHome, compareSources, homeOf } from './database-state.ts'
import { bringsHashes, hashKeyTable } from './hashing.ts'
import type { MigrationStep } from './migration-step.ts'
import { waiverTable } from './waiver.ts'

/**
 * Every name that an audit table has ever had, sorted: those of retired tables, and former names too, for
 * a database that is a few migrations behind still has them.
 */
export function auditTableNames(steps: readonly MigrationStep[]): readonly QualifiedName[] {
  const names = [...steps.flatMap(namesOf), ...hashKeyTables(steps), ...sealTables(steps)]
  return [...new Map(names.map((name) => [nameKey(name), name])).values()].sort(compareSources)
}

function namesOf(step: MigrationStep): readonly QualifiedName[] {
  if (step.kind === 'createAuditTable') return [{ schema: step.table.schema, name: step.table.names.table }]
  if (step.kind === 'changeWaiver') return [waiverTable(step)]
  return step.kind === 'renameObjects' ? [{ schema: step.schema, name: step.names.table }] : []
}

/** In the audit schema of the time when the first column was hashed, and in each to which the audit has moved since. */
function hashKeyTables(steps: readonly MigrationStep[]): readonly QualifiedName[] {
  const first = steps.findIndex(bringsHashes)
  if (first < 0) return []
  const homes = steps.flatMap((step, at): readonly { at: number; home: AuditHome }[] =>
    step.kind === 'createSchema' || step.kind === 'moveSchema' ? [{ at, home: homeOf(step) }] : [],
  )
  const then = homes.findLast(({ at }) => at < first)
  const later = homes.filter(({ at }) => at > first)
  return [...(then === undefined ? [] : [then]), ...later].map(({ home }) => hashKeyTable(home))
}

/** Anybody may seal, and set up erasure, at any time, so each audit schema may hold them. */
function sealTables(steps: readonly MigrationStep[]): readonly QualifiedName[] {
  const homes = steps.flatMap((step) =>
    step.kind === 'createSchema' || step.kind === 'moveSchema' ? [homeOf(step)] : [],
  )
  return homes.flatMap(({ schema, shared }) =>
    Object.values({ ...SEAL_TABLES, ...ERASURE_TABLES }).map((names) => ({
      schema,
      name: shared ? names.shared : names.own,
    })),
  )
}
