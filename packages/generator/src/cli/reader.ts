import { compile } from '../compile.ts'
import { hasErrors } from '../diagnostics.ts'
import { type ReaderFlags, ReaderRightsError, readerRights } from '../reader-rights.ts'
import { renderReaderRights } from '../sql/reader-rights.ts'
import type { ProjectFlags } from './find-schema.ts'
import { ProjectNotFoundError } from './project-not-found-error.ts'
import { readProjectAndFolder } from './read-project.ts'

/**
 * Prints the rights that a role needs to read the history. Nothing is run and nothing written: they belong into a migration.
 *
 * @returns the exit code: 0, or 1 where such rights cannot be given
 * @throws ProjectNotFoundError where there is no project, or one with errors
 */
export async function reader(flags: ReaderFlags & ProjectFlags, cwd: string): Promise<number> {
  const read = await readProjectAndFolder(flags, cwd)
  if (!read.ok)
    throw new ProjectNotFoundError('Prisma does not accept the schema; npx prisma validate says why.')
  const { model, diagnostics } = compile({ ...read.project.input, folder: await read.folder })
  if (hasErrors(diagnostics)) {
    throw new ProjectNotFoundError('The schema has errors; npx prisma-generator-audit check says which.')
  }
  try {
    process.stdout.write(renderReaderRights(readerRights(model, flags)))
    return 0
  } catch (error) {
    if (!(error instanceof ReaderRightsError)) throw error
    console.error(`audit: ${error.message}`)
    return 1
  }
}
