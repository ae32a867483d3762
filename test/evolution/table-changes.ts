import {
  type Change,
  canMove,
  choose,
  type Draft,
  ident,
  inBoth,
  inSchema,
  isFreeTable,
  oddName,
  qualified,
  settledColumns,
  settledModel,
} from './draft.ts'
import { scalar } from './types.ts'
import { type Column, findModel, keyColumns, type Model, type PgSchema, withModel } from './world.ts'

const other = (schema: PgSchema): PgSchema => (schema === 'public' ? 'Other Schema' : 'public')

/** A table that this draft has left alone so far, so that it can be renamed or made anew. */
function untouched(draft: Draft, n: number, fits: (model: Model) => boolean = () => true) {
  return settledModel(
    draft,
    n,
    (model) => fits(model) && JSON.stringify(findModel(draft.base, model.id)) === JSON.stringify(model),
  )
}

export const renameTable: Change = (draft, { a }) => {
  const model = untouched(draft, a)
  const table = oddName(draft.target.next)
  if (!model || !isFreeTable(draft, model.schema, table)) return undefined
  const statement = `ALTER TABLE ${qualified(model)} RENAME TO ${ident(table)};`
  return {
    label: `table ${model.table} renamed to ${table} (RENAME TO)`,
    draft: inBoth(draft, statement, (world) => ({
      ...withModel(world, { ...model, table }),
      next: draft.target.next + 1,
    })),
  }
}

export const moveTable: Change = (draft, { a }) => {
  const model = untouched(
    draft,
    a,
    ({ table, schema }) => canMove(table) && isFreeTable(draft, other(schema), table),
  )
  if (!model) return undefined
  const schema = other(model.schema)
  const statement = `ALTER TABLE ${qualified(model)} SET SCHEMA ${ident(schema)};`
  return {
    label: `table ${model.table} moved to ${schema} (SET SCHEMA)`,
    draft: inBoth(draft, statement, (world) => withModel(world, { ...model, schema })),
  }
}

/** Prisma drops the table and creates another one; `renamedFrom` says that the history goes on. */
export const recreateWithRenamedFrom: Change = (draft, pick) => recreated(draft, pick.a, pick.b, true)
export const recreateWithout: Change = (draft, pick) => recreated(draft, pick.a, pick.b, false)

function recreated(draft: Draft, a: number, b: number, isSaid: boolean) {
  const model = untouched(draft, a, ({ audited }) => audited)
  // Nobody renames by hand what the same migration drops, and Prisma's SQL fails where an enum loses a label besides.
  if (!model || draft.byHand.length > 0 || draft.leaving.length > 0) return undefined
  const table = b % 3 === 0 ? model.table : oddName(draft.target.next)
  const schema = b % 3 === 1 ? model.schema : other(model.schema)
  if (!isFreeTable(draft, schema, table)) return undefined
  const { renamedFrom: _, ...rest } = model
  const old = b % 2 === 0 || model.schema !== schema ? `${model.schema}.${model.table}` : model.table
  return {
    label: `table ${model.schema}.${model.table} dropped, ${schema}.${table} created ${isSaid ? 'with' : 'without'} renamedFrom`,
    draft: inSchema(draft, (world) => ({
      ...withModel(world, {
        ...rest,
        table,
        schema,
        life: model.life + 1,
        history: isSaid ? model.history : world.next,
        ...(isSaid ? { renamedFrom: old } : {}),
      }),
      next: world.next + 1,
    })),
  }
}

export const addModel: Change = (draft, { a, b }) => {
  const id = draft.target.next
  const table = oddName(id)
  const schema: PgSchema = a % 2 === 0 ? 'public' : 'Other Schema'
  if (!isFreeTable(draft, schema, table)) return undefined
  const column = (offset: number, name: string, type: 'int' | 'text' | 'uuid'): Column => ({
    id: id + offset,
    history: id + offset,
    name,
    type: { kind: 'scalar', name: type },
    optional: false,
    hasDefault: false,
    distinct: true,
    excluded: false,
    hidden: undefined,
  })
  const model: Model = {
    id,
    history: id,
    life: 1,
    table,
    schema,
    columns: [column(1, 'Id', 'int'), column(2, 'value', 'text'), column(3, 'ref', 'uuid')],
    key: b % 3 === 0 ? [id + 3, id + 1] : [id + 1],
    audited: b % 4 !== 0,
    formerColumns: [],
  }
  return {
    label: `model added: table ${schema}.${table}${model.audited ? ', audited' : ''}`,
    draft: inSchema(draft, (world) => ({ ...world, models: [...world.models, model], next: id + 4 })),
  }
}

export const deleteModel: Change = (draft, { a }) => {
  const model = untouched(draft, a)
  if (!model || draft.target.models.length < 3) return undefined
  return {
    label: `model deleted: table ${model.schema}.${model.table}`,
    draft: inSchema(draft, (world) => ({
      ...world,
      models: world.models.filter(({ id }) => id !== model.id),
    })),
  }
}

/** Columns whose values tell rows apart, one or two of them, or another order. */
export const changeKey: Change = (draft, { a, b, c }) => {
  const model = settledModel(draft, a)
  if (!model) return undefined
  const fit = settledColumns(draft, model).filter(
    ({ type, distinct, optional, excluded, hidden }) =>
      distinct &&
      !optional &&
      !excluded &&
      hidden === undefined &&
      type.kind === 'scalar' &&
      scalar(type.name).isKey,
  )
  const first = choose(fit, b)
  const second = choose(fit, c)
  if (!first || !second) return undefined
  const key = first === second ? [first.id] : [first.id, second.id]
  if (key.join() === model.key.join()) return undefined
  const names = (each: Model) => keyColumns(each).map(({ name }) => name)
  const changed = { ...model, key }
  return {
    label: `${model.table}: key (${names(model)}) is now (${names(changed)})`,
    draft: inSchema(draft, (world) => withModel(world, changed)),
  }
}
