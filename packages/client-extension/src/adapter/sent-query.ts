import type { PgPoolClient, PgQuery, PgResult } from './pg-driver.ts'

/** Sends a query object, which pg answers by its callback only. */
export function sentQuery(client: PgPoolClient, query: PgQuery): Promise<PgResult> {
  return new Promise((resolve, reject) => {
    query.callback = (error, result) => (error || result === undefined ? reject(error) : resolve(result))
    client.query(query)
  })
}
