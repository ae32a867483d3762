import type pg from 'pg'
import type { AuditedTable, AuditModel } from '../../packages/generator/src/model/audit-model.ts'
import { auditTable } from './audited-writes.ts'
import { FULL_CONTEXT, inContext } from './context.ts'
import { qualified } from './draft.ts'
import type { Model } from './world.ts'

/** TRUNCATE is refused, or recorded row by row; it is rolled back, so that the rows are there for what comes next. */
export async function truncationProblems(
  client: pg.ClientBase,
  audit: AuditModel,
  table: AuditedTable,
  model: Model,
): Promise<readonly string[]> {
  const undo = new Error('taken back')
  let problem: string | undefined
  try {
    await inContext(client, FULL_CONTEXT, async () => {
      const history = auditTable(audit, table)
      const count = async (text: string) => (await client.query<{ n: number }>(text)).rows[0]?.n
      const before = await count(`SELECT count(*)::int AS n FROM ${history}`)
      const alive = await count(`SELECT count(*)::int AS n FROM ${qualified(model)}`)
      await client.query(`TRUNCATE ${qualified(model)}`)
      const after = await count(`SELECT count(*)::int AS n FROM ${history}`)
      if (table.truncate === 'refuse') problem = 'TRUNCATE was not refused'
      else if ((after ?? 0) - (before ?? 0) !== alive)
        problem = `TRUNCATE of ${alive} rows left ${after}, ${before} before`
      throw undo
    })
  } catch (error) {
    const { code } = error as { code?: string }
    if (error !== undo && !(table.truncate === 'refuse' && code === 'AU003')) problem = String(error)
  }
  return problem === undefined ? [] : [`${qualified(model)}: ${problem}`]
}
