import type { Client } from 'pg'
import { renderMoveSeals } from '../sql/move-seals.ts'
import { beginSealing } from '../sql/seal-chain.ts'
import { renderSealTables } from '../sql/seal-tables.ts'
import { qualified, sqlText } from '../sql/sql.ts'
import type { AuditHome } from '../state/database-state.ts'
import { inTransaction, looking } from './database-client.ts'
import { findChain } from './find-chain.ts'
import { ProjectNotFoundError } from './project-not-found-error.ts'
import { type SealProgress, sealHistory } from './seal-pages.ts'
import { findFinalIds } from './seal-watermarks.ts'
import { type History, readHistories } from './sealed-histories.ts'

export interface SealRun {
  readonly size: number
  /** For how many milliseconds to wait for transactions that are under way. */
  readonly wait: number
  readonly signal: AbortSignal
  readonly onProgress: (history: string, progress: SealProgress) => void
}

/** What became of one history. */
export interface SealedHistory {
  readonly history: string
  readonly ranges: number
  readonly rows: number
  /** Why it was not sealed, or not now. */
  readonly problem?: string
  /** Transactions are under way that may add rows: a later run goes on. */
  readonly isWaiting: boolean
}

/**
 * Seals every history of the audit schema as far as it is final. The tables of the seals are made when they are missing.
 *
 * @throws ProjectNotFoundError where the database has no audit
 * @throws Error of `pg` where PostgreSQL refuses: the ranges before are sealed
 */
export async function sealHistories(
  client: Client,
  home: AuditHome,
  { size, wait, signal, onProgress }: SealRun,
): Promise<readonly SealedHistory[]> {
  await makeSealTables(client, home)
  const histories = await looking(client, () => readHistories(client, home, true))
  const sealable = histories.filter((history) => problemOf(history) === undefined)
  const finalIds = await findFinalIds(client, home, sealable, { wait, signal })
  const results: SealedHistory[] = []
  for (const history of histories) {
    if (signal.aborted) break
    const name = sqlText(qualified(history))
    const problem = problemOf(history)
    const upTo = problem === undefined ? finalIds.final.get(history.oid) : undefined
    const { ranges, rows } =
      upTo === undefined
        ? { ranges: 0, rows: 0 }
        : await sealHistory(client, home, history, upTo, {
            size,
            signal,
            onProgress: (progress) => onProgress(name, progress),
          })
    results.push({
      history: name,
      ranges,
      rows,
      isWaiting: finalIds.waiting.has(history.oid),
      ...(problem === undefined ? {} : { problem }),
    })
  }
  return results
}

async function makeSealTables(client: Client, home: AuditHome): Promise<void> {
  const { isAudited, chain } = await looking(client, () => findChain(client, home))
  if (chain?.schema === home.schema) return
  if (!isAudited) {
    throw new ProjectNotFoundError(
      `The database has no audit in schema ${home.schema}. Apply the migrations first: npx prisma migrate deploy`,
    )
  }
  // Whoever waits here for another run that makes them finds them made.
  await inTransaction(client, beginSealing(home), async () => {
    const { chain: found } = await findChain(client, home)
    if (found === undefined) await client.query(renderSealTables(home))
    else if (found.schema !== home.schema) await client.query(renderMoveSeals(found, home))
  })
}

function problemOf({ sequence, cache }: History): string | undefined {
  if (sequence === null) return 'its rows have no number from a sequence, so nobody knows which are final'
  if (cache === '1') return undefined
  return `its sequence gives a session ${cache} numbers at once, so a low one may be used at any time later: ALTER SEQUENCE ${sequence} CACHE 1`
}
