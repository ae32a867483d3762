import { compile } from '../compile.ts'
import { hasErrors } from '../diagnostics.ts'
import { ReaderRightsError } from '../reader-rights.ts'
import { RoleSetupError, type RolesFlags, roleSetup } from '../role-setup.ts'
import { renderRoleSetup } from '../sql/role-setup.ts'
import type { ProjectFlags } from './find-schema.ts'
import { ProjectNotFoundError } from './project-not-found-error.ts'
import { readProjectAndFolder } from './read-project.ts'

/**
 * Prints the set-up of owner, application and reader. Nothing is run and nothing written: roles belong to the cluster, so a
 * migration that made them would fail on the shadow database beside it.
 *
 * @returns the exit code: 0, or 1 where these names cannot be the roles
 * @throws ProjectNotFoundError where there is no project, or one with errors
 */
export async function roles(
  { schema, config, ...flags }: RolesFlags & ProjectFlags,
  cwd: string,
): Promise<number> {
  const read = await readProjectAndFolder({ schema, config }, cwd)
  if (!read.ok)
    throw new ProjectNotFoundError('Prisma does not accept the schema; npx prisma validate says why.')
  const { input } = read.project
  const { model, diagnostics } = compile({ ...input, folder: await read.folder })
  if (hasErrors(diagnostics)) {
    throw new ProjectNotFoundError('The schema has errors; npx prisma-generator-audit check says which.')
  }
  try {
    process.stdout.write(renderRoleSetup(roleSetup(model, input, flags)))
    return 0
  } catch (error) {
    if (!(error instanceof RoleSetupError || error instanceof ReaderRightsError)) throw error
    console.error(`audit: ${error.message}`)
    return 1
  }
}
