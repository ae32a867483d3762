import {
  type Change,
  choose,
  type Draft,
  ident,
  inBoth,
  inSchema,
  isFreeColumn,
  oddName,
  qualified,
  settledColumns,
  settledModel,
} from './draft.ts'
import { SCALAR_NAMES, scalar } from './types.ts'
import { type Column, type ColumnType, type Model, type World, withColumn, withModel } from './world.ts'

const RESERVED = ['select', 'old', 'new', 'changed', 'user', 'audit', 'TG_OP', 'source']

/** A name for a new column: one that the table has had before, a reserved word, an odd one. */
function columnName(draft: Draft, model: Model, n: number): string | undefined {
  const names = [oddName(draft.target.next), ...model.formerColumns, choose(RESERVED, n) ?? '']
  return choose(
    names.filter((name) => isFreeColumn(draft, model, name)),
    n,
  )
}

export const addColumn: Change = (draft, { a, b, c }) => {
  const model = settledModel(draft, a)
  const name = model && columnName(draft, model, b)
  if (!model || name === undefined) return undefined
  const type = anyType(draft.target, c)
  const { target } = draft
  const column = newColumn(target.next, name, type, b)
  return {
    label: `${model.table}: column ${name} added (${typeText(type)})`,
    draft: inSchema(draft, (world) => ({
      ...withModel(world, { ...model, columns: [...model.columns, column] }),
      next: world.next + 1,
    })),
  }
}

function newColumn(id: number, name: string, type: ColumnType, n: number): Column {
  const canDefault = type.kind === 'scalar' ? scalar(type.name).default !== undefined : !type.list
  const isList = type.kind === 'scalar' ? type.name === 'texts' : type.list
  const hasDefault = canDefault && n % 2 === 0
  return {
    id,
    history: id,
    name,
    type,
    optional: !hasDefault && !isList,
    hasDefault,
    distinct: false,
    excluded: false,
    hidden: undefined,
  }
}

function anyType(world: World, n: number): ColumnType {
  const enums = world.enums.flatMap(({ id }) => [
    { kind: 'enum' as const, enum: id, list: false },
    { kind: 'enum' as const, enum: id, list: true },
  ])
  const scalars = SCALAR_NAMES.map((name) => ({ kind: 'scalar' as const, name }))
  return choose([...scalars, ...enums], n) ?? { kind: 'scalar', name: 'text' }
}

function typeText(type: ColumnType): string {
  return type.kind === 'scalar' ? scalar(type.name).prisma : `Enum${type.enum}${type.list ? '[]' : ''}`
}

export const dropColumn: Change = (draft, { a, b }) => {
  const model = settledModel(draft, a)
  const column = model && choose(plainColumns(draft, model), b)
  if (!model || !column) return undefined
  return {
    label: `${model.table}: column ${column.name} dropped`,
    draft: inSchema(draft, (world) =>
      withModel(world, {
        ...model,
        columns: model.columns.filter(({ id }) => id !== column.id),
        formerColumns: [...model.formerColumns, column.name],
      }),
    ),
  }
}

/** Columns outside of the key. */
function plainColumns(draft: Draft, model: Model): readonly Column[] {
  return settledColumns(draft, model).filter(({ id }) => !model.key.includes(id))
}

export const renameColumn: Change = (draft, { a, b, c }) => {
  const model = settledModel(draft, a)
  const column = model && choose(settledColumns(draft, model), b)
  const name = model && columnName(draft, model, c)
  if (!model || !column || name === undefined) return undefined
  return {
    label: `${model.table}: column ${column.name} renamed to ${name} (RENAME COLUMN)`,
    draft: renamed(draft, model, [[column, name]]),
  }
}

export const swapColumns: Change = (draft, { a, b, c }) => {
  const model = settledModel(draft, a)
  if (!model) return undefined
  const columns = settledColumns(draft, model)
  const first = choose(columns, b)
  const second = choose(
    columns.filter((column) => column !== first),
    c,
  )
  const between = `between ${draft.target.next}`
  if (!first || !second || !isFreeColumn(draft, model, between)) return undefined
  return {
    label: `${model.table}: columns ${first.name} and ${second.name} swap their names (RENAME COLUMN)`,
    draft: renamed(draft, model, [
      [first, between],
      [second, first.name],
      [{ ...first, name: between }, second.name],
    ]),
  }
}

function renamed(
  draft: Draft,
  model: Model,
  renames: readonly (readonly [column: Column, to: string])[],
): Draft {
  const statements = renames.map(
    ([{ name }, to]) => `ALTER TABLE ${qualified(model)} RENAME COLUMN ${ident(name)} TO ${ident(to)};`,
  )
  const names = new Map(renames.map(([{ id }, to]) => [id, to]))
  return inBoth(draft, statements.join('\n'), (world) => {
    const found = world.models.find(({ id }) => id === model.id)
    if (!found) return world
    return withModel(world, {
      ...found,
      columns: found.columns.map((each) => {
        const { renamedFrom: _, ...column } = each
        const to = names.get(each.id)
        return to === undefined ? each : { ...column, name: to }
      }),
      formerColumns: [...found.formerColumns, ...renames.map(([{ name }]) => name)],
    })
  })
}

