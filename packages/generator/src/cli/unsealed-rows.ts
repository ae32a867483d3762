import type { Client } from 'pg'
import { renderUnsealed } from '../sql/sealed-histories.ts'
import type { History } from './sealed-histories.ts'

/** Rows that no seal covers yet. */
export interface Unsealed {
  readonly rows: number
  /** When the first of them was written. */
  readonly since: string | null
}

/** @param lastId up to where the history is sealed; undefined where it never was */
export async function countUnsealed(
  client: Client,
  history: History,
  lastId: bigint | undefined,
): Promise<Unsealed> {
  const { rows } = await client.query<{ rows: string; since: string | null }>(renderUnsealed(history), [
    lastId ?? -1n,
  ])
  return { rows: Number(rows[0]?.rows ?? 0), since: rows[0]?.since ?? null }
}
