import type { TestDatabase } from '../../support/test-database.ts'

export interface HistoryRow {
  readonly operation: string
  readonly username: string
  readonly request_id: string | null
  readonly status: string
}

/** The history of one order, in order of writing. */
export function historyOf(database: TestDatabase, id: number): Promise<HistoryRow[]> {
  return database.query<HistoryRow>(
    `SELECT audit_operation AS operation, audit_username AS username, audit_request_id AS request_id, status
     FROM audit."Order_audit" WHERE id = $1 ORDER BY audit_id`,
    [id],
  )
}

/** All orders and their whole history, to see that nothing has been written. */
export function everything(database: TestDatabase): Promise<object[]> {
  return database.query(
    `SELECT to_jsonb(o) AS row FROM "Order" AS o UNION ALL SELECT to_jsonb(a) FROM audit."Order_audit" AS a ORDER BY 1`,
  )
}
