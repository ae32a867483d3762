import { nameKey, type QualifiedName } from '../model/names.ts'
import { type AuditTableObject, compareSources, type DatabaseState, findTable } from './database-state.ts'
import { policyChange } from './diff-columns.ts'
import { diffTable } from './diff-table.ts'
import type { MigrationStep } from './migration-step.ts'

/**
 * The steps that lead from one state to another, in the order in which a migration takes them.
 *
 * Laws: `diffState(s, s)` is empty; `applySteps(a, diffState(a, b))` equals `b` in everything that is live
 * (see `liveState`), unless a step is `unsupported`. What is retired in `a` stays, retired, for its history.
 */
export function diffState(from: DatabaseState, to: DatabaseState): readonly MigrationStep[] {
  return [...diffSchema(from, to), ...diffTables(from, to)]
}

function diffSchema(from: DatabaseState, to: DatabaseState): MigrationStep[] {
  if (to.schema === undefined) return []
  const { name, sqlVersion, shared } = to.schema
  if (from.schema === undefined) {
    return [{ kind: 'createSchema', name, sqlVersion, ...(shared ? { shared } : {}) }]
  }
  if (from.schema.name !== name) {
    return [
      {
        kind: 'unsupported',
        source: undefined,
        change: 'schema name',
        detail: `the audit schema is "${from.schema.name}" and should be "${name}"`,
      },
    ]
  }
  return from.schema.sqlVersion < sqlVersion ? [{ kind: 'upgradeSchema', sqlVersion }] : []
}

function diffTables(from: DatabaseState, to: DatabaseState): MigrationStep[] {
  const owners = new Map(from.tables.map((table) => [objectKey(table), table.source]))
  const sources = new Map(
    [...from.tables, ...to.tables].map((table) => [nameKey(table.source), table.source]),
  )
  return [...sources]
    .map(([, source]) => source)
    .sort(compareSources)
    .flatMap((source) => diffOne(findTable(from, source), liveTable(to, source), owners))
}

function diffOne(
  before: AuditTableObject | undefined,
  after: AuditTableObject | undefined,
  owners: ReadonlyMap<string, QualifiedName>,
): readonly MigrationStep[] {
  if (after === undefined) {
    return before?.capturing ? [{ kind: 'retireTable', source: before.source }] : []
  }
  if (before !== undefined) return diffTable(before, after)
  const policies = after.columns.flatMap((column) => policyChange(undefined, column, after))
  if (policies.length > 0) return policies
  const owner = owners.get(objectKey(after))
  if (owner === undefined) return [{ kind: 'createAuditTable', source: after.source, table: after }]
  return [
    {
      kind: 'unsupported',
      source: after.source,
      change: 'moved table',
      detail: `audit table "${after.names.table}" already holds the history of "${owner.schema}"."${owner.name}"`,
    },
  ]
}

function liveTable(state: DatabaseState, source: QualifiedName): AuditTableObject | undefined {
  const table = findTable(state, source)
  return table?.capturing ? table : undefined
}

function objectKey(table: AuditTableObject): string {
  return nameKey({ schema: table.schema, name: table.names.table })
}
