import { nameKey } from '../model/names.ts'
import type { Span, WrittenForeignKey, WrittenPrimaryKey } from './condensed.ts'
import { constraintName } from './constraint-name.ts'
import { type FoldedTable, type FoldState, find, placeOf } from './fold-state.ts'
import { heirs, setNotNull } from './heirs.ts'

/** @param span of the statement, where the key may be deferrable */
export function setPrimaryKey(
  state: FoldState,
  table: FoldedTable,
  written: WrittenPrimaryKey,
  span?: Span,
): void {
  const columns = keyColumns(state, table, written)
  const constraint = written.constraint ?? written.usingIndex ?? freeKeyName(state, table, undefined, 'pkey')
  table.primaryKey = { constraint, columns }
  if (written.deferrable && span) {
    table.deferrableKeys.push({ constraint, columns: [...columns], place: placeOf(state, span) })
  }
  for (const column of columns) setNotNull(state, table, column, true)
  if (!table.partitioned) return
  for (const heir of heirs(state, table)) {
    if (!heir.primaryKey) setPrimaryKey(state, heir, { columns })
  }
}

/** A deferrable UNIQUE; of no other one is it kept that there is one. */
export function addUnique(
  state: FoldState,
  table: FoldedTable,
  written: WrittenPrimaryKey,
  span: Span,
): void {
  const columns = keyColumns(state, table, written)
  const constraint =
    written.constraint ?? written.usingIndex ?? freeKeyName(state, table, columns.join('_'), 'key')
  table.deferrableKeys.push({ constraint, columns, place: placeOf(state, span) })
}

/** What `LIKE … INCLUDING INDEXES` copies of the keys of `model`. */
export function copyKeys(state: FoldState, table: FoldedTable, model: FoldedTable, span: Span): void {
  const { primaryKey, deferrableKeys } = model
  const isPrimary = ({ constraint }: { constraint: string }) => constraint === primaryKey?.constraint
  if (primaryKey) {
    const deferrable = deferrableKeys.some(isPrimary) ? ({ deferrable: true } as const) : {}
    setPrimaryKey(state, table, { columns: primaryKey.columns, ...deferrable }, span)
  }
  for (const key of deferrableKeys) {
    if (!isPrimary(key)) addUnique(state, table, { columns: key.columns }, span)
  }
}

function keyColumns(state: FoldState, { schema }: FoldedTable, written: WrittenPrimaryKey): string[] {
  const { usingIndex: name } = written
  const index = name === undefined ? undefined : find(state, state.indexes, { schema, name })
  return [...(index?.columns ?? written.columns)]
}

/** PostgreSQL's default name of a key; a taken one gets a number. */
function freeKeyName(
  state: FoldState,
  table: FoldedTable,
  column: string | undefined,
  label: 'pkey' | 'key',
): string {
  for (let count = 0; ; count++) {
    const name = constraintName(table.name, column, count === 0 ? label : `${label}${count}`)
    const key = nameKey({ schema: table.schema, name })
    const isKey = [...state.tables.values()].some(
      (each) => each.schema === table.schema && each !== table && each.primaryKey?.constraint === name,
    )
    if (!isKey && !state.tables.has(key) && !state.indexes.has(key)) return name
  }
}

export function addForeignKey(state: FoldState, table: FoldedTable, written: WrittenForeignKey): void {
  const target = find(state, state.tables, written.table)
  if (!target) return
  pointTo(state, table, written.columns, target)
  table.foreignKeys.push({
    constraint: written.constraint ?? constraintName(table.name, written.columns.join('_'), 'fkey'),
    columns: [...written.columns],
    table: target,
    referenced: [
      ...(written.referenced.length > 0 ? written.referenced : (target.primaryKey?.columns ?? [])),
    ],
    onDelete: written.onDelete,
    onUpdate: written.onUpdate,
  })
}

function pointTo(state: FoldState, from: FoldedTable, columns: readonly string[], target: FoldedTable): void {
  const [column, ...more] = columns
  if (column === undefined || more.length > 0) return
  const known = from.references.find((each) => each.column === column)
  if (known === undefined) from.references.push({ column, table: target })
  else if (known.table !== target) {
    known.before = { table: known.table, migration: state.file.name }
    known.table = target
  }
}

export function dropConstraint(state: FoldState, table: FoldedTable, constraint: string): void {
  table.foreignKeys = table.foreignKeys.filter((key) => key.constraint !== constraint)
  table.deferrableKeys = table.deferrableKeys.filter((key) => key.constraint !== constraint)
  if (table.primaryKey?.constraint === constraint) {
    const { columns } = table.primaryKey
    table.primaryKey = undefined
    for (const heir of table.partitioned ? heirs(state, table) : []) {
      if (heir.primaryKey?.columns.join() === columns.join()) heir.primaryKey = undefined
    }
    return
  }
  const column = table.columns.find((each) => each.notNullConstraint === constraint)
  if (column?.notNull) setNotNull(state, table, column.name, false)
}
