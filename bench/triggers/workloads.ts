import { SHAPES, type Shape, type Variant } from './variants.ts'

/** One statement, in pgbench's words: `\\set` lines, then the statement. `name` is the table's. */
export interface Workload {
  readonly shape: Shape
  /** How many rows the table has before, for so many calls of each client. */
  readonly filled: (calls: number, clients: number) => number
  /** Calls of each variant and client. */
  readonly calls: number
  /** The variants take turns instead of being drawn: for calls that take so long that there are but a few. */
  readonly inTurns: boolean
  readonly clients: number
  readonly script: (name: string, variant: Variant) => string
}

const columns = (shape: Shape) => shape.columns.map(({ name }) => `"${name}"`).join(', ')

/** Rows with the ids of an expression; `g` is the number. */
export function rowsOf(shape: Shape, from: string): string {
  const values =
    shape === SHAPES.wide ? `'name ' || g, false, ${BODY}` : `'name ' || g, g % 1000000 / 100.0, now(), false`
  return `SELECT g, ${values} FROM ${from} AS g`
}

/** 8 kB that PostgreSQL does not get smaller, and moves out of the row. */
const BODY = `(SELECT string_agg(md5(g::text || n::text), '') FROM generate_series(1, 256) AS n)`

const record = (
  { recorded }: Variant,
  name: string,
  shape: Shape,
  operation: 'I' | 'U' | 'D',
  statement: string,
) => (recorded ? recorded(name, shape, operation, `${statement} RETURNING ${columns(shape)}`) : statement)

/** The number of the last call. */
export const variableOf = (name: string) => `n_${name.replaceAll('-', '_')}`

/** Each client has numbers of its own, which go up by `size` with each call: the variables live as long as the client. */
const next = (name: string, size: number, clients: number) => {
  const variable = variableOf(name)
  return `\\set ${variable} :${variable} + 1\n\\set id (:${variable} * ${clients} + :client_id) * ${size} + 1`
}

interface Wishes {
  readonly shape?: Shape
  readonly size: number
  readonly calls: number
  readonly clients?: number
}

const workload = (
  { shape = SHAPES.plain, size, calls, clients = 1 }: Wishes,
  isFilled: boolean,
  operation: 'I' | 'U' | 'D',
  statement: (name: string) => string,
): Workload => ({
  shape,
  calls,
  clients,
  inTurns: calls < FEW,
  // The first call has the number 1.
  filled: (count, all) => (isFilled ? (count + 1) * all * size : 0),
  script: (name, variant) =>
    `${next(name, size, clients)}\n${record(variant, name, shape, operation, statement(name)).replaceAll(/\s*\n\s*/g, ' ')};\n`,
})

const range = (size: number) => (size === 1 ? '= :id' : `BETWEEN :id AND :id + ${size - 1}`)
const insert = (wishes: Wishes) =>
  workload(
    wishes,
    false,
    'I',
    (name) =>
      `INSERT INTO "${name}" ${rowsOf(wishes.shape ?? SHAPES.plain, `generate_series(:id, :id + ${wishes.size - 1})`)}`,
  )
const update = (wishes: Wishes) =>
  workload(
    wishes,
    true,
    'U',
    (name) => `UPDATE "${name}" SET name = name || 'x' WHERE id ${range(wishes.size)}`,
  )
const remove = (wishes: Wishes) =>
  workload(wishes, true, 'D', (name) => `DELETE FROM "${name}" WHERE id ${range(wishes.size)}`)
/** Every row is there: all of them are updated. */
const upsert = (wishes: Wishes) =>
  workload(
    wishes,
    true,
    'U',
    (name) =>
      `INSERT INTO "${name}" ${rowsOf(wishes.shape ?? SHAPES.plain, `generate_series(:id, :id + ${wishes.size - 1})`)} ON CONFLICT (id) DO UPDATE SET done = true`,
  )

/** Of fewer calls chance would draw too many of one variant and none of another. */
const FEW = 10

const one = { size: 1, calls: 1500 }
const thousand = { size: 1000, calls: 60 }
const most = { size: 100_000, calls: 3 }
const wide = { ...one, calls: 500, shape: SHAPES.wide }
export const WORKLOADS: Readonly<Record<string, Workload>> = {
  'insert-1': insert(one),
  'update-1': update(one),
  'upsert-1': upsert(one),
  'delete-1': remove(one),
  'insert-1, 8 clients': insert({ ...one, calls: 400, clients: 8 }),
  'update-1, 8 clients': update({ ...one, calls: 400, clients: 8 }),
  'insert-1000': insert(thousand),
  'update-1000': update(thousand),
  'upsert-1000': upsert(thousand),
  'delete-1000': remove(thousand),
  'insert-1000, 8 clients': insert({ ...thousand, calls: 20, clients: 8 }),
  'update-1000, 8 clients': update({ ...thousand, calls: 20, clients: 8 }),
  'insert-100000': insert(most),
  'update-100000': update(most),
  'upsert-100000': upsert(most),
  'delete-100000': remove(most),
  'insert-1, wide': insert(wide),
  'update-1, wide': update(wide),
  'upsert-1, wide': upsert(wide),
  'delete-1, wide': remove(wide),
}
