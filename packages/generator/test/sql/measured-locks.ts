import pg from 'pg'
import type { TestDatabase } from '../../../../test/support/test-database.ts'
import { loadSqlParser } from '../../src/migration/sql-parser.ts'

/** PostgreSQL's table locks, the weakest first, as `pg_locks` calls them and as LOCK TABLE does. */
const MODES = {
  AccessShareLock: 'ACCESS SHARE',
  RowShareLock: 'ROW SHARE',
  RowExclusiveLock: 'ROW EXCLUSIVE',
  ShareUpdateExclusiveLock: 'SHARE UPDATE EXCLUSIVE',
  ShareLock: 'SHARE',
  ShareRowExclusiveLock: 'SHARE ROW EXCLUSIVE',
  ExclusiveLock: 'EXCLUSIVE',
  AccessExclusiveLock: 'ACCESS EXCLUSIVE',
} as const

export type LockMode = (typeof MODES)[keyof typeof MODES]

const STRENGTHS: readonly LockMode[] = Object.values(MODES)

/** Whether a writer, or whoever holds a ROW EXCLUSIVE lock, and the holder of `mode` wait for each other. */
export function stopsWriters(mode: LockMode): boolean {
  return STRENGTHS.indexOf(mode) >= STRENGTHS.indexOf('SHARE')
}

export function strongest(modes: readonly LockMode[]): LockMode | undefined {
  return STRENGTHS.findLast((mode) => modes.includes(mode))
}

export interface HeldLock {
  /** `schema.name`, without quotes, as it is called when it is locked. */
  readonly table: string
  /** The strongest one. */
  readonly mode: LockMode
  /** The number of the transaction's statement that locked it first. */
  readonly since: number
}

export interface MeasuredTransaction {
  /** Tables that were there before. */
  readonly locks: readonly HeldLock[]
  /** Tables that were there before and were read, by whatever scan. */
  readonly scanned: readonly string[]
}

/** Runs a migration, statement by statement, and gives what each of its transactions locked and read. */
export async function measureMigration(
  database: TestDatabase,
  text: string,
): Promise<readonly MeasuredTransaction[]> {
  const client = new pg.Client({ connectionString: database.url })
  await client.connect()
  try {
    const transactions: MeasuredTransaction[] = []
    for (const statements of await splitTransactions(text)) {
      transactions.push(await measureTransaction(client, statements))
    }
    return transactions
  } finally {
    await client.end()
  }
}

async function splitTransactions(text: string): Promise<readonly (readonly string[])[]> {
  const parsed = (await loadSqlParser()).parse(text)
  if (!parsed.ok) throw new Error(parsed.message)
  const bytes = Buffer.from(text)
  const transactions: string[][] = [[]]
  for (const [index, { node, byte }] of parsed.statements.entries()) {
    const statement = bytes.subarray(byte, parsed.statements[index + 1]?.byte).toString()
    if ('TransactionStmt' in node) transactions.push([])
    else transactions.at(-1)?.push(statement)
  }
  return transactions
}

async function measureTransaction(
  client: pg.Client,
  statements: readonly string[],
): Promise<MeasuredTransaction> {
  const known = await client.query(`SELECT coalesce(array_agg(oid), '{}') AS tables FROM pg_class`)
  const { tables } = known.rows[0]
  const locks = new Map<number, HeldLock>()
  await client.query('BEGIN')
  for (const [since, statement] of statements.entries()) {
    await client.query(statement)
    const { rows } = await client.query(HELD, [tables])
    for (const { oid, name, modes } of rows) {
      const mode = strongest(modes.map((each: keyof typeof MODES) => MODES[each]))
      if (mode) locks.set(oid, { table: name, since, ...locks.get(oid), mode })
    }
  }
  const { rows } = await client.query(SCANNED, [tables])
  await client.query('COMMIT')
  // What this transaction read is not counted among the reads of the next one.
  await client.query('SELECT pg_stat_force_next_flush()')
  return { locks: [...locks.values()], scanned: rows.map(({ name }) => name) }
}

const HELD = `SELECT c.oid, n.nspname || '.' || c.relname AS name, array_agg(l.mode) AS modes
  FROM pg_locks AS l
  JOIN pg_class AS c ON c.oid = l.relation
  JOIN pg_namespace AS n ON n.oid = c.relnamespace
  WHERE l.pid = pg_backend_pid() AND l.granted AND c.relkind IN ('r', 'p')
    AND n.nspname <> 'pg_catalog' AND c.oid = ANY ($1)
  GROUP BY 1, 2 ORDER BY 2`

const SCANNED = `SELECT schemaname || '.' || relname AS name FROM pg_stat_xact_user_tables
  WHERE relid = ANY ($1) AND coalesce(seq_scan, 0) + coalesce(idx_scan, 0) > 0 ORDER BY 1`
