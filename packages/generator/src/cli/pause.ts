import type { Client } from 'pg'
import {
  beginPausing,
  lockPauses,
  type OpenPause,
  openPauses,
  recordPause,
  renderPauseTable,
} from '../sql/pause-table.ts'
import { beginSealing } from '../sql/seal-chain.ts'
import { disableTriggers } from '../sql/touch-triggers.ts'
import { homeOf } from '../state/database-state.ts'
import { chooseTables, tableName } from './chosen-tables.ts'
import { inTransaction } from './database-client.ts'
import { type DatabaseFlags, findDatabaseUrl } from './find-database.ts'
import { type ExpectedInstallation, look, readExpected, withConnection } from './installation.ts'
import { InterruptedError } from './interruption.ts'
import { ProjectNotFoundError } from './project-not-found-error.ts'
import { retryLocks } from './retry-locks.ts'

export interface PauseFlags extends DatabaseFlags {
  readonly reason: string
  readonly model?: string | undefined
}

/**
 * Turns the triggers of tables off, and leaves a row that says who did it, when and why. What is written meanwhile `resume` brings
 * into the history.
 *
 * @returns the exit code: 0 when all of them rest
 * @throws ProjectNotFoundError where there is no project, or a database that refuses
 * @throws InterruptedError when a signal ended it before
 */
export async function pause(flags: PauseFlags, cwd: string): Promise<number> {
  if (flags.reason.trim() === '') {
    throw new ProjectNotFoundError('A pause needs a reason: --reason "why, and which ticket"')
  }
  const url = await findDatabaseUrl(flags, cwd)
  const expected = await readExpected(flags, cwd, url)
  const tables = chooseTables(expected, flags.model)
  const [first] = tables
  if (first === undefined) throw new ProjectNotFoundError('No model is audited: there is nothing to pause.')
  return withConnection(url, 'pause', async (client, signal) => {
    await refuseWhereBroken(client, expected)
    const home = homeOf({ name: first.schema, ...(first.shared ? { shared: first.shared } : {}) })
    await inTransaction(client, beginSealing(home), () => client.query(renderPauseTable(home)))
    for (const table of tables) {
      if (signal.aborted) throw new InterruptedError()
      const isNew = await retryLocks(
        () =>
          inTransaction(client, beginPausing(expected.lockTimeout), async () => {
            await client.query(disableTriggers(table))
            // Behind the locks: whoever paused or resumed it at the same moment has committed.
            await client.query(lockPauses(home))
            const { rows } = await client.query<OpenPause>(openPauses(home))
            if (rows.some(({ history }) => history === table.names.table)) return false
            await client.query(recordPause(table), [flags.reason])
            return true
          }),
        signal,
      )
      const since = isNew ? '' : ', for the reason and since the time of before'
      console.error(`audit: ${tableName(table)} is paused${since}: NOTHING OF IT IS RECORDED until ${RESUME}`)
      if (table.key.length === 0)
        console.error(
          `audit: ${tableName(table)} has no key: what is written meanwhile is lost to its history`,
        )
    }
    return 0
  })
}

const RESUME = 'npx prisma-generator-audit resume'

/** Whoever pauses what is not whole could not tell afterwards what was missed. */
async function refuseWhereBroken(client: Client, expected: ExpectedInstallation): Promise<void> {
  const { live, status } = await look(client, expected)
  if (live.schemaOwner === null || status.pending.length > 0) {
    throw new ProjectNotFoundError('The audit is not installed here: npx prisma-generator-audit status')
  }
}
