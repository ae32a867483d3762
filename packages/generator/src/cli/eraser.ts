import { type EraserFlags, eraserNameProblem } from '../eraser-setup.ts'
import { renderEraserSetup } from '../sql/eraser-setup.ts'
import { readAuditHome } from './audit-home.ts'
import type { ProjectFlags } from './find-schema.ts'

/**
 * Prints the set-up of erasure. Nothing is run and nothing written: roles belong to the cluster, so a migration that made them
 * would fail on the shadow database beside it.
 *
 * @returns the exit code: 0, or 1 where these names cannot be the roles
 * @throws ProjectNotFoundError where there is no project, or no audit in its migrations
 */
export async function eraser(flags: EraserFlags & ProjectFlags, cwd: string): Promise<number> {
  const problem = eraserNameProblem(flags)
  if (problem !== undefined) {
    console.error(`audit: ${problem}`)
    return 1
  }
  const home = await readAuditHome(flags, cwd)
  process.stdout.write(renderEraserSetup({ eraser: flags.role, by: flags.by, home }))
  return 0
}
