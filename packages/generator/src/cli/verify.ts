import type { Client } from 'pg'
import type { Anchor } from '../seal/check-chain.ts'
import { isTampering } from '../seal/finding.ts'
import { beginVerifying } from '../sql/seal-chain.ts'
import type { AuditHome } from '../state/database-state.ts'
import { readAnchors } from './anchor-file.ts'
import { readAuditHome } from './audit-home.ts'
import { adviceOn, inTransaction, isOfDatabase, looking, withDatabase } from './database-client.ts'
import { INTERRUPTED } from './exit-codes.ts'
import { findChain } from './find-chain.ts'
import { type DatabaseFlags, findDatabaseUrl } from './find-database.ts'
import { progressBar } from './progress-bar.ts'
import { ProjectNotFoundError } from './project-not-found-error.ts'
import { renderVerify, renderVerifyJson } from './verify-report.ts'
import { verifySeals } from './verify-seals.ts'

export interface VerifyFlags extends DatabaseFlags {
  /** A file that `seal --export` has written, kept elsewhere. */
  readonly anchor?: string | undefined
  readonly json?: boolean | undefined
}

/**
 * Says on stdout whether the histories are what was sealed. Writes nothing.
 *
 * @returns the exit code: 0 where they are, 1 where they are not, 2 where a newer version is needed to tell, 130 when a signal ended it
 * @throws ProjectNotFoundError where it could not look: no project, no database, no seals, no rights
 */
export async function verify(flags: VerifyFlags, cwd: string): Promise<number> {
  const anchors = flags.anchor === undefined ? [] : readAnchors(flags.anchor)
  const connectionString = await findDatabaseUrl(flags, cwd)
  const home = await readAuditHome(flags, cwd)
  return withDatabase(connectionString, 'verify', async (client, signal) => {
    try {
      const { chain } = await looking(client, () => findChain(client, home))
      if (chain === undefined) return withoutSeals(home, anchors.length > 0)
      const verification = await verifyWithBar(client, chain, anchors, signal)
      const { findings, isComplete } = verification
      console.log(flags.json ? renderVerifyJson(verification) : renderVerify(verification))
      if (findings.some(isTampering)) return 1
      if (findings.length > 0) return 2
      return isComplete ? 0 : INTERRUPTED
    } catch (error) {
      if (!isOfDatabase(error)) throw error
      throw new ProjectNotFoundError(`audit: ${error.message}${adviceOn(error)}`, { cause: error })
    }
  })
}

async function verifyWithBar(
  client: Client,
  home: AuditHome,
  anchors: readonly Anchor[],
  signal: AbortSignal,
) {
  const bar = progressBar('verify', '{value} of {total} rows')
  try {
    return await verifySeals(client, home, {
      inSnapshot: (work) => inTransaction(client, beginVerifying(), work),
      anchors,
      signal,
      onProgress: ({ rows, total }) => bar.update(rows, total),
    })
  } finally {
    bar.stop()
  }
}

function withoutSeals({ schema }: AuditHome, hasAnchors: boolean): number {
  if (!hasAnchors) {
    throw new ProjectNotFoundError(
      `Nothing is sealed in schema ${schema}. Seal it first: npx prisma-generator-audit seal`,
    )
  }
  console.log(
    `audit: THE SEALS ARE GONE: the anchors say that there were some, and schema ${schema} has none. Is it another database?`,
  )
  return 1
}
