import { dirname, resolve } from 'node:path'
import type { GeneratorOptions } from '@prisma/generator'
import { type Compilation, compile } from './compile.ts'
import { hasErrors } from './diagnostics.ts'
import { externalTables, recordedSteps } from './external-tables.ts'
import { settleExternalTables } from './external-tables-file.ts'
import { argumentOf, findPrismaCommand } from './migration/prisma-command.ts'
import type { SourceFile } from './model/place.ts'
import { type MigrationOutcome, writeNextMigration } from './next-migration.ts'
import { openProject, withDatamodel } from './project.ts'
import { renderFailure, renderReport } from './report.ts'
import { readSchemaFiles } from './schema-files.ts'
import type { MigrationStep } from './state/migration-step.ts'
import { writeTypedModule } from './typed-module-files.ts'

/**
 * One run of `prisma generate`: reads the schema and the migrations folder, compiles, writes the typed module and,
 * where somebody will commit it, the next migration.
 *
 * @param cwd where the Prisma command was started; paths in messages are relative to it
 * @returns the report to show
 * @throws Error whose message holds every problem with its place; then no migration was written
 */
export async function generate(prisma: GeneratorOptions, cwd: string): Promise<string> {
  const schemaFiles = await readSchemaFiles(prisma.schemaPath, cwd)
  const configFile = argumentOf(findPrismaCommand() ?? [], '--config')
  const {
    input,
    diagnostics: early,
    found,
    readFolder,
  } = withDatamodel(await openProject(prisma, schemaFiles, { cwd, configFile }), prisma.dmmf)
  if (hasErrors(early)) {
    // All problems of the schema at once: those of the models too. Another database's types are not ours to judge.
    const isOurs = !early.some(({ code }) => code === 'AUD105')
    const ofModels = isOurs ? compile({ ...input, folder: undefined }).diagnostics : []
    throw new Error(renderFailure([...early, ...ofModels], schemaFiles))
  }
  const { options } = input
  const folder = await readFolder()
  const compilation = compile({ ...input, folder })
  const files: readonly SourceFile[] = [...schemaFiles, ...(folder?.files ?? [])]
  const diagnostics = [...early, ...compilation.diagnostics]
  if (hasErrors(diagnostics)) throw new Error(renderFailure(diagnostics, files))

  const output = prisma.generator.output?.value ?? resolve(dirname(prisma.schemaPath), options.output)
  await writeTypedModule(output, compilation.typedModule)
  const recompile = async () => compile({ ...input, folder: await readFolder() })
  const external = await settleExternalTables(
    externalTables([...recordedSteps(folder?.files ?? []), ...stepsOf(compilation)], input.datasourceSchemas),
    { dir: found.dir, write: options.write, cwd, configFile },
  )
  const made = externalTables(stepsOf(compilation), input.datasourceSchemas)
  const outcome: MigrationOutcome = made.some((name) => external.missing.includes(name))
    ? UNSAFE
    : await writeNextMigration(compilation, found, options.write, recompile, cwd)
  const folderProblem = found.dir === undefined ? undefined : found.problem
  const report = renderReport({
    diagnostics: [...diagnostics, ...external.diagnostics],
    compilation,
    outcome,
    files,
    folderProblem,
  })
  if (options.strict && outcome.kind === 'not written') throw new Error(report)
  return report
}

const UNSAFE: MigrationOutcome = {
  kind: 'not written',
  reason: 'Prisma Migrate would drop the audit tables (AUD801)',
  next: 'change the configuration as said above, then npx prisma generate',
}

function stepsOf({ migration }: Compilation): readonly MigrationStep[] {
  return migration?.plan.steps ?? []
}
