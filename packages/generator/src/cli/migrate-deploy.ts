import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { readDraft } from '../migration/append-to-draft.ts'
import { hasCode } from '../migration/migrations-folder-error.ts'
import { whyNotRepeatable } from '../migration/repeatable.ts'
import type { ProjectFlags } from './find-schema.ts'
import { partitionAfterDeploy } from './partition-after-deploy.ts'
import { commonFlags, flagValue, withoutFlags } from './prisma-flags.ts'
import { ProjectNotFoundError } from './project-not-found-error.ts'
import { readProject } from './read-project.ts'
import { type PrismaRun, runPrisma } from './run-prisma.ts'

const DEFAULT_RETRIES = 5
/** A lock time-out and a deadlock: nothing is wrong with the migration, somebody else was in its way. */
const IN_THE_WAY = { '55P03': 'waited too long for a lock', '40P01': 'met a deadlock' } as const

/**
 * `prisma migrate deploy`, again where it only had to wait too long: it marks the migration as rolled back, which it
 * is, waits, and deploys again. Anything else ends it as it ends Prisma's own command. After it partitions are made ahead.
 *
 * @param args what stands behind `migrate deploy`: Prisma's flags, and `--retries <number>`
 * @returns the exit code
 * @throws ProjectNotFoundError where no `prisma` is installed
 */
export async function migrateDeploy(args: readonly string[], cwd: string): Promise<number> {
  const wanted = flagValue(args, '--retries')
  const retries = wanted === undefined ? DEFAULT_RETRIES : Number(wanted)
  if (!Number.isInteger(retries) || retries < 0) {
    console.error(
      `--retries takes a whole number, for example --retries ${DEFAULT_RETRIES}, and not "${wanted}"`,
    )
    return 1
  }
  const flags = withoutFlags(args, { withValue: ['--retries'] })
  for (let retry = 0; ; retry += 1) {
    const run = await runPrisma(['migrate', 'deploy', ...flags], cwd)
    const failure = run.exitCode === 0 || run.isInterrupted ? undefined : readFailure(run)
    if (run.exitCode === 0) return partitionAfterDeploy(projectOf(flags), cwd)
    if (failure === undefined) return run.exitCode
    const { migration, reason } = failure
    const obstacle = await whyNot(migration, flags, cwd)
    if (obstacle !== undefined) {
      console.error(adviseByHand(migration, reason, obstacle))
      return run.exitCode
    }
    const resolved = await runPrisma(
      ['migrate', 'resolve', '--rolled-back', migration, ...commonFlags(flags)],
      cwd,
    )
    if (resolved.exitCode !== 0 || resolved.isInterrupted) return resolved.exitCode
    if (retry === retries) {
      console.error(`audit: ${migration} ${reason}, ${retry + 1} times. It is marked as rolled back.
  Next: end the long transactions on its tables (pg_stat_activity tells them), then deploy again`)
      return run.exitCode
    }
    const delay = delayBefore(retry)
    const notice = `audit: ${migration} ${reason}; it is rolled back and tried again in ${(delay / 1000).toFixed(1)} s (${retry + 1} of ${retries})`
    if (!(await waited(delay, notice))) return 130
  }
}

/** Which migration failed for no fault of its own; undefined for every other failure. */
function readFailure({
  stderr,
}: PrismaRun): { readonly migration: string; readonly reason: string } | undefined {
  if (!/\bP3018\b/.test(stderr)) return undefined
  const [, migration] = /^Migration name: (\S+)\s*$/m.exec(stderr) ?? []
  const [, code = ''] = /^Database error code: (\w{5})\s*$/m.exec(stderr) ?? []
  const reason = Object.entries(IN_THE_WAY).find(([each]) => each === code)?.[1]
  return migration === undefined || reason === undefined ? undefined : { migration, reason }
}

async function whyNot(migration: string, flags: readonly string[], cwd: string): Promise<string | undefined> {
  try {
    const read = await readProject(projectOf(flags), cwd)
    const dir = read.ok ? read.project.found.dir : undefined
    if (dir === undefined) return 'the migrations folder was not found'
    return await whyNotRepeatable(await readDraft(join(dir, migration)))
  } catch (error) {
    if (error instanceof ProjectNotFoundError) return error.message
    if (hasCode(error, 'ENOENT')) return 'its file was not found'
    throw error
  }
}

function projectOf(flags: readonly string[]): ProjectFlags {
  return { schema: flagValue(flags, '--schema'), config: flagValue(flags, '--config') }
}

function adviseByHand(migration: string, reason: string, obstacle: string): string {
  return `audit: ${migration} ${reason}, and cannot be run again by itself: ${obstacle}.
  Next: look which of its statements are done and undo those, then
        npx prisma migrate resolve --rolled-back ${migration}, and deploy again;
        or do the others by hand, then npx prisma migrate resolve --applied ${migration}`
}

/** 1 s, 2 s, 4 s, … up to 30 s, each half of it by chance, so that two deployments do not meet again. */
function delayBefore(retry: number): number {
  const longest = Math.min(1000 * 2 ** retry, 30_000)
  return longest / 2 + (Math.random() * longest) / 2
}

/** False where a signal ended the wait. */
async function waited(milliseconds: number, notice: string): Promise<boolean> {
  const stop = new AbortController()
  const abort = () => stop.abort()
  process.once('SIGINT', abort).once('SIGTERM', abort)
  console.error(notice)
  try {
    await sleep(milliseconds, undefined, { signal: stop.signal })
    return true
  } catch (error) {
    if (stop.signal.aborted) return false
    throw error
  } finally {
    process.off('SIGINT', abort).off('SIGTERM', abort)
  }
}
