import { nameKey } from '../model/names.ts'
import type {
  AlterTable,
  CreateTable,
  TableCommand,
  WrittenColumn,
  WrittenForeignKey,
  WrittenPrimaryKey,
} from './condensed.ts'
import { constraintName } from './constraint-name.ts'
import {
  type FoldedColumn,
  type FoldedTable,
  type FoldState,
  find,
  newName,
  placeOf,
  report,
  resolveType,
} from './fold-state.ts'

export function foldCreateTable(state: FoldState, statement: CreateTable, isOurs: boolean): void {
  const written = statement.temporary ? { schema: 'pg_temp', name: statement.table.name } : statement.table
  const name = newName(state, written)
  if (statement.ifNotExists && state.tables.has(nameKey(name))) return
  const parents = statement.inherits.flatMap((parent) => find(state, state.tables, parent) ?? [])
  const table: FoldedTable = {
    ...name,
    columns: [],
    primaryKey: undefined,
    foreignKeys: [],
    parents,
    isPartition: statement.isPartition,
    partitioned: statement.partitioned,
    hidden: isOurs || statement.temporary,
    place: placeOf(state, statement.span),
  }
  for (const parent of parents) inheritColumns(table, parent)
  for (const element of statement.elements) {
    if (!('like' in element)) {
      addColumn(state, table, element)
      continue
    }
    const model = find(state, state.tables, element.like)
    if (!model) {
      report(state, `LIKE ${element.like.name}, which no migration file creates`, statement.span)
      continue
    }
    for (const column of model.columns) {
      table.columns.push({ ...column, virtual: column.virtual && element.withGenerated, local: true })
    }
    if (element.withIndexes && model.primaryKey) {
      setPrimaryKey(state, table, { columns: model.primaryKey.columns })
    }
  }
  state.tables.set(nameKey(table), table)
  for (const column of statement.notNull) setNotNull(state, table, column, true)
  const inherited = parents.find((parent) => parent.partitioned)?.primaryKey
  if (statement.primaryKey) setPrimaryKey(state, table, statement.primaryKey)
  else if (statement.isPartition && inherited) setPrimaryKey(state, table, { columns: inherited.columns })
  for (const foreignKey of statement.foreignKeys) addForeignKey(state, table, foreignKey)
}

export function foldAlterTable(state: FoldState, statement: AlterTable): void {
  const table = find(state, state.tables, statement.table)
  if (table) {
    for (const command of statement.commands) foldCommand(state, table, command)
    return
  }
  const isView = [undefined, ...state.searchPath].some((schema) =>
    state.views.has(
      nameKey({ schema: statement.table.schema ?? schema ?? 'public', name: statement.table.name }),
    ),
  )
  if (!statement.ifExists && !isView) {
    report(state, `ALTER TABLE on ${statement.table.name}, which no migration file creates`, statement.span)
  }
}

function foldCommand(state: FoldState, table: FoldedTable, command: TableCommand): void {
  switch (command.do) {
    case 'addColumn':
      if (command.ifNotExists && columnOf(table, command.column.name)) return
      addColumnEverywhere(state, table, command.column, true)
      return
    case 'dropColumn':
      dropColumn(state, table, command.column, true)
      return
    case 'alterType':
      withHeirs(state, table, command.column, (column) => {
        column.type = resolveType(state, command.type)
      })
      return
    case 'setNotNull':
      setNotNull(state, table, command.column, true)
      return
    case 'dropNotNull':
      setNotNull(state, table, command.column, false)
      return
    case 'dropExpression':
      withHeirs(state, table, command.column, (column) => {
        column.virtual = false
      })
      return
    case 'notNullConstraint':
      setNotNull(state, table, command.column, true, command.constraint)
      return
    case 'addPrimaryKey':
      setPrimaryKey(state, table, command.primaryKey)
      return
    case 'addForeignKey':
      addForeignKey(state, table, command.foreignKey)
      return
    case 'dropConstraint':
      dropConstraint(state, table, command.constraint)
      return
    default:
      foldHeritage(state, table, command.do, find(state, state.tables, command.table))
      return
  }
}

function foldHeritage(
  state: FoldState,
  table: FoldedTable,
  change: 'attach' | 'detach' | 'inherit' | 'noInherit',
  other: FoldedTable | undefined,
): void {
  if (!other) return
  const attaches = change === 'attach' || change === 'detach'
  const [parent, child] = attaches ? [table, other] : [other, table]
  if (change === 'attach' || change === 'inherit') {
    // PostgreSQL refuses a circle, and so would every walk over the heirs.
    if (descendsFrom(parent, child) || child.parents.includes(parent)) return
    child.parents.push(parent)
    child.isPartition = attaches
    if (attaches) for (const column of child.columns) column.local = false
    if (attaches && parent.primaryKey && !child.primaryKey) {
      setPrimaryKey(state, child, { columns: parent.primaryKey.columns })
    }
  } else {
    child.parents = child.parents.filter((each) => each !== parent)
    child.isPartition = false
    for (const column of child.columns) column.local = true
  }
}

