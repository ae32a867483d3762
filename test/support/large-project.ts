import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { inventHistory, type MigrationFile } from './large-project/history.ts'
import type { LargeProjectSize } from './large-project/plan.ts'
import { schemas } from './large-project/plan.ts'
import { renderEnum, renderModel } from './large-project/schema-text.ts'
import type { Database } from './large-project/shape.ts'

export { fullSize, type LargeProjectSize } from './large-project/plan.ts'

export type LargeProject = {
  /** The schema folder's files, by their paths in it. */
  readonly schema: readonly { readonly path: string; readonly text: string }[]
  /** In the order in which they are applied. Applied all, they give exactly what the schema says. */
  readonly migrations: readonly MigrationFile[]
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
  const parts = [...domains].sort().map((domain) => ({
    // A folder in the folder too.
    path: domain === 'billing' ? 'money/billing.prisma' : `${domain}.prisma`,
    text: [
      ...database.enums.filter((type) => type.domain === domain).map(renderEnum),
      ...database.tables
        .filter((table) => table.domain === domain)
        .map((table) => renderModel(table, database)),
      '',
    ].join('\n\n'),
  }))
  return { schema: [{ path: 'schema.prisma', text: mainFile }, ...parts], migrations, database }
}

const mainFile = `generator client {
  provider = "prisma-client"
  output   = "../../generated/client"
}

generator audit {
  provider        = "prisma-generator-audit"
  output          = "../../generated/audit"
  sessionSettings = ["username String", "request_id String? @db.Uuid"]
}

datasource db {
  provider = "postgresql"
  schemas  = [${schemas.map((schema) => JSON.stringify(schema)).join(', ')}]
}
`

const configFile = `import { defineConfig } from 'prisma/config'

const url = process.env.DATABASE_URL

export default defineConfig({
  schema: 'prisma/schema',
  migrations: { path: 'prisma/migrations' },
  ...(url === undefined ? {} : { datasource: { url } }),
})
`

/** Writes `prisma.config.ts`, `prisma/schema/` and `prisma/migrations/` into an existing, empty folder. */
export async function writeLargeProject(project: LargeProject, folder: string): Promise<void> {
  const write = async (path: string, text: string) => {
    const file = join(folder, path)
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, text)
  }
  await write('prisma.config.ts', configFile)
  await write('prisma/migrations/migration_lock.toml', 'provider = "postgresql"\n')
  for (const { path, text } of project.schema) await write(`prisma/schema/${path}`, text)
  for (const { directory, sql } of project.migrations) {
    await write(`prisma/migrations/${directory}/migration.sql`, sql)
  }
}
