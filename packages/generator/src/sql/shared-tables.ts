import { type AuditHome, type DatabaseState, homeOf } from '../state/database-state.ts'
import { hasHashes } from '../state/hashing.ts'
import { hasPartitions } from '../state/partitioning.ts'
import { hasWaiverTable } from '../state/waiver.ts'
import { hashSignatures } from './hash-functions.ts'
import { hashKeyIndex, hashKeys } from './hash-key-table.ts'
import type { HistoryTable } from './look-first.ts'
import { dropView, moveOwnTable } from './move-own-table.ts'
import { partitionSignatures } from './partition-procedure.ts'
import { paragraphs, type Sql, sql } from './sql.ts'
import { waiverSignatures } from './waiver-functions.ts'
import { waiverHistory, waiverIndex } from './waiver-table.ts'

/*
 * The tables that all histories share, those of waivers and of hash keys, when the audit schema gets another name. They go
 * along where either state knows them: a down.sql brings back what came with the move, and then it goes up once more.
 */

interface SharedTable {
  readonly table: typeof waiverHistory
  readonly index: (home: AuditHome) => string
  readonly signatures: (home: AuditHome) => readonly Sql[]
}

const WAIVERS: SharedTable = { table: waiverHistory, index: waiverIndex, signatures: waiverSignatures }
const HASH_KEYS: SharedTable = { table: hashKeys, index: hashKeyIndex, signatures: hashSignatures }

/** Those that `renderMoveSharedTables` moves, under their former names. */
export function movedSharedTables(from: DatabaseState, to: DatabaseState): readonly HistoryTable[] {
  const { schema } = from
  return schema === undefined ? [] : sharedTables(from, to).map(({ table }) => table(homeOf(schema)))
}

export function renderMoveSharedTables(from: DatabaseState, to: DatabaseState): Sql {
  if (from.schema === undefined || to.schema === undefined) return sql``
  const [before, after] = [homeOf(from.schema), homeOf(to.schema)]
  return paragraphs(
    sharedTables(from, to).map(({ table, index }) =>
      moveOwnTable(table(before), table(after), { before: index(before), after: index(after) }),
    ),
  )
}

/** PL/pgSQL: the views that they left go when nothing calls by the former names any more. */
export function dropSharedViews(from: DatabaseState, to: DatabaseState): readonly Sql[] {
  return movedSharedTables(from, to).map(dropView)
}

/** Their functions in the audit schema of `from`, and the procedures of partitions. */
export function sharedSignatures(from: DatabaseState, to: DatabaseState): readonly Sql[] {
  const { schema } = from
  return schema === undefined
    ? []
    : [
        ...sharedTables(from, to).flatMap(({ signatures }) => signatures(homeOf(schema))),
        ...([from, to].some(hasPartitions) ? partitionSignatures(homeOf(schema)) : []),
      ]
}

function sharedTables(from: DatabaseState, to: DatabaseState): readonly SharedTable[] {
  const states = [from, to]
  return [
    ...(states.some(({ schema }) => hasWaiverTable(schema ?? {})) ? [WAIVERS] : []),
    ...(states.some(hasHashes) ? [HASH_KEYS] : []),
  ]
}
