import type { Client } from 'pg'
import { renderIsOfSchema, renderOtherChains } from '../sql/move-seals.ts'
import { renderLookForSeals } from '../sql/seal-tables.ts'
import { type AuditHome, homeOf } from '../state/database-state.ts'
import { ProjectNotFoundError } from './project-not-found-error.ts'

export interface FoundChain {
  /** The audit's functions are there: its migrations were applied. */
  readonly isAudited: boolean
  /** Where the seals are; undefined where there are none. After the audit schema got another name they are in the former one. */
  readonly chain: AuditHome | undefined
}

interface Look {
  readonly isAudited: boolean
  readonly hasSeals: boolean
  readonly isOurs: boolean
}

/**
 * Looks for the seals of the histories of an audit schema, in a transaction that pins search_path.
 *
 * @throws ProjectNotFoundError where somebody else's table is in their place
 */
export async function findChain(client: Client, home: AuditHome): Promise<FoundChain> {
  const { rows } = await client.query<Look>(renderLookForSeals(home))
  const isAudited = rows[0]?.isAudited === true
  if (rows[0]?.hasSeals) {
    if (rows[0].isOurs) return { isAudited, chain: home }
    throw new ProjectNotFoundError(
      `Schema ${home.schema} has a table of seals that belongs to another role than the audit. Drop it, if it is none of yours, and run it again.`,
    )
  }
  const { rows: others } = await client.query<{ schema: string; shared: boolean }>(renderOtherChains(home))
  for (const { schema, shared } of others) {
    const chain = homeOf({ name: schema, ...(shared ? { shared } : {}) })
    const { rows: of } = await client.query<{ ofSchema: boolean }>(renderIsOfSchema(chain), [home.schema])
    if (of[0]?.ofSchema) return { isAudited, chain }
  }
  return { isAudited, chain: undefined }
}
