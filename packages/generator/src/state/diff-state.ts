import { nameKey, type QualifiedName } from '../model/names.ts'
import { type AuditTableObject, compareSources, type DatabaseState, findTable } from './database-state.ts'
import { diffTable } from './diff-table.ts'
import type { MigrationStep, UnsupportedStep } from './migration-step.ts'
import { nameAnew } from './name-anew.ts'
import { noWaiverSteps, waiverSteps } from './waiver.ts'

/**
 * The steps that lead from one state to another, in the order in which a migration takes them.
 *
 * Laws: `diffState(s, s)` is empty; `applySteps(a, diffState(a, b))` equals `b` in everything that is live
 * (see `liveState`), unless a step is `unsupported`. What is retired in `a` stays, retired, for its history.
 */
export function diffState(from: DatabaseState, to: DatabaseState): readonly MigrationStep[] {
  const { first, last, renamed } = nameAnew(from, to)
  return [
    ...first,
    ...diffSchema(renamed, to),
    ...(to.schema ? waiverSteps(from.schema, to.schema) : []),
    ...diffTables(renamed, to),
    ...(to.schema ? noWaiverSteps(from.schema, to.schema) : []),
    ...last,
  ]
}

function diffSchema(from: DatabaseState, to: DatabaseState): MigrationStep[] {
  if (to.schema === undefined) return []
  const { name, sqlVersion, shared } = to.schema
  if (from.schema === undefined) {
    return [{ kind: 'createSchema', name, sqlVersion, ...(shared ? { shared } : {}) }]
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
  const owner = owners.get(objectKey(after))
  if (owner === undefined) return [{ kind: 'createAuditTable', source: after.source, table: after }]
  return [sharedTable(after, owner)]
}

/** Two sources cannot share one audit table: which of them a row came from would not be known. */
function sharedTable({ source, names }: AuditTableObject, owner: QualifiedName): UnsupportedStep {
  const other = `"${owner.schema}"."${owner.name}"`
  return {
    kind: 'unsupported',
    source,
    change: 'shared audit table',
    detail: `its audit table "${names.table}" holds the history of ${other}`,
    hint: `Give this model an audit table of its own, @audit(enabled, table: "…"), or drop ${other} in a migration first: then this table goes on with its history.`,
  }
}

function liveTable(state: DatabaseState, source: QualifiedName): AuditTableObject | undefined {
  const table = findTable(state, source)
  return table?.capturing ? table : undefined
}

function objectKey(table: AuditTableObject): string {
  return nameKey({ schema: table.schema, name: table.names.table })
}
