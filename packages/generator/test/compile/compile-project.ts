import internals from '@prisma/internals'
import { findAuditGenerator, optionPlaces } from '../../src/annotation/option-places.ts'
import { scanSchema } from '../../src/annotation/scan-schema.ts'
import { type Compilation, compile } from '../../src/compile.ts'
import { parseOptions } from '../../src/config.ts'
import { renderDiagnostics } from '../../src/diagnostics.ts'
import { foldMigrations } from '../../src/migration/fold-migrations.ts'
import type { MigrationFile } from '../../src/migration/migration-file.ts'
import type { SourceFile } from '../../src/model/place.ts'

/** Directory names to the texts of their migration.sql. */
export type Migrations = Readonly<Record<string, string>>

export interface CompiledProject extends Compilation {
  readonly files: readonly SourceFile[]
  /** The diagnostics as a person reads them. */
  readonly text: string
}

/** The whole compiler on a schema (one file or several) and a migrations folder, with nothing on disk. */
export async function compileProject(
  schema: string | Readonly<Record<string, string>>,
  migrations: Migrations | undefined = {},
  { draft }: { readonly draft?: string } = {},
): Promise<CompiledProject> {
  const texts = typeof schema === 'string' ? { 'schema.prisma': schema } : schema
  const schemaFiles: readonly SourceFile[] = Object.entries(texts).map(([path, text]) => ({ path, text }))
  const datamodel = schemaFiles.map(({ path, text }): [string, string] => [path, text])
  const { generators, datasources } = await internals.getConfig({ datamodel })
  const block = findAuditGenerator(scanSchema(schemaFiles).blocks)
  const config = generators.find(({ provider }) => provider.value === 'prisma-generator-audit')?.config ?? {}
  const { options } = parseOptions(config, block && optionPlaces(block))
  const folder = await readFolder(migrations, options.schema)
  const compilation = compile({
    dmmf: await internals.getDMMF({ datamodel }),
    schemaFiles,
    options,
    datasourceSchemas: datasources[0]?.schemas ?? [],
    clientGenerators: [],
    folder,
    draft,
  })
  const files = [...schemaFiles, ...folder.files]
  return { ...compilation, files, text: renderDiagnostics(compilation.diagnostics, files) }
}

async function readFolder(migrations: Migrations, auditSchema: string) {
  const files: readonly MigrationFile[] = Object.keys(migrations)
    .sort()
    .map((name) => ({ name, path: `migrations/${name}/migration.sql`, text: migrations[name] ?? '' }))
  return { files, database: await foldMigrations(files, { auditSchema }) }
}

/** The folder with the compilation's migration in it, as `prisma generate` would write it. */
export function withNext(migrations: Migrations, compilation: Compilation, stamp: string): Migrations {
  const { migration } = compilation
  if (migration === undefined) throw new Error('The compilation holds no migration.')
  return { ...migrations, [`${stamp}_audit_${migration.slug}`]: migration.sql }
}

/** Steps in the order in which the migration takes them: `createAuditTable public.A`. */
export function stepsOf({ migration }: Compilation): readonly string[] {
  return (migration?.plan.steps ?? []).map((step) => {
    const source = 'source' in step ? step.source : undefined
    return source === undefined ? step.kind : `${step.kind} ${source.schema}.${source.name}`
  })
}

/** A schema with an audit generator; `settings` as in its block. */
export function schemaOf(models: string, settings = '["username String"]', options = ''): string {
  return `datasource db {
  provider = "postgresql"
}

generator audit {
  provider        = "prisma-generator-audit"
  sessionSettings = ${settings}
  ${options}
}

${models}
`
}

/** `CREATE TABLE` as Prisma writes it, with a key `id` and text columns. */
export function createTable(name: string, ...columns: readonly string[]): string {
  const lines = ['"id" INTEGER NOT NULL', ...columns.map((column) => `"${column}" TEXT`)]
  return `CREATE TABLE "${name}" (\n    ${lines.join(',\n    ')},\n\n    CONSTRAINT "${name}_pkey" PRIMARY KEY ("id")\n);\n`
}

/** An audited model with a key `id` and text columns. */
export function auditedModel(name: string, ...columns: readonly string[]): string {
  const lines = ['id Int @id', ...columns.map((column) => `${column} String?`)]
  return `/// @audit(enabled)\nmodel ${name} {\n  ${lines.join('\n  ')}\n}\n`
}
