import type { QualifiedName } from '../model/names.ts'
import { applySteps } from './apply-steps.ts'
import {
  type AuditSchemaObject,
  type AuditTableObject,
  type DatabaseState,
  findTable,
  homeOf,
} from './database-state.ts'
import type { MigrationStep } from './migration-step.ts'
import { type ColumnRenamings, renameColumns } from './rename-columns.ts'
import { renameObjects } from './rename-objects.ts'
import { sourceColumn } from './source-column.ts'

export interface NewNames {
  /** The steps that come before all others. */
  readonly first: readonly MigrationStep[]
  /** The steps that come after all others. */
  readonly last: readonly MigrationStep[]
  /** The state after the first steps. */
  readonly renamed: DatabaseState
}

export interface Naming {
  /** The tables of the new state that may be named anew. */
  readonly wanted: readonly AuditTableObject[]
  /** The steps by which audit tables follow their sources. */
  readonly followed: readonly MigrationStep[]
  readonly renamingsOf: (source: QualifiedName) => ColumnRenamings
}

const NOTHING_RENAMED: ColumnRenamings = {
  columnNow: sourceColumn,
  isSameTable: false,
  renamedFrom: new Map(),
}

/**
 * The steps that give everything the name that it has in the new state: the audit schema, then each table's source,
 * then its objects, then its columns. The former audit schema goes last, when all else has been done.
 */
export function nameAnew(
  from: DatabaseState,
  to: DatabaseState,
  {
    wanted = to.tables.filter(({ capturing }) => capturing),
    followed = [],
    renamingsOf = () => NOTHING_RENAMED,
  }: Partial<Naming> = {},
): NewNames {
  const home = movesSchema(from, to) ? to.schema : undefined
  const begin = [...(home === undefined ? [] : [moveSchema(home)]), ...followed]
  const withSources = applySteps(from, begin)
  const objects = renameObjects(withSources, wanted, home && homeOf(home))
  const withObjects = applySteps(withSources, objects)
  const columns = wanted.flatMap((after) => {
    const before = findTable(withObjects, after.source)
    return before === undefined ? [] : renameColumns(before, after, renamingsOf(after.source))
  })
  return {
    first: [...begin, ...objects, ...columns],
    last: home && from.schema ? [{ kind: 'dropSchema', name: from.schema.name }] : [],
    renamed: applySteps(withObjects, columns),
  }
}

function moveSchema({ name, sqlVersion, shared }: AuditSchemaObject): MigrationStep {
  return { kind: 'moveSchema', name, sqlVersion, ...(shared ? { shared } : {}) }
}

export function movesSchema({ schema }: DatabaseState, to: DatabaseState): boolean {
  return schema !== undefined && to.schema !== undefined && schema.name !== to.schema.name
}