function descendsFrom(table: FoldedTable, ancestor: FoldedTable): boolean {
  return table === ancestor || table.parents.some((parent) => descendsFrom(parent, ancestor))
}

export function heirs(state: FoldState, table: FoldedTable): FoldedTable[] {
  return [...state.tables.values()].filter((each) => each.parents.includes(table))
}

function columnOf(table: FoldedTable, name: string): FoldedColumn | undefined {
  return table.columns.find((column) => column.name === name)
}

function withHeirs(
  state: FoldState,
  table: FoldedTable,
  name: string,
  change: (column: FoldedColumn) => void,
): void {
  const column = columnOf(table, name)
  if (!column) return
  change(column)
  for (const heir of heirs(state, table)) withHeirs(state, heir, name, change)
}

function inheritColumns(table: FoldedTable, parent: FoldedTable): void {
  for (const column of parent.columns) {
    const own = columnOf(table, column.name)
    if (own) own.notNull ||= column.notNull
    else table.columns.push({ ...column, local: false })
  }
}

function addColumn(state: FoldState, table: FoldedTable, written: WrittenColumn): void {
  const type = resolveType(state, written.type)
  const inherited = columnOf(table, written.name)
  if (inherited) {
    // The same column declared again beside an inherited one: PostgreSQL merges the two.
    inherited.notNull ||= written.notNull
    inherited.local = true
    return
  }
  table.columns.push({
    name: written.name,
    type,
    notNull: written.notNull,
    notNullConstraint: constraintName(table.name, written.name, 'not_null'),
    virtual: written.virtual,
    local: true,
  })
}

function addColumnEverywhere(
  state: FoldState,
  table: FoldedTable,
  column: WrittenColumn,
  local: boolean,
): void {
  addColumn(state, table, column)
  const added = columnOf(table, column.name)
  if (added && !local) added.local = false
  for (const heir of heirs(state, table)) addColumnEverywhere(state, heir, column, false)
}

export function dropColumn(state: FoldState, table: FoldedTable, name: string, wanted: boolean): void {
  const column = columnOf(table, name)
  const stillInherited = table.parents.some((parent) => columnOf(parent, name))
  if (!column || stillInherited || (!wanted && column.local)) return
  table.columns = table.columns.filter((each) => each !== column)
  if (table.primaryKey?.columns.includes(name)) table.primaryKey = undefined
  table.foreignKeys = table.foreignKeys.filter((key) => !key.columns.includes(name))
  for (const heir of heirs(state, table)) dropColumn(state, heir, name, false)
}

export function renameColumn(state: FoldState, table: FoldedTable, from: string, to: string): void {
  const renamed = (names: readonly string[]) => names.map((name) => (name === from ? to : name))
  const column = columnOf(table, from)
  if (!column) return
  column.name = to
  if (table.primaryKey) table.primaryKey.columns = renamed(table.primaryKey.columns)
  for (const key of table.foreignKeys) key.columns = renamed(key.columns)
  for (const each of state.tables.values()) {
    for (const key of each.foreignKeys) if (key.table === table) key.referenced = renamed(key.referenced)
  }
  for (const index of state.indexes.values())
    if (index.table === table) index.columns = renamed(index.columns)
  for (const heir of heirs(state, table)) renameColumn(state, heir, from, to)
}

function setNotNull(
  state: FoldState,
  table: FoldedTable,
  name: string,
  notNull: boolean,
  constraint?: string,
): void {
  withHeirs(state, table, name, (column) => {
    column.notNull = notNull
    if (constraint !== undefined) column.notNullConstraint = constraint
  })
}

function setPrimaryKey(state: FoldState, table: FoldedTable, written: WrittenPrimaryKey): void {
  const index =
    written.usingIndex === undefined
      ? undefined
      : find(state, state.indexes, {
          schema: table.schema,
          name: written.usingIndex,
        })
  const columns = [...(index?.columns ?? written.columns)]
  const constraint = written.constraint ?? written.usingIndex ?? freeKeyName(state, table)
  table.primaryKey = { constraint, columns }
  for (const column of columns) setNotNull(state, table, column, true)
  if (!table.partitioned) return
  for (const heir of heirs(state, table)) {
    if (!heir.primaryKey) setPrimaryKey(state, heir, { columns })
  }
}

/** PostgreSQL's default name of a primary key; a taken one gets a number. */
function freeKeyName(state: FoldState, table: FoldedTable): string {
  for (let count = 0; ; count++) {
    const name = constraintName(table.name, undefined, count === 0 ? 'pkey' : `pkey${count}`)
    const key = nameKey({ schema: table.schema, name })
    const isKey = [...state.tables.values()].some(
      (each) => each.schema === table.schema && each !== table && each.primaryKey?.constraint === name,
    )
    if (!isKey && !state.tables.has(key) && !state.indexes.has(key)) return name
  }
}

function addForeignKey(state: FoldState, table: FoldedTable, written: WrittenForeignKey): void {
  const target = find(state, state.tables, written.table)
  if (!target) return
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

function dropConstraint(state: FoldState, table: FoldedTable, constraint: string): void {
  table.foreignKeys = table.foreignKeys.filter((key) => key.constraint !== constraint)
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
