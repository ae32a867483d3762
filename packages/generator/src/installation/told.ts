import { nameKey } from '../model/names.ts'
import type { SourceDatabase } from '../model/source-database.ts'
import type { Told } from '../sql/live-comparison.ts'
import type { AuditTableObject } from '../state/database-state.ts'
import type { TableHistories, TableHistory } from '../state/table-history.ts'

/** What the migrations tell of the histories, and when this database took them. */
export interface Recorded {
  readonly histories: TableHistories
  readonly database: SourceDatabase
  /** By directory name: when the migration was done, as PostgreSQL's text. */
  readonly applied: ReadonlyMap<string, string>
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
    return { table, isWhole: table.backfill !== undefined, since, left: new Set() }
  }
  const { applied } = recorded
  const since = live.flatMap(({ name }) => {
    const migration = history.columns.get(name)
    if (migration === undefined) return [[name, NOBODY_KNOWS] as const]
    return migration === history.attached && history.isResumed === undefined
      ? []
      : [[name, applied.get(migration) ?? NOBODY_KNOWS] as const]
  })
  return {
    table,
    isWhole: table.backfill !== undefined || isNewWithItsAudit(table, history, recorded.database),
    ...(history.isResumed ? { restedUntil: applied.get(history.attached) ?? NOBODY_KNOWS } : {}),
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
  if (table === undefined || isResumed) return false
  // prisma/migrations/<name>/migration.sql
  if (table.place.file.split(/[\\/]/).at(-2) !== attached) return false
  const names = [table, ...(table.formerNames ?? [])].map(nameKey)
  const isWritten = dataChanges.some(
    ({ migration, table: target }) => migration === attached && names.includes(nameKey(target)),
  )
  return !isWritten && !notInterpreted.some(({ migration }) => migration === attached)
}
