import type { ClientBase } from 'pg'
import { appliedMigrations, migrationsSchemas } from '../sql/live-migrations.ts'

/** Whose migrations are looked for: another application in the same database has a list of its own, in another schema. */
export interface WantedMigrations {
  /** Directory names of the migrations that have an audit part. */
  readonly parts: readonly string[]
  /** Where the URL says that Prisma's list is (`?schema=`); undefined where it does not say. */
  readonly migrationsSchema: string | undefined
}

export interface AppliedMigration {
  /** When it was begun, and done for certain. */
  readonly begun: string
  readonly done: string
}

/** By directory name. In a transaction, with `pg_catalog` in its search_path. Undefined where Prisma Migrate is not used, or its list may not be read. */
export async function readApplied(
  client: ClientBase,
  { parts, migrationsSchema }: WantedMigrations,
): Promise<ReadonlyMap<string, AppliedMigration> | undefined> {
  const { rows: schemas } = await client.query<{ name: string }>(migrationsSchemas(migrationsSchema))
  const lists: ReadonlyMap<string, AppliedMigration>[] = []
  for (const { name } of schemas) {
    const { rows } = await client.query<AppliedMigration & { name: string }>(appliedMigrations(name))
    lists.push(new Map(rows.map(({ name: migration, ...times }) => [migration, times])))
  }
  const known = (list: ReadonlyMap<string, AppliedMigration>) => parts.filter((name) => list.has(name)).length
  // Sorting keeps the order of those that know as many.
  return lists.toSorted((a, b) => known(b) - known(a))[0]
}

/** Prisma keeps its list in the schema that the URL names. */
export function schemaOfUrl(url: string): string | undefined {
  const [, query = ''] = url.split('?')
  return new URLSearchParams(query).get('schema') || undefined
}
