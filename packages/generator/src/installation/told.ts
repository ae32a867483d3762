import { nameKey } from '../model/names.ts'
import type { SourceDatabase } from '../model/source-database.ts'
import type { Told } from '../sql/live-differences.ts'
import type { AuditTableObject } from '../state/database-state.ts'
import type { TableHistories, TableHistory } from '../state/table-history.ts'

/** What the migrations tell of the histories, and when this database took them. */
export interface Recorded {
  readonly histories: TableHistories
  readonly database: SourceDatabase
  /** By directory name: when the migration was begun, and when all of it was done for certain; PostgreSQL's text. */
  readonly applied: ReadonlyMap<string, { readonly begun: string; readonly done: string }>
}

const NOBODY_KNOWS = 'infinity'

/**
 * What the history of a table can tell of its rows. A column that came to an audit of long ago has no value in the rows of before, and a
 * table that was there before its audit has rows that nobody recorded: neither was written past the triggers.
 *
 * @param recorded undefined where no migration makes the audit: then NULL in the history is never held against a row
 */
export function toldOf(table: AuditTableObject, recorded: Recorded | undefined): Told {
  const history = recorded?.histories.get(nameKey(table.source))
  const live = table.columns.filter(({ retired }) => !retired)
  if (recorded === undefined || history === undefined) {
    const since = new Map(live.map(({ name }) => [name, NOBODY_KNOWS] as const))
    return { table, isWhole: table.backfill === true, since, left: new Set() }
  }
  const { applied } = recorded
  const { attached } = history
  const begun = applied.get(attached)?.begun ?? NOBODY_KNOWS
  const since = live.map(({ name }) => {
    const migration = history.columns.get(name) ?? ''
    // A squashed folder adopts a history, which has rows from before; a baseline in the migration is of after its begin.
    const until = migration === attached ? begun : (applied.get(migration)?.done ?? NOBODY_KNOWS)
    return [name, until] as const
  })
  return {
    table,
    // A baseline in batches is begun by hand, and nobody notes its end.
    isWhole: table.backfill === true || isNewWithItsAudit(table, history, recorded.database),
    ...(history.isResumed ? { restedUntil: begun } : {}),
    since: new Map(since),
    left: new Set(),
  }
}

/** The migration that made the table put the triggers on it, and wrote no row before. */
function isNewWithItsAudit(
  { source }: AuditTableObject,
  { attached, isResumed }: TableHistory,
  { tables, dataChanges, notInterpreted }: SourceDatabase,
): boolean {
  const table = tables.find(({ schema, name }) => schema === source.schema && name === source.name)
  // A partition may bring rows along.
  if (table === undefined || isResumed || table.partitioned || table.inherits) return false
  // prisma/migrations/<name>/migration.sql
  if (table.place.file.split(/[\\/]/).at(-2) !== attached) return false
  const names = [table, ...(table.formerNames ?? [])].map(nameKey)
  const isWritten = dataChanges.some(
    ({ migration, table: target }) => migration === attached && names.includes(nameKey(target)),
  )
  return !isWritten && !notInterpreted.some(({ migration }) => migration === attached)
}
