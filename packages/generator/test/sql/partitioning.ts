import { onTestFinished } from 'vitest'
import { createDatabase, type TestDatabase } from '../../../../test/support/test-database.ts'
import type { AuditedTable, PartitionUnit } from '../../src/model/audit-model.ts'
import { createSource, migration, state, table } from './fixture.ts'

/** The same table with a history that is partitioned. */
export function partitioned(audited: AuditedTable, partitionBy: PartitionUnit = 'month'): AuditedTable {
  return { ...audited, partitionBy }
}

export const order = table('Order')

/** A database with the table, its audit, and what `writes` does, and then the migration that partitions the history. */
export async function databaseToPartition(audited: AuditedTable, writes = '') {
  const database = await createDatabase()
  onTestFinished(() => database.drop())
  const first = migration(state(), state(audited))
  await database.query(createSource(audited) + first.up)
  await database.query(writes)
  return { database, second: migration(first.after, state(partitioned(audited))) }
}

/** The partitions of a history with their bounds, the oldest first; times are of UTC. */
export async function partitionsOf(database: TestDatabase, history = '"audit"."Order_audit"') {
  await database.query(`SET TimeZone = 'UTC'`)
  return database.query<{ name: string; bound: string }>(`
    SELECT c.relname AS name, pg_get_expr(c.relpartbound, c.oid) AS bound
    FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid
    WHERE i.inhparent = '${history}'::regclass
    ORDER BY pg_get_expr(c.relpartbound, c.oid) = 'DEFAULT', pg_get_expr(c.relpartbound, c.oid) NOT LIKE '%MINVALUE%', 2`)
}

/** Where the month ends that lies so many months after this one, as it stands in a bound. */
export function monthAhead(months: number): string {
  const now = new Date()
  const month = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + months, 1))
  return `${month.toISOString().slice(0, 10)} 00:00:00+00`
}
