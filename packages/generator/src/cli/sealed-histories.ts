import type { Client } from 'pg'
import type { SealedColumn } from '../model/seal.ts'
import { renderHistories } from '../sql/sealed-histories.ts'
import type { AuditHome } from '../state/database-state.ts'

/** A history as it is in the database, whatever the migrations say of it. */
export interface History {
  readonly oid: string
  readonly schema: string
  readonly name: string
  /** Where its rows get their numbers from. */
  readonly sequence: string | null
  /** How many numbers a session takes at once; more than 1 and they are not given in their order. */
  readonly cache: string | null
  /** All but those that say what happened and when. */
  readonly columns: readonly SealedColumn[]
}

export async function readHistories(
  client: Client,
  home: AuditHome,
  hasSeals: boolean,
): Promise<readonly History[]> {
  const { rows } = await client.query<History>(renderHistories(home, hasSeals))
  return rows
}

/** A cast to text takes the blanks from a value of these types. */
export function isBlankPadded({ type }: SealedColumn): boolean {
  return /^(character(\(\d+\))?|bpchar)$/.test(type)
}
