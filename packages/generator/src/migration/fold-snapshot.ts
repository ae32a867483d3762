import type { FoldedColumn, FoldedTable, FoldedType, FoldState } from './fold-state.ts'

type Objects = Pick<FoldState, 'tables' | 'types' | 'indexes' | 'views' | 'functions' | 'schemas'>

/** What a ROLLBACK brings back. Data changes are not in it: a trigger refuses them before they are taken back. */
export interface Snapshot extends Objects {
  /** How many of them there were. */
  readonly droppedTables: number
  readonly interferences: number
  readonly notInterpreted: number
}

/** Copies the database as it is. Tables, types and indexes refer to each other; their copies refer to the copies. */
export function takeSnapshot(state: FoldState): Snapshot {
  return {
    ...copyObjects(state),
    droppedTables: state.droppedTables.length,
    interferences: state.interferences.length,
    notInterpreted: state.notInterpreted.length,
  }
}

/** Puts the database back as it was. The same snapshot may be restored again. */
export function restoreSnapshot(state: FoldState, snapshot: Snapshot): void {
  Object.assign(state, copyObjects(snapshot))
  state.droppedTables.length = snapshot.droppedTables
  state.interferences.length = snapshot.interferences
  state.notInterpreted.length = snapshot.notInterpreted
}

function copyObjects({ tables, types, indexes, views, functions, schemas }: Objects): Objects {
  const copyOfType = new Map<FoldedType, FoldedType>()
  for (const type of types.values())
    copyOfType.set(type, { ...type, values: type.values && [...type.values] })
  const copyOfTable = new Map<FoldedTable, FoldedTable>()
  for (const table of tables.values()) copyOfTable.set(table, copyTable(table, copyOfType))
  for (const copy of copyOfTable.values()) {
    for (const key of copy.foreignKeys) key.table = copyOfTable.get(key.table) ?? key.table
    copy.references = copy.references.map(({ column, table, before }) => ({
      column,
      table: copyOfTable.get(table) ?? table,
      ...(before && { before: { ...before, table: copyOfTable.get(before.table) ?? before.table } }),
    }))
    copy.parents = copy.parents.map((parent) => copyOfTable.get(parent) ?? parent)
  }
  return {
    tables: mapValues(tables, (table) => copyOfTable.get(table) ?? table),
    types: mapValues(types, (type) => copyOfType.get(type) ?? type),
    indexes: mapValues(indexes, (index) => ({
      ...index,
      table: copyOfTable.get(index.table) ?? index.table,
    })),
    views: mapValues(views, (view) => ({ ...view })),
    functions: new Map(functions),
    schemas: new Set(schemas),
  }
}

function copyTable(table: FoldedTable, types: ReadonlyMap<FoldedType, FoldedType>): FoldedTable {
  const copyColumn = (column: FoldedColumn): FoldedColumn => {
    const { type } = column
    if (!('type' in type) || typeof type.type === 'string') return { ...column }
    return { ...column, type: { ...type, type: types.get(type.type) ?? type.type } }
  }
  return {
    ...table,
    columns: table.columns.map(copyColumn),
    primaryKey: table.primaryKey && { ...table.primaryKey },
    deferrableKeys: table.deferrableKeys.map((key) => ({ ...key })),
    foreignKeys: table.foreignKeys.map((key) => ({ ...key })),
    ...(table.columnChanges === undefined ? {} : { columnChanges: [...table.columnChanges] }),
  }
}

function mapValues<T>(map: ReadonlyMap<string, T>, copy: (value: T) => T): Map<string, T> {
  return new Map([...map].map(([key, value]) => [key, copy(value)]))
}
