import { nameKey } from '../model/names.ts'
import type { AlterTable, CreateTable, Span, TableCommand } from './condensed.ts'
import { addColumn, addColumnEverywhere, dropColumn, reportUnknownColumn } from './fold-column.ts'
import { recordColumnChange } from './fold-column-changes.ts'
import { foldHeritage, inheritColumns, setPartition } from './fold-heritage.ts'
import { addForeignKey, addUnique, copyKeys, dropConstraint, setPrimaryKey } from './fold-key.ts'
import {
  type FoldedTable,
  type FoldState,
  find,
  newName,
  placeOf,
  quote,
  report,
  reportUnknown,
  resolveType,
  typeText,
} from './fold-state.ts'
import { columnOf, setNotNull, withHeirs } from './heirs.ts'

const NOT_GENERATED = { virtual: false, reads: undefined }

export function foldCreateTable(state: FoldState, statement: CreateTable, isOurs: boolean): void {
  const { span } = statement
  const written = statement.temporary ? { schema: 'pg_temp', name: statement.table.name } : statement.table
  const name = newName(state, written)
  if (statement.ifNotExists && state.tables.has(nameKey(name))) return
  const parents = statement.inherits.flatMap((parent) => find(state, state.tables, parent) ?? [])
  const table: FoldedTable = {
    ...name,
    columns: [],
    primaryKey: undefined,
    deferrableKeys: [],
    foreignKeys: [],
    references: [],
    parents,
    isPartition: statement.isPartition,
    partitioned: statement.partitioned,
    opaque: statement.opaque !== undefined || parents.some(({ opaque }) => opaque),
    hidden: isOurs || name.schema === 'pg_temp',
    place: placeOf(state, span),
  }
  if (statement.opaque !== undefined && !table.hidden) report(state, statement.opaque, span, quote(name.name))
  for (const parent of statement.inherits) {
    if (find(state, state.tables, parent)) continue
    table.opaque = true
    reportUnknown(
      state,
      `CREATE TABLE ${name.name} with the columns of ${parent.name}`,
      span,
      name.name,
      parent.name,
    )
  }
  for (const parent of parents) inheritColumns(table, parent)
  for (const element of statement.elements) {
    if (!('like' in element)) {
      addColumn(state, table, element)
      continue
    }
    const model = find(state, state.tables, element.like)
    if (!model) {
      table.opaque = true
      reportUnknown(state, `LIKE ${element.like.name}`, span, name.name, element.like.name)
      continue
    }
    table.opaque ||= model.opaque
    for (const column of model.columns) {
      const { virtual, reads } = element.withGenerated ? column : NOT_GENERATED
      table.columns.push({ ...column, virtual, reads, local: true })
    }
    if (element.withIndexes) copyKeys(state, table, model, span)
  }
  state.tables.set(nameKey(table), table)
  for (const column of statement.notNull) setNotNull(state, table, column, true)
  const inherited = parents.find((parent) => parent.partitioned)?.primaryKey
  if (statement.primaryKey) setPrimaryKey(state, table, statement.primaryKey, span)
  else if (statement.isPartition && inherited) setPrimaryKey(state, table, { columns: inherited.columns })
  for (const unique of statement.uniques ?? []) addUnique(state, table, unique, span)
  for (const foreignKey of statement.foreignKeys) addForeignKey(state, table, foreignKey)
}

export function foldAlterTable(state: FoldState, statement: AlterTable): void {
  const table = find(state, state.tables, statement.table)
  if (table) {
    for (const command of statement.commands) {
      if (!isTriggerCommand(command)) foldCommand(state, table, command, statement.span)
    }
    return
  }
  if (!statement.ifExists && !find(state, state.views, statement.table)) {
    const { name } = statement.table
    reportUnknown(state, `ALTER TABLE on ${name}`, statement.span, name)
    for (const command of statement.commands) {
      if (command.do !== 'attach' && command.do !== 'detach') continue
      const partition = find(state, state.tables, command.table)
      if (partition) setPartition(state, partition, command.do === 'attach', statement.span)
    }
  }
}

type TriggerCommand = Extract<TableCommand, { do: 'disableTriggers' | 'enableTriggers' }>

function isTriggerCommand(command: TableCommand): command is TriggerCommand {
  return command.do === 'disableTriggers' || command.do === 'enableTriggers'
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
      if (!command.ifExists) reportUnknownColumn(state, table, command.column, span)
      if (command.cascade) {
        const generated = table.columns.filter(({ reads }) => reads?.includes(command.column))
        for (const { name } of generated) dropColumn(state, table, name, true, span)
      }
      dropColumn(state, table, command.column, true, span)
      return
    case 'alterType':
      reportUnknownColumn(state, table, command.column, span)
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
        // Its values stay: they are still those that were made of other columns.
        column.virtual = false
      })
      return
    case 'setExpression':
      withHeirs(state, table, command.column, (column) => {
        column.reads = command.reads
      })
      return
    case 'notNullConstraint':
      setNotNull(state, table, command.column, true, command.constraint)
      return
    case 'addPrimaryKey': {
      const { usingIndex } = command.primaryKey
      if (
        usingIndex === undefined ||
        find(state, state.indexes, { schema: table.schema, name: usingIndex })
      ) {
        setPrimaryKey(state, table, command.primaryKey, span)
      } else reportUnknown(state, `PRIMARY KEY USING INDEX ${usingIndex}`, span, table.name)
      return
    }
    case 'addUnique':
      addUnique(state, table, command.unique, span)
      return
    case 'addForeignKey':
      addForeignKey(state, table, command.foreignKey)
      return
    case 'dropConstraint':
      dropConstraint(state, table, command.constraint)
      return
    default: {
      const other = find(state, state.tables, command.table)
      if (other) foldHeritage(state, table, command.do, other, span)
      else if (!find(state, state.views, command.table)) {
        const { name } = command.table
        reportUnknown(state, `${HERITAGE[command.do]} ${name}`, span, table.name, name)
      }
    }
  }
}

const HERITAGE = {
  attach: 'ATTACH PARTITION',
  detach: 'DETACH PARTITION',
  inherit: 'INHERIT',
  noInherit: 'NO INHERIT',
} as const
