import { dirname, resolve } from 'node:path'
import { findAuditGenerator } from '../annotation/option-places.ts'
import { scanSchema } from '../annotation/scan-schema.ts'
import type { Diagnostic } from '../diagnostics.ts'
import type { SourceFile } from '../model/place.ts'
import type { PrismaInput } from '../prisma-options.ts'
import { openProject, type Project } from '../project.ts'
import { readSchemaFiles } from '../schema-files.ts'
import { findSchema, type ProjectFlags } from './find-schema.ts'
import { type PrismaSchema, parsePrismaSchema } from './prisma-schema.ts'
import { ProjectNotFoundError } from './project-not-found-error.ts'

export type ReadProject =
  | { readonly ok: true; readonly project: Project; readonly prisma: PrismaInput }
  /** Prisma does not accept the schema. */
  | {
      readonly ok: false
      readonly schemaFiles: readonly SourceFile[]
      readonly diagnostics: readonly Diagnostic[]
    }

/**
 * Reads a project as `prisma generate` would hand it to the generator, without starting Prisma.
 *
 * @param cwd where the command was started; paths in messages are relative to it
 * @throws ProjectNotFoundError where there is no schema, or none with the audit's generator
 */
export async function readProject(flags: ProjectFlags, cwd: string): Promise<ReadProject> {
  const schemaPath = await findSchema(flags, cwd)
  const schemaFiles = await readSchemaFiles(schemaPath, cwd)
  if (schemaFiles.length === 0) {
    throw new ProjectNotFoundError(`There is no .prisma file in the folder ${schemaPath}.`)
  }
  const schema = parsePrismaSchema(schemaFiles)
  if (!('datamodel' in schema)) return { ok: false, schemaFiles, diagnostics: schema }
  const prisma = prismaInput(schema, schemaPath, schemaFiles, cwd)
  const project = await openProject(prisma, schemaFiles, { cwd, configFile: flags.config })
  return { ok: true, project, prisma }
}

function prismaInput(
  { datamodel, generators, datasources }: PrismaSchema,
  schemaPath: string,
  schemaFiles: readonly SourceFile[],
  cwd: string,
): PrismaInput {
  const block = findAuditGenerator(scanSchema(schemaFiles).blocks)
  const generator = generators.find(({ name }) => name === block?.name)
  if (generator === undefined) {
    throw new ProjectNotFoundError(
      `No generator block of the schema has provider = "prisma-generator-audit", so there is nothing to look at: ${schemaFiles.map(({ path }) => path).join(', ')}`,
    )
  }
  const { output, sourceFilePath } = generator
  // A relative path is relative to the file that holds the block.
  const folder = dirname(resolve(cwd, sourceFilePath))
  const absolute = output?.value ? { ...output, value: resolve(folder, output.value) } : output
  return {
    schemaPath,
    dmmf: { datamodel },
    generator: { ...generator, output: absolute },
    otherGenerators: generators.filter((each) => each !== generator),
    datasources,
  }
}
