import pg from 'pg'
import { onTestFinished } from 'vitest'
import { createDatabase, type TestDatabase } from '../../../../test/support/test-database.ts'
import { inTransaction } from '../../src/cli/database-client.ts'
import { type SealRun, sealHistories } from '../../src/cli/seal-histories.ts'
import { type VerifyOptions, verifySeals } from '../../src/cli/verify-seals.ts'
import type { AuditedTable } from '../../src/model/audit-model.ts'
import { beginVerifying, renderSettingsForVerifying } from '../../src/sql/seal-chain.ts'
import type { AuditHome } from '../../src/state/database-state.ts'
import { createSource, install } from './fixture.ts'

export const HOME: AuditHome = { schema: 'audit' }

export async function connected(database: TestDatabase): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: database.url })
  client.on('error', () => {})
  await client.connect()
  onTestFinished(() => client.end())
  return client
}

/** A database with these tables and their audit, and what `writes` does; it goes with the test. */
export async function auditedDatabase(
  writes: string,
  ...tables: readonly AuditedTable[]
): Promise<TestDatabase> {
  const database = await createDatabase()
  onTestFinished(() => database.drop())
  await database.query(`${tables.map(createSource).join(' ')} ${install(...tables)}`)
  await database.query(writes)
  return database
}

/**
 * Pages of ten rows unless told otherwise, so that few rows have several. It waits long: transactions of other databases on the
 * test server, which are waited for, too, may take their time.
 */
export function seal(client: pg.Client, options: Partial<SealRun> = {}, home = HOME) {
  return sealHistories(client, home, {
    size: 10,
    wait: 40_000,
    signal: new AbortController().signal,
    onProgress: () => {},
    ...options,
  })
}

export function verify(client: pg.Client, options: Partial<VerifyOptions> = {}, home = HOME) {
  return verifySeals(client, home, {
    inSnapshot: (work) => inTransaction(client, beginVerifying(), work),
    anchors: [],
    signal: new AbortController().signal,
    onProgress: () => {},
    ...options,
  })
}

/** Verifies what the transaction that is under way sees, its own changes included. */
export async function verifyHere(client: pg.Client, options: Partial<VerifyOptions> = {}) {
  await client.query(renderSettingsForVerifying())
  return verify(client, { inSnapshot: (work) => work(), ...options })
}

/** `rows-changed 11–20` */
export const findingsOf = async (verification: ReturnType<typeof verify>) =>
  (await verification).findings.map(({ kind, firstId, lastId, firstSeal, lastSeal }) =>
    firstId === undefined ? `${kind} seals ${firstSeal}–${lastSeal}` : `${kind} ${firstId}–${lastId}`,
  )

/** What the owner can do: the guard is off for these statements. */
export const unguarded = (table: string, statements: string) =>
  `ALTER TABLE ${table} DISABLE TRIGGER append_only; ${statements}; ALTER TABLE ${table} ENABLE ALWAYS TRIGGER append_only`
