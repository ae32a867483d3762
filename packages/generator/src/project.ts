import type { CompileInput } from './compile.ts'
import { isSharedSchema } from './datamodel/audit-schema.ts'
import type { Diagnostic } from './diagnostics.ts'
import { type FoundFolder, findMigrationsFolder } from './migration/find-migrations-folder.ts'
import type { MigrationsFolder } from './migration/migration-file.ts'
import { readMigrationsFolder } from './migration/read-migrations-folder.ts'
import type { SourceFile } from './model/place.ts'
import { type PrismaInput, readPrismaOptions } from './prisma-options.ts'

/** A Prisma project whose data model need not have been read yet. */
export interface OpenedProject {
  readonly schemaFiles: readonly SourceFile[]
  /** Everything that `compile` needs but data model and folder. */
  readonly input: Omit<CompileInput, 'dmmf' | 'folder'>
  /** Of the generator block and the datasource; those of the models come from `compile`. */
  readonly diagnostics: readonly Diagnostic[]
  readonly found: FoundFolder
  /** Reads the migrations folder as it is now; undefined where there is none. */
  readonly readFolder: () => Promise<MigrationsFolder | undefined>
}

/** A Prisma project, as `compile` needs it. */
export interface Project extends OpenedProject {
  /** Everything that `compile` needs but the folder. */
  readonly input: Omit<CompileInput, 'folder'>
}

/**
 * The one way from Prisma's words to `compile`'s: for `prisma generate` and for the command line.
 *
 * @param schemaFiles see `readSchemaFiles`
 * @param at where the command was started, and what `--config` names, if anything
 */
export async function openProject(
  prisma: PrismaInput,
  schemaFiles: readonly SourceFile[],
  at: { readonly cwd: string; readonly configFile?: string | undefined },
): Promise<OpenedProject> {
  const { input, diagnostics } = readPrismaOptions(prisma, schemaFiles)
  const { migrations, schema } = input.options
  const sharedSchema = isSharedSchema(schema, input.datasourceSchemas)
  const found = await findMigrationsFolder({ schemaPath: prisma.schemaPath, option: migrations, ...at })
  const { dir } = found
  const readFolder = async () =>
    dir === undefined
      ? undefined
      : readMigrationsFolder(dir, {
          cwd: at.cwd,
          auditSchema: schema,
          sharedSchema,
          schemas: input.datasourceSchemas,
        })
  return { schemaFiles, input, diagnostics, found, readFolder }
}

export function withDatamodel(project: OpenedProject, dmmf: CompileInput['dmmf']): Project {
  return { ...project, input: { ...project.input, dmmf } }
}
