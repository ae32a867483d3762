import pg from 'pg'
import { type Column, findModel, type Model, type World } from './world.ts'

/** A migration in the making: what a developer edits before running Prisma. */
export interface Draft {
  /** The database after the statements by hand: where Prisma's own SQL starts. */
  readonly base: World
  /** schema.prisma as it shall be. */
  readonly target: World
  /** Statements that the developer writes over Prisma's: renames, which Prisma takes for a drop and an add. */
  readonly byHand: readonly string[]
  /** Labels that rows have to leave before the migration runs. */
  readonly leaving: readonly { readonly enum: number; readonly value: string }[]
}

/** Numbers by which a change picks what it changes; any numbers fit any draft. */
export interface Pick {
  readonly a: number
  readonly b: number
  readonly c: number
}

/** One change of a schema; undefined where the draft has nothing that it could change. */
export type Change = (draft: Draft, pick: Pick) => Changed | undefined

export interface Changed {
  readonly draft: Draft
  /** The change in words, with the names that it met. */
  readonly label: string
}

export function choose<T>(list: readonly T[], n: number): T | undefined {
  return list[n % list.length]
}

/** The change in both worlds: for statements by hand. */
export function inBoth(draft: Draft, statement: string, change: (world: World) => World): Draft {
  return {
    ...draft,
    base: change(draft.base),
    target: change(draft.target),
    byHand: [...draft.byHand, statement],
  }
}

/** The change in schema.prisma only: Prisma finds out what to do. */
export function inSchema(draft: Draft, change: (world: World) => World): Draft {
  return { ...draft, target: change(draft.target) }
}

/** A model of the schema that the database has already, under the same name. */
export function settledModel(draft: Draft, n: number, fits: (model: Model) => boolean = () => true) {
  return choose(
    draft.target.models.filter((model) => {
      const base = findModel(draft.base, model.id)
      return base?.table === model.table && base.schema === model.schema && fits(model)
    }),
    n,
  )
}

/** A column of the model that the database has already, under the same name and with the same type. */
export function settledColumns(draft: Draft, model: Model): readonly Column[] {
  const base = findModel(draft.base, model.id)
  return model.columns.filter((column) => {
    const before = base?.columns.find(({ id }) => id === column.id)
    return before?.name === column.name && JSON.stringify(before.type) === JSON.stringify(column.type)
  })
}

/** Names that neither world has in this table. */
export function isFreeColumn(draft: Draft, model: Model, name: string): boolean {
  const all = [model, findModel(draft.base, model.id)].flatMap((each) => each?.columns ?? [])
  return all.every((column) => column.name !== name)
}

export function isFreeTable(draft: Draft, schema: string, name: string): boolean {
  const all = [...draft.base.models, ...draft.target.models]
  return all.every((model) => model.table !== name || model.schema !== schema)
}

/**
 * PostgreSQL makes a type `_name` for the arrays of each table and type, and cuts it to 63 bytes. Where that is taken it finds
 * another one, but in SET SCHEMA.
 */
export function canMove(name: string): boolean {
  return Buffer.byteLength(name) < 63
}

export function qualified({ schema, table }: { readonly schema: string; readonly table: string }): string {
  return `${ident(schema)}.${ident(table)}`
}

export const ident = pg.escapeIdentifier
export const literal = pg.escapeLiteral

const LONG = 'a_name_that_has_as_many_bytes_as_postgres_lets_a_name_have_in_it_'

/** The n-th name: plain, mixed case, with blanks, quotes, of 63 bytes. Double quotes are missing: Prisma's SQL breaks on them. */
export function oddName(n: number): string {
  const names = [
    `plain_${n}`,
    `Mixed ${n}`,
    `it's ${n}`,
    `größe ✓ ${n}`,
    `${LONG.slice(0, 63 - String(n).length)}${n}`,
    `$audit$ ${n}`,
    `-- ${n} /*`,
    `back\\slash ${n}`,
  ]
  return names[n % names.length] ?? `plain_${n}`
}
