import { useTestDatabase } from '../../../../test/support/test-database.ts'
import type { AuditedTable } from '../../src/model/audit-model.ts'
import { createSource, install, table } from '../sql/fixture.ts'

/** Every way to record a table; what the matrix says holds in each. */
export const WAYS = [
  ['level statement', { level: 'statement' }],
  ['level row', { level: 'row' }],
  ['updates: changed', { level: 'row', updates: 'changed' }],
] as const satisfies readonly (readonly [string, Partial<AuditedTable>])[]

/** A database of this file's own, in which each test has a table of its own. */
export async function auditedTables() {
  const database = await useTestDatabase()
  let count = 0
  return {
    database,
    run: (sql: string) => database.query(sql),

    /** @param source is run in place of the CREATE TABLE of the columns; it is given the table's name, in quotes */
    async audited(wishes: Partial<AuditedTable> = {}, source?: (name: string) => string) {
      count += 1
      const bare = `Item ${count}`
      const name = `"${bare}"`
      const wanted = table(bare, wishes)
      await database.query(source?.(name) ?? createSource(wanted))
      await database.query(install(wanted))
      return {
        name,
        wanted,
        auditTable: `audit."${bare}_audit"`,
        /** "U (1,a)" for each row of the history, in its order. */
        async history(columns = 'id, note') {
          const rows = await database.query<{ row: string }>(
            `SELECT audit_operation || ' ' || ROW(${columns})::text AS row FROM audit."${bare}_audit" ORDER BY audit_id`,
          )
          return rows.map(({ row }) => row)
        },
      }
    },
  }
}
