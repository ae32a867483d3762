import type { Statement, WrittenName } from './condensed.ts'
import type { CondensedMigration } from './fold-migrations.ts'
import type { FoldOptions } from './migration-file.ts'

/**
 * The schemas that are there before the first file: the connection's own, and those that the datasource or a file names and
 * no file creates. Where search_path names any other one, PostgreSQL passes over it.
 */
export function schemasBefore(
  migrations: readonly CondensedMigration[],
  { defaultSchema = 'public', schemas = [] }: FoldOptions,
): Set<string> {
  const statements = migrations.flatMap(({ condensed }) => condensed.statements)
  const created = new Set(statements.flatMap(createdSchema))
  const named = [...schemas, ...statements.flatMap(namedSchema)]
  return new Set(['pg_temp', 'public', defaultSchema, ...named.filter((schema) => !created.has(schema))])
}

function createdSchema(statement: Statement): readonly string[] {
  if (statement.kind === 'createSchema') return [statement.schema]
  return statement.kind === 'renameSchema' ? [statement.to] : []
}

function namedSchema(statement: Statement): readonly string[] {
  const names: readonly WrittenName[] =
    'table' in statement ? [statement.table] : 'type' in statement ? [statement.type] : []
  return names.flatMap(({ schema }) => schema ?? [])
}
