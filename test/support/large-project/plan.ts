import type { Random } from './random.ts'
import { capitalize, domains, nouns, oddTableNames, snakeCase } from './words.ts'

/** How large a project is; the counts hold exactly, those of data changes at least. */
export type LargeProjectSize = {
  readonly models: number
  readonly enums: number
  readonly migrations: number
  readonly dataChanges: number
  readonly doBlocks: number
  readonly withoutPrimaryKey: number
  /** Pairs of tables of one name in two PostgreSQL schemas. */
  readonly twins: number
}

/** Like the largest public applications. */
export const fullSize: LargeProjectSize = {
  models: 300,
  enums: 120,
  migrations: 700,
  dataChanges: 117,
  doBlocks: 20,
  withoutPrimaryKey: 10,
  twins: 8,
}

export type TablePlan = {
  readonly model: string
  readonly schema: string
  readonly name: string
  readonly domain: string
  readonly key: 'plain' | 'pair' | 'unique'
  readonly auditName?: string
  /** Dropped again before the end. */
  readonly passing: boolean
}

export type EnumPlan = { readonly schema: string; readonly domain: string; readonly name: string }

/** PostgreSQL schemas; the first holds most. */
export const schemas = ['public', 'billing'] as const
const schemaOf = (domain: string) => (domain === 'billing' || domain === 'payroll' ? 'billing' : 'public')

const longNames = ['first', 'other', 'third', 'fourth'].map((end) =>
  `history_of_the_changes_that_were_made_to_the_settings_of_`.padEnd(63 - end.length, '_').concat(end),
)

/** Chooses every table's name and kind beforehand, in the order of creation. */
export function planTables(size: LargeProjectSize, passing: number, random: Random): TablePlan[] {
  const pairs = random.shuffle(domains.flatMap((domain) => nouns.map((noun) => ({ domain, noun }))))
  const taken = new Set<string>()
  const count = size.models + passing - size.twins
  const tables = pairs.slice(0, count).map(({ domain, noun }, index): TablePlan => {
    const short = !taken.has(noun) && random.chance(0.4)
    const model = short ? noun : capitalize(domain) + noun
    taken.add(model)
    const special = [...oddTableNames, ...longNames][index - size.withoutPrimaryKey]
    const own = random.chance(0.55) ? model : `${snakeCase(model)}s`
    return {
      model,
      schema: schemaOf(domain),
      name: special ?? own,
      domain,
      key: index < size.withoutPrimaryKey ? 'unique' : random.chance(0.08) ? 'pair' : 'plain',
      passing: index >= count - passing,
    }
  })
  const originals = tables.filter((table) => table.schema === 'public' && !table.passing).slice(-size.twins)
  const twins = originals.map(
    (table): TablePlan => ({
      ...table,
      model: `Second${table.model}`,
      schema: 'billing',
      domain: 'billing',
      auditName: `billing_${table.name}`,
    }),
  )
  return random.shuffle([...tables, ...twins])
}

export function planEnums(size: LargeProjectSize, random: Random): EnumPlan[] {
  const words = ['Status', 'Kind', 'Mode', 'Level', 'Source', 'Scope', 'Reason']
  const names = domains.flatMap((domain) => words.map((word) => ({ domain, word })))
  return random
    .shuffle(names)
    .map(({ domain, word }) => ({
      schema: schemaOf(domain),
      domain,
      name: capitalize(domain) + word,
    }))
    .slice(0, size.enums)
}
