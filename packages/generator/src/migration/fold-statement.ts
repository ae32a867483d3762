import { nameKey } from '../model/names.ts'
import type { Span, Statement } from './condensed.ts'
import { dropColumn } from './fold-column.ts'
import { recordTypeChange } from './fold-column-changes.ts'
import { addFunction, moveFunctions, removeFunctions, renameFunctions } from './fold-functions.ts'
import { foldInterferences } from './fold-interferences.ts'
import { foldRename } from './fold-rename.ts'
import {
  type FoldedTable,
  type FoldState,
  find,
  newName,
  placeOf,
  putIndex,
  quote,
  rekey,
  report,
  reportUnknown,
  resolveType,
} from './fold-state.ts'
import { foldAlterTable, foldCreateTable } from './fold-table.ts'
import { heirs } from './heirs.ts'

/** Applies what a statement does to tables and types; data changes and settings are `fold-writes.ts`. */
export function foldStructure(state: FoldState, statement: Statement, isOurs: boolean): void {
  if (!isOurs) foldInterferences(state, statement)
  switch (statement.kind) {
    case 'createTable':
      foldCreateTable(state, statement, isOurs)
      return
    case 'alterTable':
      foldAlterTable(state, statement)
      return
    case 'renameTable':
    case 'moveTable':
    case 'renameColumn':
    case 'renameConstraint':
    case 'renameIndex':
    case 'renameSchema':
      foldRename(state, statement, isOurs)
      return
    case 'createIndex': {
      const table = find(state, state.tables, statement.table)
      if (table) putIndex(state, { name: statement.index, table, columns: statement.columns })
      return
    }
    case 'createType': {
      const name = newName(state, statement.type)
      state.types.set(nameKey(name), {
        ...name,
        values: statement.values && [...statement.values],
        ...(statement.base ? { base: resolveType(state, statement.base) } : {}),
      })
      return
    }
    case 'addEnumValue':
      addEnumValue(state, statement)
      return
    case 'renameEnumValue': {
      const type = find(state, state.types, statement.type)
      if (!type?.values) return
      type.values = type.values.map((each) => (each === statement.from ? statement.to : each))
      recordTypeChange(state, type, statement.span)
      return
    }
    case 'renameType':
    case 'moveType': {
      const type = find(state, state.types, statement.type)
      if (!type) return
      const to = statement.kind === 'renameType' ? { name: statement.to } : { schema: statement.schema }
      rekey(state.types, type, to)
      recordTypeChange(state, type, statement.span)
      return
    }
    case 'createView': {
      const view = newName(state, statement.view)
      state.views.set(nameKey(view), { ...view })
      return
    }
    case 'dropExtension':
      if (!isOurs) foldDropExtension(state, statement.names, statement.span)
      return
    case 'createSchema': {
      const { searchPath } = state
      state.schemas.add(statement.schema)
      state.searchPath = [statement.schema, ...searchPath]
      for (const each of statement.elements) foldStructure(state, each, isOurs)
      state.searchPath = searchPath
      return
    }
    case 'drop':
      foldDrop(state, statement, isOurs)
      return
    case 'createFunction':
      addFunction(state, isOurs ? { ...statement, body: [] } : statement)
      return
    case 'renameFunction':
      renameFunctions(state, statement.function, statement.to)
      return
    case 'notInterpreted':
      if (!isOurs) report(state, statement.reason, statement.span, statement.text)
      return
    default:
      return
  }
}

/** Which types an extension brings is not in the files: columns of any type that nobody creates may be its. */
function foldDropExtension(state: FoldState, names: readonly string[], span: Span): void {
  const concerned = [...state.tables.values()].filter(({ columns }) =>
    columns.some(({ type }) => 'type' in type && typeof type.type === 'string'),
  )
  const text = concerned.map(({ name }) => quote(name)).join(' ')
  report(state, `DROP EXTENSION ${names.join(', ')} CASCADE drops the columns of its types`, span, text)
}

function addEnumValue(state: FoldState, statement: Extract<Statement, { kind: 'addEnumValue' }>): void {
  const type = find(state, state.types, statement.type)
  if (!type?.values || type.values.includes(statement.value)) return
  const beside = statement.beside === undefined ? -1 : type.values.indexOf(statement.beside)
  const at = beside === -1 ? type.values.length : beside + (statement.after ? 1 : 0)
  type.values.splice(at, 0, statement.value)
  recordTypeChange(state, type, statement.span)
}

type Drop = Extract<Statement, { kind: 'drop' }>

function foldDrop(state: FoldState, statement: Drop, isOurs: boolean): void {
  const { what, names, ifExists, cascade, span } = statement
  for (const name of names) {
    if (what === 'table') {
      const table = find(state, state.tables, name)
      if (table) dropTable(state, table, cascade, span)
      else if (!ifExists && !isOurs) reportUnknown(state, `DROP TABLE ${name.name}`, span, name.name)
    } else if (what === 'type') dropType(state, name, span)
    else if (what === 'schema') dropSchema(state, name.name, span)
    else if (what === 'view') {
      const view = find(state, state.views, name)
      if (view) state.views.delete(nameKey(view))
    } else if (what === 'function') removeFunctions(state, name)
    else {
      const index = find(state, state.indexes, name)
      if (index) state.indexes.delete(nameKey({ schema: index.table.schema, name: name.name }))
    }
  }
}

function dropTable(state: FoldState, table: FoldedTable, cascade: boolean, span: Span): void {
  const { schema, name } = table
  if (!table.hidden) {
    const place = placeOf(state, span)
    state.droppedTables.push({ schema, name, migration: state.file.name, place })
  }
  const children = heirs(state, table)
  state.tables.delete(nameKey(table))
  for (const [key, index] of state.indexes) if (index.table === table) state.indexes.delete(key)
  for (const each of state.tables.values()) {
    each.foreignKeys = each.foreignKeys.filter((foreignKey) => foreignKey.table !== table)
  }
  for (const child of children) if (cascade || child.isPartition) dropTable(state, child, cascade, span)
}

/** Whatever columns still have the type were dropped with it, or PostgreSQL would have refused. */
function dropType(state: FoldState, name: { schema?: string; name: string }, span: Span): void {
  const type = find(state, state.types, name)
  if (!type) return
  state.types.delete(nameKey(type))
  for (const table of state.tables.values()) {
    for (const column of [...table.columns]) {
      if ('type' in column.type && column.type.type === type)
        dropColumn(state, table, column.name, true, span)
    }
  }
}

function dropSchema(state: FoldState, schema: string, span: Span): void {
  state.schemas.delete(schema)
  moveFunctions(state, schema, undefined)
  for (const table of [...state.tables.values()]) {
    if (table.schema === schema) dropTable(state, table, true, span)
  }
  for (const [key, view] of state.views) if (view.schema === schema) state.views.delete(key)
  for (const type of [...state.types.values()]) if (type.schema === schema) dropType(state, type, span)
}
