import { findSqlState } from '../../database-error.ts'
import { type Fragment, statement } from '../fragment.ts'
import { AuditHistoryError } from '../history-error.ts'
import type { RawClient, Row } from '../reader.ts'

/** @throws AuditHistoryError `NO_RIGHT` where the caller's role may not; every other error comes as it is */
export async function query(tx: RawClient, fragment: Fragment): Promise<readonly Row[]> {
  const { text, values } = statement(fragment)
  return (await Promise.resolve(tx.$queryRawUnsafe(text, ...values)).catch(refuse)) as readonly Row[]
}

/** @throws as `query` */
export async function execute(tx: RawClient, fragment: Fragment): Promise<number> {
  const { text, values } = statement(fragment)
  return (await Promise.resolve(tx.$executeRawUnsafe(text, ...values)).catch(refuse)) as number
}

function refuse(error: unknown): never {
  if (findSqlState(error) !== '42501') throw error
  throw new AuditHistoryError(
    'NO_RIGHT',
    'The role of this client may not do what the plan says. Nothing was reverted.',
    {
      hint: "A revert has its caller's rights: SELECT and UPDATE to lock the rows, what the steps do, and SELECT where foreign keys point to rows that are deleted.",
      cause: error,
    },
  )
}
