import { inventHistory } from './large-project/history.ts'
import { type LargeProjectSize, schemas } from './large-project/plan.ts'
import { renderEnum, renderModel } from './large-project/schema-text.ts'
import type { Database } from './large-project/shape.ts'

export { fullSize, type LargeProjectSize } from './large-project/plan.ts'

export type LargeProject = {
  /** The schema folder: paths in it to texts. */
  readonly schema: Readonly<Record<string, string>>
  /** Directory names, in the order in which they are applied, to SQL. All of them give what the schema says. */
  readonly migrations: Readonly<Record<string, string>>
  readonly database: Database
}

/**
 * Invents a project like the largest public Prisma applications: many models in a folder of several
 * files, a long history with changes of data, and a few of every oddity that such projects have.
 * The same seed and size give the same bytes. Every model is audited.
 */
export function inventLargeProject(seed: number, size: LargeProjectSize): LargeProject {
  const { database, migrations } = inventHistory(seed, size)
  const domains = new Set([...database.tables, ...database.enums].map(({ domain }) => domain))
  const schema: Record<string, string> = { 'schema.prisma': mainFile }
  for (const domain of [...domains].sort()) {
    // One of the files lies in a folder of its own.
    schema[domain === 'billing' ? 'money/billing.prisma' : `${domain}.prisma`] = [
      ...database.enums.filter((type) => type.domain === domain).map(renderEnum),
      ...database.tables
        .filter((table) => table.domain === domain)
        .map((table) => renderModel(table, database)),
      '',
    ].join('\n\n')
  }
  return {
    schema,
    migrations: Object.fromEntries(migrations.map(({ directory, sql }) => [directory, sql])),
    database,
  }
}

const mainFile = `generator client {
  provider = "prisma-client"
  output   = "../generated/client"
}

generator audit {
  provider        = "prisma-generator-audit"
  output          = "../generated/audit"
  sessionSettings = ["username String", "request_id String? @db.Uuid"]
}

datasource db {
  provider = "postgresql"
  schemas  = [${schemas.map((schema) => JSON.stringify(schema)).join(', ')}]
}
`
