import type { QualifiedName } from '../model/names.ts'
import { quoted, setSequence } from '../sql/repair-statements.ts'
import { type Finding, mendedBy } from './installation-status.ts'
import type { LiveDatabase } from './live-database.ts'

/** A dump of the tables alone, and replication, leave sequences where they were: they would give numbers once more. */
export function compareSequences(
  table: QualifiedName,
  { sequences }: Pick<LiveDatabase, 'sequences'>,
): readonly Finding[] {
  return sequences
    .filter((each) => each.table === table.name)
    .flatMap(({ column, lastId, used }) => {
      if (used === null || BigInt(lastId ?? 0) >= BigInt(used)) return []
      const object = `sequence of table ${quoted(table)}`
      const message = `is at ${lastId ?? 'its start'}, and numbers up to ${used} are used: the next writes fail, or count as forged`
      return [mendedBy({ state: 'outdated', object, message }, setSequence(table, column, used))]
    })
}