/** Prisma drops the old column and adds the new one; the annotation says that the history goes on. */
export const replaceByRenamedFrom: Change = (draft, { a, b, c }) => {
  const model = settledModel(draft, a, ({ audited }) => audited)
  const column = model && choose(plainColumns(draft, model), b)
  const name = model && columnName(draft, model, c)
  if (!model || !column || name === undefined || column.excluded) return undefined
  // Of a column that is renamed by hand in the same migration nobody can tell which name is the former one.
  if (draft.byHand.some((statement) => statement.includes(qualified(model)))) return undefined
  const isList = column.type.kind === 'scalar' ? column.type.name === 'texts' : column.type.list
  return {
    label: `${model.table}: column ${column.name} dropped, ${name} added with renamedFrom`,
    draft: inSchema(draft, (world) =>
      withModel(world, {
        ...withColumn(withoutFormerName(model, column.name), {
          ...column,
          name,
          optional: !isList,
          hasDefault: false,
          distinct: false,
          renamedFrom: column.name,
        }),
        formerColumns: [...model.formerColumns, column.name],
      }),
    ),
  }
}

/** One name is followed once: an annotation that was followed before gives way to the one that is to be. */
function withoutFormerName(model: Model, name: string): Model {
  const columns = model.columns.map((each) => {
    const { renamedFrom, ...column } = each
    return renamedFrom === name ? column : each
  })
  return { ...model, columns }
}

export const widenColumn: Change = (draft, { a, b, c }) => retyped(draft, a, b, c, 'widen')
export const rewriteColumn: Change = (draft, { a, b, c }) => retyped(draft, a, b, c, 'rewrite')

function retyped(draft: Draft, a: number, b: number, c: number, how: 'widen' | 'rewrite') {
  const targets = ({ type }: Column) => (type.kind === 'scalar' ? scalar(type.name)[how] : [])
  const model = settledModel(draft, a, (each) => each.columns.some((column) => targets(column).length > 0))
  const column =
    model &&
    choose(
      settledColumns(draft, model).filter((each) => targets(each).length > 0),
      b,
    )
  const name = column && choose(targets(column), c)
  if (!model || !column || name === undefined) return undefined
  // A default of the old type may not fit the new one.
  if (column.hasDefault) return undefined
  const isNew = how === 'rewrite'
  // What stands for the values is text, of whatever type they are.
  const isOther = isNew && column.hidden === undefined
  return {
    label: `${model.table}: column ${column.name} ${isNew ? 'retyped' : 'widened'} from ${typeText(column.type)} to ${scalar(name).prisma}`,
    draft: inSchema(draft, (world) => ({
      ...withModel(
        world,
        withColumn(model, {
          ...column,
          type: { kind: 'scalar', name },
          history: isOther ? world.next : column.history,
        }),
      ),
      next: world.next + 1,
    })),
  }
}

/** A type that Prisma cannot cast: it drops the column and adds another one of the same name. */
export const replaceColumn: Change = (draft, { a, b, c }) => {
  const model = settledModel(draft, a)
  const column = model && choose(plainColumns(draft, model), b)
  const type = anyType(draft.target, c)
  if (!model || !column || typeText(type) === typeText(column.type)) return undefined
  // Where Prisma casts instead, the data has to fit; so this takes only what Prisma never casts.
  const isCast = type.kind === 'scalar' && column.type.kind === 'scalar'
  // An enum and a list of the same one: PostgreSQL refuses the cast that Prisma writes.
  const isSameEnum = type.kind === 'enum' && column.type.kind === 'enum' && type.enum === column.type.enum
  if (isCast || isSameEnum) return undefined
  const { target } = draft
  return {
    label: `${model.table}: column ${column.name} dropped and added from ${typeText(column.type)} to ${typeText(type)}`,
    draft: inSchema(draft, (world) => ({
      ...withModel(
        world,
        withColumn(model, { ...newColumn(column.id, column.name, type, b), history: target.next }),
      ),
      next: world.next + 1,
    })),
  }
}

export const excludeColumn: Change = (draft, { a, b }) => {
  const model = settledModel(draft, a, ({ audited }) => audited)
  const column = model && choose(plainColumns(draft, model), b)
  if (!model || !column) return undefined
  return {
    label: `${model.table}: column ${column.name} ${column.excluded ? 'recorded again' : 'excluded'}`,
    draft: inSchema(draft, (world) => ({
      ...withModel(world, withColumn(model, { ...column, excluded: !column.excluded, history: world.next })),
      next: world.next + 1,
    })),
  }
}

export const hideColumn: Change = (draft, { a, b, c }) => {
  const model = settledModel(draft, a, ({ audited }) => audited)
  const column = model && choose(plainColumns(draft, model), b)
  if (!model || !column || column.excluded) return undefined
  const hidden = choose(
    ([undefined, 'redact', 'hash'] as const).filter((each) => each !== column.hidden),
    c,
  )
  return {
    label: `${model.table}: column ${column.name} ${hidden ? `recorded without its values, by ${hidden}` : 'recorded with its values'}`,
    draft: inSchema(draft, (world) => ({
      ...withModel(world, withColumn(model, { ...column, hidden, history: world.next })),
      next: world.next + 1,
    })),
  }
}

/** Nothing that the audit would have to follow. */
export const relaxColumn: Change = (draft, { a, b }) => {
  const model = settledModel(draft, a)
  const column = model && choose(plainColumns(draft, model), b)
  if (!model || !column || column.optional) return undefined
  if (column.type.kind === 'enum' ? column.type.list : column.type.name === 'texts') return undefined
  return {
    label: `${model.table}: column ${column.name} made optional`,
    draft: inSchema(draft, (world) =>
      withModel(world, withColumn(model, { ...column, optional: true, distinct: false })),
    ),
  }
}
