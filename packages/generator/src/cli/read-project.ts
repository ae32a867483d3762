import { findAuditGenerator } from '../annotation/option-places.ts'
import { scanSchema } from '../annotation/scan-schema.ts'
import type { Diagnostic } from '../diagnostics.ts'
import type { MigrationsFolder } from '../migration/migration-file.ts'
import type { SourceFile } from '../model/place.ts'
import type { PrismaInput } from '../prisma-options.ts'
import { type OpenedProject, openProject, type Project, withDatamodel } from '../project.ts'
import { readSchemaFiles } from '../schema-files.ts'
import { findSchema, type ProjectFlags } from './find-schema.ts'
import { type PrismaConfiguration, parseDatamodel, readConfiguration } from './prisma-schema.ts'
import { ProjectNotFoundError } from './project-not-found-error.ts'

/** A schema that Prisma does not accept. */
interface RefusedSchema {
  readonly ok: false
  readonly schemaFiles: readonly SourceFile[]
  readonly diagnostics: readonly Diagnostic[]
}

export type ReadProject = { readonly ok: true; readonly project: Project } | RefusedSchema

export type ReadProjectAndFolder =
  | {
      readonly ok: true
      readonly project: Project
      /** As `Project.readFolder` gives it. */
      readonly folder: Promise<MigrationsFolder | undefined>
    }
  | RefusedSchema

/**
 * Reads a project as `prisma generate` would hand it to the generator, without starting Prisma.
 *
 * @param cwd where the command was started; paths in messages are relative to it
 * @throws ProjectNotFoundError where there is no schema, or none with the audit's generator
 */
export async function readProject(flags: ProjectFlags, cwd: string): Promise<ReadProject> {
  const begun = await beginProject(flags, cwd)
  return begun.ok ? finishProject(begun) : begun
}

/** The same, and its migrations folder: that is read while Prisma's parser is at work on the schema. */
export async function readProjectAndFolder(flags: ProjectFlags, cwd: string): Promise<ReadProjectAndFolder> {
  const begun = await beginProject(flags, cwd)
  if (!begun.ok) return begun
  const folder = begun.opened.readFolder()
  // Whoever asks for it gets to know; a schema that is refused makes nobody ask.
  folder.catch(() => {})
  const read = await finishProject(begun)
  return read.ok ? { ...read, folder } : read
}

interface BegunProject {
  readonly ok: true
  readonly opened: OpenedProject
  readonly datamodel: ReturnType<typeof parseDatamodel>
}

async function beginProject(flags: ProjectFlags, cwd: string): Promise<BegunProject | RefusedSchema> {
  const schemaPath = await findSchema(flags, cwd)
  const schemaFiles = await readSchemaFiles(schemaPath, cwd)
  if (schemaFiles.length === 0) {
    throw new ProjectNotFoundError(`There is no .prisma file in the folder ${schemaPath}.`)
  }
  const datamodel = parseDatamodel(schemaFiles)
  datamodel.catch(() => {})
  const configuration = readConfiguration(schemaFiles)
  if (!('generators' in configuration)) return { ok: false, schemaFiles, diagnostics: configuration }
  const prisma = prismaInput(configuration, schemaPath, schemaFiles)
  if (prisma === undefined) {
    // What Prisma says against the schema comes first.
    const read = await datamodel
    if (!('models' in read)) return { ok: false, schemaFiles, diagnostics: read }
    throw new ProjectNotFoundError(
      `No generator block of the schema has provider = "prisma-generator-audit", so there is nothing to look at: ${schemaFiles.map(({ path }) => path).join(', ')}`,
    )
  }
  const opened = await openProject(prisma, schemaFiles, { cwd, configFile: flags.config })
  return { ok: true, opened, datamodel }
}

async function finishProject({ opened, datamodel }: BegunProject): Promise<ReadProject> {
  const read = await datamodel
  if (!('models' in read)) return { ok: false, schemaFiles: opened.schemaFiles, diagnostics: read }
  return { ok: true, project: withDatamodel(opened, { datamodel: read }) }
}

function prismaInput(
  { generators, datasources }: PrismaConfiguration,
  schemaPath: string,
  schemaFiles: readonly SourceFile[],
): PrismaInput | undefined {
  const block = findAuditGenerator(scanSchema(schemaFiles).blocks)
  const generator = generators.find(({ name }) => name === block?.name)
  if (generator === undefined) return undefined
  return {
    schemaPath,
    generator,
    otherGenerators: generators.filter((each) => each !== generator),
    datasources,
  }
}
