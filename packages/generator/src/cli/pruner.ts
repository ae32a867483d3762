import { ageToInterval } from '../age.ts'
import { eraserNameProblem } from '../eraser-setup.ts'
import { renderPrunerSetup } from '../sql/pruner-setup.ts'
import { readAuditHome } from './audit-home.ts'
import type { ProjectFlags } from './find-schema.ts'

export interface PrunerFlags {
  /** The role that owns the function of prunings. */
  readonly role: string
  /** The role that may call it. */
  readonly by: string
  /** `12mo`: what is younger goes for nobody. */
  readonly atLeast: string
}

/**
 * Prints the set-up of pruning. Nothing is run and nothing written: roles belong to the cluster, so a migration that made them
 * would fail on the shadow database beside it.
 *
 * @returns the exit code: 0, or 1 where these names cannot be the roles, or the age is none
 * @throws ProjectNotFoundError where there is no project, or no audit in its migrations
 */
export async function pruner(flags: PrunerFlags & ProjectFlags, cwd: string): Promise<number> {
  const atLeast = ageToInterval(flags.atLeast)
  const problem =
    atLeast === undefined
      ? `--at-least takes an age like 12mo, 365d or 1y, and not "${flags.atLeast}"`
      : eraserNameProblem(flags)?.replace('the role that erases', 'the role that prunes')
  if (atLeast === undefined || problem !== undefined) {
    console.error(`audit: ${problem}`)
    return 1
  }
  const home = await readAuditHome(flags, cwd)
  process.stdout.write(renderPrunerSetup({ pruner: flags.role, by: flags.by, atLeast, home }))
  return 0
}
