import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { compile } from '../compile.ts'
import type { MigrationFile } from '../migration/migration-file.ts'
import type { Project } from '../project.ts'
import { parseHeaders } from '../state/part-header.ts'
import type { DraftDirectory } from './complete-draft.ts'
import { commonFlags } from './prisma-flags.ts'
import { runPrisma } from './run-prisma.ts'

export interface PendingDraft extends DraftDirectory {
  /** Git knows it: then others may have applied it, and it is not to be written to. */
  readonly isTracked: boolean
}

/**
 * The newest migration, where it is a draft that lacks its audit part or was edited after it had got one: made with
 * `--create-only`, or left over by a run that failed. Only one that this database has not applied.
 */
export async function findPendingDraft(
  project: Project,
  args: readonly string[],
  cwd: string,
): Promise<PendingDraft | undefined> {
  const { dir } = project.found
  const folder = await project.readFolder()
  const file = folder?.files.at(-1)
  if (dir === undefined || folder === undefined || file === undefined) return undefined
  const state = partOf(file)
  const isWanted = () => compile({ ...project.input, folder, draft: file.name }).migration !== undefined
  if (state === 'fitting' || (state === 'missing' && !isWanted())) return undefined
  const isTracked = isInVersionControl(join(dir, file.name, 'migration.sql'))
  // What others have made without an audit part is theirs; it comes in a migration of its own.
  if (state === 'missing' && isTracked) return undefined
  const unapplied = await readUnapplied(args, cwd)
  return unapplied.includes(file.name) ? { dir, name: file.name, isTracked } : undefined
}

/** A part that was edited by hand, or cannot be read, is not ours to write anew. */
function partOf({ text }: MigrationFile): 'missing' | 'outdated' | 'fitting' {
  const { parts, problems } = parseHeaders(text)
  if (problems.length > 0 || parts.some(({ isIntact }) => !isIntact)) return 'fitting'
  if (parts.length === 0) return 'missing'
  return parts.some(({ isAboveEdited }) => isAboveEdited) ? 'outdated' : 'fitting'
}

function isInVersionControl(path: string): boolean {
  const git = spawnSync('git', ['ls-files', '--error-unmatch', path], {
    cwd: join(path, '..'),
    stdio: 'ignore',
  })
  return git.status === 0
}

/** Names of the migrations that the database has not seen, as `prisma migrate status` lists them; none if it cannot say. */
async function readUnapplied(args: readonly string[], cwd: string): Promise<readonly string[]> {
  const { stdout, stderr } = await runPrisma(['migrate', 'status', ...commonFlags(args)], cwd, 'hidden')
  const [, list = ''] = /have not yet been applied:\n([\s\S]*?)\n\s*\n/.exec(`${stdout}\n${stderr}\n\n`) ?? []
  return list.split('\n').map((line) => line.trim())
}
