import type { AuditTableObject } from '../state/database-state.ts'
import { replacedBy } from '../state/replacements.ts'
import { isColumnStep, type TableGroup } from '../state/table-group.ts'
import { named } from './crossing-names.ts'
import { historyTarget } from './history-row.ts'
import { auditTable } from './look-first.ts'
import { allColumns } from './rename-columns.ts'
import { isRenamed } from './rename-objects.ts'
import { integer, join, literal, qualified, type Sql, sql, sqlText } from './sql.ts'
import { insertTrigger } from './triggers.ts'

/*
 * After two tables or two columns have exchanged their names, no name tells that they have. What tells is the function that
 * the source's trigger calls, by its OID, and the order of the columns in its text.
 */

/** True where the renames have been done, whether or not a later section failed. */
export function isUp(group: TableGroup, source: Sql): Sql {
  const { before, moves, after } = group
  if (!after.capturing) {
    return before !== undefined && !isRenamed(before, after) ? sql`NOT ${writesOwn(before)}` : exists(after)
  }
  const names = newNames(group)
  const columns = names.length === 0 ? [] : [countColumns(after, names, names.length)]
  const isSetAside = before !== undefined && moves.length === 0 && !isRenamed(before, after)
  return join(isSetAside ? columns : [callsOwn(after, source), ...columns], sql`\nAND `)
}

/** True where down.sql has taken the renames back. */
export function isDown(group: TableGroup, before: AuditTableObject, source: Sql): Sql {
  const { moves, after } = group
  const names = newNames(group)
  const columns = names.length === 0 ? [] : [countColumns(before, names, 0)]
  const isSetAside = moves.length === 0 && !isRenamed(after, named(after, before))
  return join(isSetAside ? columns : [isBack(group, before, source), ...columns], sql`\nAND `)
}

function isBack(group: TableGroup, before: AuditTableObject, source: Sql): Sql {
  const { after } = group
  if (before.capturing && after.capturing) {
    return isContinued(group) ? isOffAgain(before, after, source) : callsOwn(before, source)
  }
  if (sqlText(auditTable(before)) !== sqlText(auditTable(after))) return exists(before)
  return before.capturing ? writesOwn(before) : sql`NOT ${writesOwn(after)}`
}

/** The functions may have kept their names, and only the triggers have got others. */
function isOffAgain(before: AuditTableObject, after: AuditTableObject, source: Sql): Sql {
  const { name } = insertTrigger(after)
  if (name === insertTrigger(before).name) return writesOwn(before)
  return sql`${writesOwn(before)}
AND NOT EXISTS (
  SELECT FROM pg_catalog.pg_trigger AS t WHERE t.tgrelid = ${source} AND t.tgname = ${literal(name)}
)`
}

/** A table that was made in place of the one whose history it goes on with. */
export function isContinued(group: TableGroup): boolean {
  const { before, steps, after } = group
  if (after.capturing && replacedBy(group) !== undefined) return true
  if (before === undefined || sqlText(qualified(before.source)) === sqlText(qualified(after.source)))
    return false
  return before.capturing && steps.some(({ kind }) => kind === 'resumeTable')
}

/** The names under which columns are found once the steps have been taken, and not before. */
function newNames({ before, steps, after }: TableGroup): readonly string[] {
  const given = steps.filter(isColumnStep).flatMap((step) => {
    if (step.kind === 'renameColumn') return [step.to]
    return step.kind === 'setAsideColumn' ? [step.as] : []
  })
  const former = new Set(before === undefined ? [] : allColumns(before))
  const present = new Set(allColumns(after))
  return [...new Set(given)].filter((name) => present.has(name) && !former.has(name))
}

/** The source's trigger calls the table's own function, and that writes the table's own columns. */
export function callsOwn(table: AuditTableObject, source: Sql): Sql {
  const { name, calls } = insertTrigger(table)
  return sql`EXISTS (
  SELECT FROM pg_catalog.pg_trigger AS t
  JOIN pg_catalog.pg_proc AS f ON f.oid = t.tgfoid
  WHERE t.tgrelid = ${source}
    AND t.tgname = ${literal(name)}
    AND f.oid = ${procedure(calls)}
    AND ${writes(table)}
)`
}

function writesOwn(table: AuditTableObject): Sql {
  const { calls } = insertTrigger(table)
  return sql`EXISTS (
  SELECT FROM pg_catalog.pg_proc AS f
  WHERE f.oid = ${procedure(calls)}
    AND ${writes(table)}
)`
}

function writes(table: AuditTableObject): Sql {
  const target = sqlText(historyTarget(table)).replace(/[ \r\n]+/g, ' ')
  return sql`pg_catalog.strpos(pg_catalog.regexp_replace(f.prosrc, '[ \\r\\n]+', ' ', 'g'), ${literal(target)}) > 0`
}

function procedure(name: { readonly schema: string; readonly name: string }): Sql {
  return sql`pg_catalog.to_regprocedure(${literal(`${sqlText(qualified(name))}()`)})`
}

export function exists(table: AuditTableObject): Sql {
  return sql`pg_catalog.to_regclass(${literal(sqlText(auditTable(table)))}) IS NOT NULL`
}

/** So many of the columns are there. */
function countColumns(table: AuditTableObject, names: readonly string[], count: number): Sql {
  return sql`(
  SELECT pg_catalog.count(*) FROM pg_catalog.pg_attribute AS a
  WHERE a.attrelid = pg_catalog.to_regclass(${literal(sqlText(auditTable(table)))})
    AND a.attname IN (${join(names.map(literal), sql`, `)})
    AND NOT a.attisdropped
) = ${integer(count)}`
}
