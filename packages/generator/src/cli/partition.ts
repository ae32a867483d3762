import type { Client } from 'pg'
import { type FoundPartitions, lookAtPartitions, makePartitionsOf } from '../sql/keep-partitions.ts'
import { auditTable } from '../sql/look-first.ts'
import { beginPausing } from '../sql/pause-table.ts'
import { sqlText } from '../sql/sql.ts'
import type { AuditTableObject } from '../state/database-state.ts'
import { chooseTables } from './chosen-tables.ts'
import { inTransaction, looking } from './database-client.ts'
import { type DatabaseFlags, findDatabaseUrl } from './find-database.ts'
import { readExpected, withConnection } from './installation.ts'
import { InterruptedError } from './interruption.ts'
import { ProjectNotFoundError } from './project-not-found-error.ts'
import { isLockInTheWay, retryLocks } from './retry-locks.ts'
import { counted } from './seal-report.ts'

export interface PartitionFlags extends DatabaseFlags {
  readonly model?: string | undefined
  /** Print the SQL that would be run, and run nothing. */
  readonly dryRun?: boolean | undefined
}

/**
 * Makes partitions ahead, of every history that is to be partitioned; an ordinary one becomes partitioned first.
 *
 * @returns the exit code: 0 when there are as many as there should be, 1 where somebody held a lock for too long
 * @throws ProjectNotFoundError where there is no project, no such history, or the database refuses
 * @throws InterruptedError where a signal ended it
 */
export async function partition(flags: PartitionFlags, cwd: string): Promise<number> {
  // Before anything else reads the configuration: see `readDatasourceUrl`.
  const url = await findDatabaseUrl(flags, cwd)
  const expected = await readExpected(flags, cwd)
  const chosen = chooseTables(expected, flags.model)
  const tables = chosen.filter(({ partitionBy }) => partitionBy !== undefined)
  if (flags.model !== undefined && tables.length < chosen.length) {
    const others = chosen.filter((table) => !tables.includes(table)).map(nameOf)
    throw new ProjectNotFoundError(`No migration partitions ${others.join(', ')}. ${HOW}`)
  }
  if (tables.length === 0) {
    console.error(`audit: no history is partitioned. ${HOW}`)
    return 0
  }
  return withConnection(url, 'partition', async (client, signal) => {
    let exitCode = 0
    for (const table of tables) {
      if (signal.aborted) throw new InterruptedError()
      exitCode = Math.max(
        exitCode,
        await keepAhead(client, table, flags.dryRun === true, expected.lockTimeout),
      )
    }
    return exitCode
  })
}

const HOW = 'The option partitionBy does: docs/partitions.md.'

async function keepAhead(
  client: Client,
  table: AuditTableObject,
  isDry: boolean,
  lockTimeout: number,
): Promise<number> {
  const name = nameOf(table)
  const before = await lookAt(client, table)
  if (before.isAhead) {
    console.error(`audit: ${name} has ${said(before)}; none is due`)
    return 0
  }
  const statements = makePartitionsOf(table, before)
  if (isDry) {
    console.log(statements.join('\n'))
    return 0
  }
  try {
    for (const statement of statements) {
      await retryLocks(() => inTransaction(client, beginPausing(lockTimeout), () => client.query(statement)))
    }
  } catch (error) {
    if (!isLockInTheWay(error)) throw error
    console.error(
      `audit: ${name}: ${error.message}\nSomebody holds a lock on it; writes go on. End the long transactions on it (pg_stat_activity tells them), and run this again.`,
    )
    return 1
  }
  const after = await lookAt(client, table)
  const made = counted(after.count - before.count - (before.kind === 'r' ? 1 : 0), 'partition')
  const became = before.kind === 'r' ? 'is partitioned now, and what it held is its oldest partition; ' : ''
  console.error(`audit: ${name} ${became}${made} made: it has ${said(after)}`)
  return 0
}

async function lookAt(client: Client, table: AuditTableObject): Promise<FoundPartitions> {
  const { rows } = await looking(client, () => client.query<FoundPartitions>(lookAtPartitions(table)))
  const [found] = rows
  if (found === undefined || found.kind === null) {
    throw new ProjectNotFoundError(
      `${nameOf(table)}, or what makes its partitions, is not in this database. Migrations come first: npx prisma migrate deploy.`,
    )
  }
  return found
}

/** `14 partitions, until 2027-02-01` */
function said({ count, until }: FoundPartitions): string {
  return `${counted(count, 'partition')}${until === null ? '' : `, until ${until}`}`
}

function nameOf(table: AuditTableObject): string {
  return sqlText(auditTable(table))
}
