import { nameKey } from '../model/names.ts'
import type { Span, Statement, WrittenName } from './condensed.ts'
import { renameColumn, reportUnknownColumn } from './fold-column.ts'
import { moveFunctions } from './fold-functions.ts'
import {
  type FoldedTable,
  type FoldState,
  find,
  putIndex,
  rekey,
  renameTable,
  reportUnknown,
} from './fold-state.ts'

type Rename = Extract<
  Statement,
  {
    kind: 'renameTable' | 'moveTable' | 'renameColumn' | 'renameConstraint' | 'renameIndex' | 'renameSchema'
  }
>

/** What gets another name or another schema; where it is in no file, that is reported. */
export function foldRename(state: FoldState, statement: Rename, isOurs: boolean): void {
  switch (statement.kind) {
    case 'renameTable':
      if (!renameRelation(state, statement.table, { name: statement.to }, statement) && !isOurs) {
        const { name } = statement.table
        reportUnknown(state, `RENAME TO of ${name}`, statement.span, name, statement.to)
      }
      return
    case 'moveTable':
      if (!renameRelation(state, statement.table, { schema: statement.schema }, statement) && !isOurs) {
        const { name } = statement.table
        reportUnknown(state, `SET SCHEMA of ${name}`, statement.span, name)
      }
      return
    case 'renameColumn': {
      const { name } = statement.table
      const table = find(state, state.tables, statement.table)
      if (table) {
        reportUnknownColumn(state, table, statement.from, statement.span)
        renameColumn(state, table, statement.from, statement.to, statement.span)
      } else if (!statement.ifExists && !isOurs && !find(state, state.views, statement.table)) {
        reportUnknown(state, `RENAME COLUMN of ${name}`, statement.span, name)
      }
      return
    }
    case 'renameConstraint': {
      const table = find(state, state.tables, statement.table)
      if (table) renameConstraint(table, statement.from, statement.to)
      return
    }
    case 'renameIndex':
      renameIndex(state, statement)
      return
    case 'renameSchema':
      renameSchema(state, statement)
  }
}

/** ALTER TABLE renames views and indexes too. False where there is none of that name. */
function renameRelation(
  state: FoldState,
  written: WrittenName,
  to: { readonly name: string } | { readonly schema: string },
  { ifExists, span }: { readonly ifExists: boolean; readonly span: Span },
): boolean {
  const table = find(state, state.tables, written)
  const view = find(state, state.views, written)
  if (table) renameTable(state, table, to, span)
  else if (view) rekey(state.views, view, to)
  else if ('name' in to && find(state, state.indexes, written)) {
    renameIndex(state, { kind: 'renameIndex', index: written, to: to.name })
  } else return ifExists
  return true
}

function renameSchema(state: FoldState, statement: Extract<Statement, { kind: 'renameSchema' }>): void {
  if (state.schemas.delete(statement.from)) state.schemas.add(statement.to)
  for (const table of [...state.tables.values()]) {
    if (table.schema !== statement.from) continue
    renameTable(state, table, { schema: statement.to }, statement.span)
  }
  moveFunctions(state, statement.from, statement.to)
  for (const view of [...state.views.values()]) {
    if (view.schema === statement.from) rekey(state.views, view, { schema: statement.to })
  }
  for (const type of [...state.types.values()]) {
    if (type.schema === statement.from) rekey(state.types, type, { schema: statement.to })
  }
}

function renameConstraint(table: FoldedTable, from: string, to: string): void {
  if (table.primaryKey?.constraint === from) table.primaryKey.constraint = to
  for (const key of table.deferrableKeys) if (key.constraint === from) key.constraint = to
  for (const key of table.foreignKeys) if (key.constraint === from) key.constraint = to
  for (const column of table.columns) if (column.notNullConstraint === from) column.notNullConstraint = to
}

/** The index of a primary key carries its constraint along. */
function renameIndex(state: FoldState, { index, to }: Extract<Statement, { kind: 'renameIndex' }>): void {
  const found = find(state, state.indexes, index)
  if (found) {
    state.indexes.delete(nameKey({ schema: found.table.schema, name: index.name }))
    found.name = to
    putIndex(state, found)
    return
  }
  const schemas = index.schema === undefined ? state.searchPath : [index.schema]
  for (const table of state.tables.values()) {
    if (schemas.includes(table.schema)) renameConstraint(table, index.name, to)
  }
}
