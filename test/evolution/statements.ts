import type pg from 'pg'
import { textHash } from '../../packages/generator/src/state/state-hash.ts'
import { ident, qualified } from './draft.ts'
import { scalar } from './types.ts'
import { type Column, enumOf, keyColumns, type Model, type World } from './world.ts'

/** A statement with its values, as a pool sends it: prepared under a name that it keeps as long as its types stay. */
export interface Statement extends pg.QueryConfig {
  readonly name: string
  readonly text: string
  readonly values: string[]
}

type Value = string | null

/** The n-th value of a column, as PostgreSQL's text; sometimes NULL where it may be. */
export function sampleOf(world: World, column: Column, n: number): Value {
  if (column.optional && n % 3 === 0) return null
  const { type } = column
  if (type.kind === 'scalar') return scalar(type.name).value(n)
  const values = enumOf(world, type)?.values ?? []
  const value = values[n % values.length] ?? ''
  return type.list ? `{${quotedElement(value)},${quotedElement(values[0] ?? '')}}` : value
}

function quotedElement(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
}

/** `RETURNING` every column as text, in the order of `columns`. */
function texts(columns: readonly Column[]): string {
  return `ARRAY[${columns.map(({ name }) => `${ident(name)}::text`).join(', ')}]::text[]`
}

export function insertRow(world: World, model: Model, n: number): Statement {
  const names = model.columns.map(({ name }) => ident(name))
  const marks = model.columns.map((_, index) => `$${index + 1}`)
  return prepared(
    world,
    model,
    model.columns,
    `INSERT INTO ${qualified(model)} (${names.join(', ')}) VALUES (${marks.join(', ')}) RETURNING ${texts(model.columns)} AS row`,
    model.columns.map((column) => sampleOf(world, column, n)),
  )
}

/** Sets `columns` of the row with the given key. */
export function updateRow(
  world: World,
  model: Model,
  columns: readonly Column[],
  row: readonly Value[],
  n: number,
): Statement {
  const sets = columns.map(({ name }, index) => `${ident(name)} = $${index + 1}`)
  const where = keyIs(model, row, columns.length)
  return prepared(
    world,
    model,
    columns,
    `UPDATE ${qualified(model)} SET ${sets.join(', ')} WHERE ${where.text} RETURNING ${texts(model.columns)} AS row`,
    [...columns.map((column) => sampleOf(world, column, n)), ...where.values],
  )
}

export function deleteRow(world: World, model: Model, row: readonly Value[]): Statement {
  const where = keyIs(model, row, 0)
  return prepared(
    world,
    model,
    [],
    `DELETE FROM ${qualified(model)} WHERE ${where.text} RETURNING ${texts(model.columns)} AS row`,
    where.values,
  )
}

/** A write of every row that changes none. */
export function touchRows(world: World, model: Model, columns: readonly Column[]): Statement {
  const sets = columns.map(({ name }) => `${ident(name)} = ${ident(name)}`)
  return prepared(world, model, [], `UPDATE ${qualified(model)} SET ${sets.join(', ')}`, [])
}

function keyIs(model: Model, row: readonly Value[], offset: number) {
  const key = keyColumns(model)
  const parts = key.map(({ name }, index) => `${ident(name)}::text = $${offset + index + 1}`)
  const values = key.map(({ id }) => row[model.columns.findIndex((column) => column.id === id)] ?? null)
  return { text: parts.join(' AND '), values }
}

function prepared(
  world: World,
  model: Model,
  parameters: readonly Column[],
  text: string,
  values: readonly Value[],
): Statement {
  const types = JSON.stringify(parameters.map(({ type }) => enumOf(world, type) ?? type))
  const name = `evolution_${textHash(`${text} ${types} ${model.life}`)}`
  // `pg` sends null as NULL; its type says `any[]`, ours is what we send.
  return { name, text, values: values as string[] }
}
