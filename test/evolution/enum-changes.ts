import {
  type Change,
  canMove,
  choose,
  type Draft,
  ident,
  inBoth,
  inSchema,
  literal,
  oddName,
} from './draft.ts'
import { type Enum, findModel, type World, withEnum } from './world.ts'

/** An enum that this draft has left alone so far. */
function settledEnum({ base, target }: Draft, n: number): Enum | undefined {
  return choose(
    target.enums.filter((each) =>
      base.enums.some((found) => found.id === each.id && JSON.stringify(found) === JSON.stringify(each)),
    ),
    n,
  )
}

const fullName = ({ schema, name }: Enum) => `${ident(schema)}.${ident(name)}`
/** Prisma's SQL breaks on single quotes in labels as it does on double ones in names. */
const oddLabel = (n: number) => oddName(n).replaceAll("'", '"')
const change = (found: Enum) => (world: World) => withEnum(world, found)

export const addLabel: Change = (draft, { a }) => {
  const found = settledEnum(draft, a)
  if (!found) return undefined
  const value = oddLabel(draft.target.next)
  return {
    label: `enum ${found.name}: label ${value} added`,
    draft: inSchema(draft, (world) => ({
      ...withEnum(world, { ...found, values: [...found.values, value] }),
      next: world.next + 1,
    })),
  }
}

/** Never the first one, which stands in defaults. */
export const removeLabel: Change = (draft, { a, b }) => {
  const found = settledEnum(draft, a)
  const value = found && choose(found.values.slice(1), b)
  // Prisma makes a type of its name and "_new" first, which must still be another name when PostgreSQL has cut it.
  if (found && Buffer.byteLength(`${found.name}_new`) > 63) return undefined
  const isRecreated = draft.target.models.some(({ id, life }) => findModel(draft.base, id)?.life !== life)
  if (!found || value === undefined || isRecreated) return undefined
  // The rows leave it before the migration runs, which is what gives it this name.
  if (draft.byHand.some((statement) => statement.endsWith(` TO ${literal(value)};`))) return undefined
  const values = found.values.filter((each) => each !== value)
  return {
    label: `enum ${found.name}: label ${value} removed`,
    draft: {
      ...inSchema(draft, change({ ...found, values, life: found.life + 1 })),
      leaving: [...draft.leaving, { enum: found.id, value }],
    },
  }
}

export const renameLabel: Change = (draft, { a, b }) => {
  const found = settledEnum(draft, a)
  const value = found && choose(found.values, b)
  if (!found || value === undefined) return undefined
  const to = oddLabel(draft.target.next)
  const values = found.values.map((each) => (each === value ? to : each))
  const statement = `ALTER TYPE ${fullName(found)} RENAME VALUE ${literal(value)} TO ${literal(to)};`
  return {
    label: `enum ${found.name}: label ${value} renamed to ${to} (RENAME VALUE)`,
    draft: inBoth(draft, statement, (world) => ({
      ...withEnum(world, { ...found, values }),
      next: draft.target.next + 1,
    })),
  }
}

export const renameEnum: Change = (draft, { a, b }) => {
  const found = settledEnum(draft, a)
  if (!found) return undefined
  const next = draft.target.next + 1
  if (b % 2 === 0) {
    const name = oddName(draft.target.next)
    const statement = `ALTER TYPE ${fullName(found)} RENAME TO ${ident(name)};`
    return {
      label: `enum ${found.name} renamed to ${name} (RENAME TO)`,
      draft: inBoth(draft, statement, (world) => ({ ...withEnum(world, { ...found, name }), next })),
    }
  }
  if (!canMove(found.name)) return undefined
  const schema = found.schema === 'public' ? 'Other Schema' : 'public'
  const statement = `ALTER TYPE ${fullName(found)} SET SCHEMA ${ident(schema)};`
  return {
    label: `enum ${found.name} moved to ${schema} (SET SCHEMA)`,
    draft: inBoth(draft, statement, (world) => ({ ...withEnum(world, { ...found, schema }), next })),
  }
}
