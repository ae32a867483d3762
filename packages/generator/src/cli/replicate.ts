import { nameProblem, roleNameProblem } from '../role-name.ts'
import { renderPublication } from '../sql/publication.ts'
import { renderReplica } from '../sql/replica.ts'
import { columnOrders } from '../state/column-order.ts'
import { formerHomes, formerNames } from '../state/former-names.ts'
import type { ProjectFlags } from './find-schema.ts'
import { readExpected } from './installation.ts'
import { ProjectNotFoundError } from './project-not-found-error.ts'
import { readProjectAndFolder } from './read-project.ts'

/** The primary, or the second server. */
export type ReplicationSide = 'publisher' | 'subscriber'

export interface ReplicateFlags extends ProjectFlags {
  readonly publication: string
  /** Publisher: the role that the second server connects as. */
  readonly role?: string | undefined
  /** Subscriber: rename what the primary has renamed. */
  readonly renames?: boolean | undefined
}

/**
 * Prints the SQL for one side of a logical replication of the history. Nothing is run and nothing written: it is for another server, or, as
 * roles are, for the whole cluster.
 *
 * @returns the exit code: 0, or 1 where the flags do not go together
 * @throws ProjectNotFoundError where there is no project, or one without an audit
 */
export async function replicate(
  side: ReplicationSide,
  { publication, role, renames = false, ...project }: ReplicateFlags,
  cwd: string,
): Promise<number> {
  const problem = problemOf(side, publication, role, renames)
  if (problem !== undefined) {
    console.error(`audit: ${problem}`)
    return 1
  }
  const { state, lockTimeout } = await readExpected(project, cwd)
  if (state.schema === undefined) {
    throw new ProjectNotFoundError('No model is audited, so there is no history to replicate.')
  }
  const files = await partFiles(project, cwd)
  const setup = { state, formerHomes: formerHomes(files), publication, lockTimeout }
  process.stdout.write(
    side === 'publisher'
      ? renderPublication({ ...setup, role })
      : renderReplica({ ...setup, former: formerNames(files), orders: columnOrders(files), renames }),
  )
  return 0
}

async function partFiles(flags: ProjectFlags, cwd: string) {
  const read = await readProjectAndFolder(flags, cwd)
  const folder = read.ok ? await read.folder : undefined
  return (folder?.files ?? []).map(({ name, text }) => ({ migration: name, text }))
}

function problemOf(
  side: ReplicationSide,
  publication: string,
  role: string | undefined,
  renames: boolean,
): string | undefined {
  const unfit = nameProblem(publication, 'publication')
  if (unfit !== undefined)
    return `--publication "${publication}": ${unfit}. Name one that exists or a new one.`
  if (side === 'publisher' && renames)
    return '--renames is for the second server: replicate subscriber --renames'
  if (role === undefined) return undefined
  if (side === 'subscriber') return '--role is for the primary: replicate publisher --role <name>'
  const problem = role.startsWith('pg_')
    ? "names that begin with pg_ are PostgreSQL's own"
    : roleNameProblem(role)
  return problem && `--role "${role}": ${problem}. Name the role that the second server connects as.`
}
