import type { AuditModel } from '../model/audit-model.ts'
import { nameKey, type QualifiedName } from '../model/names.ts'
import type { SourceDatabase } from '../model/source-database.ts'
import { type AuditHome, type DatabaseState, findTable, homeOf } from './database-state.ts'
import type { PositionOf } from './folder-order.ts'
import type { MigrationStep } from './migration-step.ts'
import { movesSchema, nameAnew } from './name-anew.ts'
import { reachableState, type WaitingTable } from './reachable-state.ts'
import { type RenameEvidence, renameEvidence } from './rename-evidence.ts'
import { renameTables } from './rename-tables.ts'
import type { TableHistories, TableHistory } from './table-history.ts'
import { withWaiver } from './waiver.ts'

export interface RenamesInput {
  readonly recorded: DatabaseState
  readonly histories: TableHistories
  readonly desired: DatabaseState
  /** Only for what its tables and columns say that they were called. */
  readonly model: AuditModel
  readonly database: SourceDatabase
  /** The tables that the schema has, audited or not. */
  readonly declared: readonly QualifiedName[]
  readonly positionOf: PositionOf
}

export interface Renames {
  /** The steps that come before all others. */
  readonly first: readonly MigrationStep[]
  /** The steps that come after all others. */
  readonly last: readonly MigrationStep[]
  /** The recorded state after the first steps. */
  readonly renamed: DatabaseState
  /** What is known of the recorded tables, under their names after the first steps. */
  readonly histories: TableHistories
  /** How much of the desired state can be brought about now. */
  readonly reachable: DatabaseState
  readonly waiting: readonly WaitingTable[]
  /** See `RenamedTables`. */
  readonly left: ReadonlyMap<string, QualifiedName>
  /** See `RenamedTables`; the names stay as they are. */
  readonly replaced: ReadonlyMap<string, QualifiedName | undefined>
}

/**
 * What was renamed, told from the recorded state, the folder and the schema, and how much of the desired state can be
 * reached then. Afterwards nothing is different any more but what `diffState` sees. A table that has to wait stays
 * as it is recorded, and with one that captures the audit schema stays where it is.
 */
export function findRenames(input: RenamesInput): Renames {
  const { recorded, desired } = input
  const waits = new Set<string>()
  const evidence = renameEvidence(input)
  let wish = desired
  for (;;) {
    const found = renamesTo(input, evidence, wish, waits)
    const more = found.waiting.map(({ source }) => nameKey(source)).filter((key) => !waits.has(key))
    const isStuck =
      wish === desired &&
      movesSchema(recorded, desired) &&
      (found.left.size > 0 || found.waiting.some(({ source }) => isCapturing(recorded, source)))
    if (more.length === 0 && !isStuck) return found
    for (const key of more) waits.add(key)
    if (isStuck && recorded.schema) wish = inHome(desired, recorded.schema)
  }
}

function renamesTo(
  input: RenamesInput,
  evidence: RenameEvidence,
  desired: DatabaseState,
  waits: ReadonlySet<string>,
) {
  const { recorded, database, declared } = input
  const { steps: followed, left, replaced } = renameTables(recorded, evidence.ofTables(desired, waits))
  const histories = renameHistories(input.histories, followed)
  const wanted = desired.tables.filter(({ source }) => !waits.has(nameKey(source)))
  const { first, last, renamed } = nameAnew(recorded, desired, {
    wanted,
    followed,
    renamingsOf(source) {
      const key = nameKey(source)
      return evidence.ofColumns(source, histories.get(key), replaced.has(key))
    },
  })
  const { state: reachable, waiting } = reachableState(renamed, desired, database, declared, left)
  return { first, last, renamed, histories, reachable, waiting, left, replaced }
}

function isCapturing(recorded: DatabaseState, source: QualifiedName): boolean {
  return findTable(recorded, source)?.capturing === true
}

function inHome(state: DatabaseState, schema: NonNullable<DatabaseState['schema']>): DatabaseState {
  const home: AuditHome = homeOf(schema)
  const tables = state.tables.map(({ shared: _, ...table }) => ({ ...table, ...home }))
  const sqlVersion = state.schema?.sqlVersion ?? schema.sqlVersion
  return { schema: withWaiver({ ...schema, sqlVersion }, state.schema?.waiverRole), tables }
}

function renameHistories(histories: TableHistories, steps: readonly MigrationStep[]): TableHistories {
  const renamed = new Map<string, TableHistory>(histories)
  for (const step of steps) {
    const history = step.kind === 'renameTable' ? renamed.get(nameKey(step.source)) : undefined
    if (step.kind !== 'renameTable' || history === undefined) continue
    renamed.delete(nameKey(step.source))
    renamed.set(nameKey(step.to), history)
  }
  return renamed
}
