import { nameKey } from '../model/names.ts'
import type { AlterTable, CreateTable, Span, TableCommand, WrittenColumn } from './condensed.ts'
import { constraintName } from './constraint-name.ts'
import { recordColumnChange } from './fold-column-changes.ts'
import { foldHeritage, inheritColumns } from './fold-heritage.ts'
import { addForeignKey, dropConstraint, setPrimaryKey } from './fold-key.ts'
import {
  type FoldedTable,
  type FoldState,
  find,
  newName,
  placeOf,
  report,
  resolveType,
  typeText,
} from './fold-state.ts'
import { columnOf, heirs, setNotNull, withHeirs } from './heirs.ts'

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
    hidden: isOurs || name.schema === 'pg_temp',
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

export function foldAlterTable(state: FoldState, statement: AlterTable, isOurs: boolean): void {
  const table = find(state, state.tables, statement.table)
  if (table) {
    for (const command of statement.commands) {
      if (!isTriggerCommand(command)) foldCommand(state, table, command, statement.span)
      else if (!isOurs) recordTriggers(state, table, command, statement.span)
    }
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

type TriggerCommand = Extract<TableCommand, { do: 'disableTriggers' | 'enableTriggers' }>

function isTriggerCommand(command: TableCommand): command is TriggerCommand {
  return command.do === 'disableTriggers' || command.do === 'enableTriggers'
}

function recordTriggers(state: FoldState, table: FoldedTable, command: TriggerCommand, span: Span): void {
  const { trigger } = command
  state.interferences.push({
    kind: command.do === 'disableTriggers' ? 'triggers disabled' : 'triggers enabled',
    target: { schema: table.schema, name: table.name },
    ...(trigger === undefined ? {} : { trigger }),
    migration: state.file.name,
    place: placeOf(state, span),
  })
}

function foldCommand(
  state: FoldState,
  table: FoldedTable,
  command: Exclude<TableCommand, TriggerCommand>,
  span: Span,
): void {
  switch (command.do) {
    case 'addColumn':
      if (command.ifNotExists && columnOf(table, command.column.name)) return
      addColumnEverywhere(state, table, command.column, true)
      return
    case 'dropColumn':
      dropColumn(state, table, command.column, true, span)
      return
    case 'alterType':
      withHeirs(state, table, command.column, (column, owner) => {
        const before = typeText(column.type)
        column.type = resolveType(state, command.type)
        if (typeText(column.type) === before) return
        recordColumnChange(state, owner, { kind: 'retyped', column: column.name }, span)
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

export function dropColumn(
  state: FoldState,
  table: FoldedTable,
  name: string,
  wanted: boolean,
  span: Span,
): void {
  const column = columnOf(table, name)
  const stillInherited = table.parents.some((parent) => columnOf(parent, name))
  if (!column || stillInherited || (!wanted && column.local)) return
  table.columns = table.columns.filter((each) => each !== column)
  recordColumnChange(state, table, { kind: 'dropped', column: name }, span)
  if (table.primaryKey?.columns.includes(name)) table.primaryKey = undefined
  table.foreignKeys = table.foreignKeys.filter((key) => !key.columns.includes(name))
  for (const heir of heirs(state, table)) dropColumn(state, heir, name, false, span)
}

export function renameColumn(
  state: FoldState,
  table: FoldedTable,
  from: string,
  to: string,
  span: Span,
): void {
  const renamed = (names: readonly string[]) => names.map((name) => (name === from ? to : name))
  const column = columnOf(table, from)
  if (!column) return
  column.name = to
  recordColumnChange(state, table, { kind: 'renamed', column: from, to }, span)
  if (table.primaryKey) table.primaryKey.columns = renamed(table.primaryKey.columns)
  for (const key of table.foreignKeys) key.columns = renamed(key.columns)
  for (const each of state.tables.values()) {
    for (const key of each.foreignKeys) if (key.table === table) key.referenced = renamed(key.referenced)
  }
  for (const index of state.indexes.values())
    if (index.table === table) index.columns = renamed(index.columns)
  for (const heir of heirs(state, table)) renameColumn(state, heir, from, to, span)
}
