import internals from '@prisma/internals'
import { findAuditGenerator, optionPlaces } from '../../packages/generator/src/annotation/option-places.ts'
import { scanSchema } from '../../packages/generator/src/annotation/scan-schema.ts'
import { type Compilation, compile } from '../../packages/generator/src/compile.ts'
import { parseOptions } from '../../packages/generator/src/config.ts'
import { hasErrors, renderDiagnostics } from '../../packages/generator/src/diagnostics.ts'
import { foldMigrations } from '../../packages/generator/src/migration/fold-migrations.ts'
import type { SourceDatabase } from '../../packages/generator/src/model/source-database.ts'
import type { DatabaseState } from '../../packages/generator/src/state/database-state.ts'
import { foldParts } from '../../packages/generator/src/state/fold-parts.ts'

/** A migrations folder: directories in Prisma's order, each with its migration.sql. */
export interface Migration {
  readonly name: string
  readonly text: string
}

export interface Compiled extends Compilation {
  /** What the folder's audit parts build. */
  readonly recorded: DatabaseState
  /** What the folder builds. */
  readonly database: SourceDatabase
}

/** `prisma generate` in this process; with `draft`, the name of the folder's last migration, what the wrapper does. */
export async function compileFolder(
  schema: string,
  folder: readonly Migration[],
  draft?: string,
): Promise<Compiled> {
  const datamodel: [string, string][] = [['schema.prisma', schema]]
  const schemaFiles = [{ path: 'schema.prisma', text: schema }]
  const { generators, datasources } = await internals.getConfig({ datamodel })
  const block = findAuditGenerator(scanSchema(schemaFiles).blocks)
  const { options, diagnostics } = parseOptions(generators[0]?.config ?? {}, block && optionPlaces(block))
  const files = folder.map(({ name, text }) => ({ name, path: `migrations/${name}/migration.sql`, text }))
  const database = await foldMigrations(files, { auditSchema: options.schema })
  const compilation = compile({
    dmmf: await internals.getDMMF({ datamodel }),
    schemaFiles,
    options,
    datasourceSchemas: datasources[0]?.schemas ?? [],
    clientGenerators: [],
    folder: { files, database },
    ...(draft === undefined ? {} : { draft }),
  })
  const problems = [...diagnostics, ...compilation.diagnostics]
  if (hasErrors(problems)) {
    throw new Error(
      `The schema does not compile:\n${renderDiagnostics(problems, [...schemaFiles, ...files])}`,
    )
  }
  const parts = folder.map(({ name, text }) => ({ migration: name, text }))
  return { ...compilation, database, recorded: foldParts(parts).state }
}
