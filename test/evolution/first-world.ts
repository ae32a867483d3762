import type { ScalarName } from './types.ts'
import type { Column, Model, World } from './world.ts'

/** Where every sequence begins: audited tables and others, with data. */
export const FIRST_WORLD: World = {
  audit: { settings: [{ name: 'username', type: 'String', required: true, hasDefault: false }] },
  enums: [
    { id: 1, name: 'Order Status', schema: 'public', life: 1, values: ['open', 'done', 'the "odd" ✓'] },
    { id: 2, name: 'kind', schema: 'Other Schema', life: 1, values: ['a', 'b'] },
  ],
  models: [
    model(10, 'Order', [
      column(11, 'id', 'int'),
      column(12, 'note', 'varchar', { optional: true }),
      column(13, 'Total Price', 'decimal'),
      column(14, 'code', 'text'),
      enumColumn(15, 'status', 1, false),
    ]),
    model(20, "where's $audit$ the ✓", [
      column(21, 'tenant', 'uuid'),
      column(22, 'number', 'int'),
      column(23, 'select', 'text', { optional: true }),
      enumColumn(24, 'kinds', 2, true),
    ]),
    { ...model(30, 'Plain', [column(31, 'id', 'bigint'), column(32, 'text', 'text')]), audited: false },
  ],
  next: 100,
}

function model(id: number, table: string, columns: readonly Column[]): Model {
  const key = id === 20 ? [21, 22] : [id + 1]
  const schema = id === 20 ? 'Other Schema' : 'public'
  return { id, history: id, life: 1, table, schema, columns, key, audited: true, formerColumns: [] }
}

function column(id: number, name: string, type: ScalarName, wishes: Partial<Column> = {}): Column {
  return {
    id,
    history: id,
    name,
    type: { kind: 'scalar', name: type },
    optional: false,
    hasDefault: false,
    distinct: !wishes.optional,
    excluded: false,
    hidden: undefined,
    ...wishes,
  }
}

function enumColumn(id: number, name: string, of: number, list: boolean): Column {
  return { ...column(id, name, 'text'), type: { kind: 'enum', enum: of, list }, distinct: false }
}
