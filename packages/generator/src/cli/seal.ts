import type { Client } from 'pg'
import { hex } from '../seal/seal-hash.ts'
import { beginSealing, renderInsertAnchor, renderLastSeal } from '../sql/seal-chain.ts'
import type { AuditHome } from '../state/database-state.ts'
import { type AnchorLine, anchorLine, appendAnchor } from './anchor-file.ts'
import { readAuditHome } from './audit-home.ts'
import { adviceOn, inTransaction, isOfDatabase, withDatabase } from './database-client.ts'
import { INTERRUPTED } from './exit-codes.ts'
import { type DatabaseFlags, findDatabaseUrl } from './find-database.ts'
import { progressBar } from './progress-bar.ts'
import { sealHistories } from './seal-histories.ts'
import { PAGE_ROWS } from './seal-pages.ts'
import { renderSeal, renderSealJson } from './seal-report.ts'
import { wholeNumber } from './whole-number.ts'

export interface SealFlags extends DatabaseFlags {
  readonly wait: string
  /** A file that the newest root is appended to, or `-` for stdout. */
  readonly export?: string | undefined
  readonly json?: boolean | undefined
}

/**
 * Seals the histories, and exports the newest seal where it is asked to.
 *
 * @returns the exit code: 0 when all that is final is sealed, 1 where a history could not be, or the export failed, 130 when a
 * signal ended it
 * @throws ProjectNotFoundError where there is no project, no database, or no audit in it
 */
export async function seal(flags: SealFlags, cwd: string): Promise<number> {
  const wait = wholeNumber('--wait', flags.wait, 0) * 1000
  // Before anything else reads the configuration: see `readDatasourceUrl`.
  const connectionString = await findDatabaseUrl(flags, cwd)
  const home = await readAuditHome(flags, cwd)
  return withDatabase(connectionString, 'seal', async (client, signal) => {
    try {
      const histories = await sealWithBar(client, home, wait, signal)
      const exported = await exportNewest(client, home, flags.export)
      const run = { histories, exported, destination: flags.export, isComplete: !signal.aborted }
      if (flags.json && flags.export !== '-') console.log(renderSealJson(run))
      else console.error(renderSeal(run))
      if (signal.aborted) return INTERRUPTED
      return histories.some(({ problem }) => problem !== undefined) ? 1 : 0
    } catch (error) {
      if (!isOfDatabase(error)) throw error
      console.error(
        `audit: ${error.message}${adviceOn(error)}\nThe ranges that were sealed stay: run it again to go on.`,
      )
      return 1
    }
  })
}

async function sealWithBar(client: Client, home: AuditHome, wait: number, signal: AbortSignal) {
  let bar: { readonly name: string; readonly shown: ReturnType<typeof progressBar> } | undefined
  try {
    return await sealHistories(client, home, {
      size: PAGE_ROWS,
      wait,
      signal,
      onProgress: (name, { rows, ranges, lastId, upTo }) => {
        if (bar?.name !== name) {
          bar?.shown.stop()
          bar = { name, shown: progressBar(name, '{rows} rows sealed in {ranges} ranges') }
        }
        bar.shown.update(Number(lastId), Number(upTo), { rows, ranges })
      },
    })
  } finally {
    bar?.shown.stop()
  }
}

/** First the destination, then the note of it: what the database says was exported, was. */
async function exportNewest(
  client: Client,
  home: AuditHome,
  destination: string | undefined,
): Promise<AnchorLine | undefined> {
  if (destination === undefined) return undefined
  return inTransaction(client, beginSealing(home), async () => {
    const { rows } = await client.query<{ number: string; hash: Uint8Array; sealedAt: string }>(
      renderLastSeal(home),
    )
    const [last] = rows
    if (last === undefined) return undefined
    const line = { number: last.number, hash: hex(last.hash), sealedAt: last.sealedAt }
    if (destination === '-') process.stdout.write(anchorLine(line))
    else appendAnchor(destination, anchorLine(line))
    await client.query(renderInsertAnchor(home), [line.number, destination])
    return line
  })
}
