import type { QualifiedName } from '../model/names.ts'
import type { AuditTableObject } from '../state/database-state.ts'
import { isColumnStep, type TableGroup } from '../state/table-group.ts'
import { commentOnTable } from './audit-table.ts'
import { type Cluster, named } from './crossing-names.ts'
import { historyTarget } from './history-row.ts'
import { LOCK_VARIABLES, lockWriters } from './lock-writers.ts'
import { auditTable } from './look-first.ts'
import { allColumns, moveColumns, moveColumnsBack } from './rename-columns.ts'
import { isRenamed, renameAside, renameObjects, spareNames } from './rename-objects.ts'
import {
  dollarQuoted,
  integer,
  isFilled,
  join,
  lines,
  literal,
  qualified,
  type Sql,
  sql,
  sqlText,
} from './sql.ts'
import { functionNames, insertTrigger } from './triggers.ts'

interface Direction {
  readonly from: AuditTableObject
  readonly to: AuditTableObject
  readonly source: Sql
  /** The source's name, where it is known to be there. */
  readonly lock: QualifiedName | undefined
  /** True once this has been done. */
  readonly isDone: Sql
  readonly columns: Sql
}

/**
 * The one statement that renames objects and columns of a cluster's tables, all or none, unless it has been done: after two
 * tables or two columns have exchanged their names, only the functions tell that they have. Empty where nothing is renamed.
 */
export function renameUp({ groups, crosses }: Cluster): Sql {
  return renameBlock(groups.flatMap(upward), crosses, sql``)
}

function upward(group: TableGroup): readonly Direction[] {
  const { before, moves, after } = group
  if (before === undefined || !isTouched(group)) return []
  const source = oidOf([after])
  return [
    {
      from: before,
      to: named(before, after),
      source,
      lock: after.capturing ? after.source : undefined,
      isDone: isUp(group, source),
      columns: moveColumns(before, moves, after),
    },
  ]
}

function isUp(group: TableGroup, source: Sql): Sql {
  const { before, moves, after } = group
  if (!after.capturing) {
    return before !== undefined && !isRenamed(before, after) ? sql`NOT ${writesOwn(before)}` : exists(after)
  }
  const names = newNames(group)
  const columns = names.length === 0 ? [] : [countColumns(after, names, names.length)]
  const isSetAside = before !== undefined && moves.length === 0 && !isRenamed(before, after)
  return join(isSetAside ? columns : [callsOwn(after, source), ...columns], sql`\nAND `)
}

/** Whether the functions of before would miss something. */
function isTouched({ before, moves, rest, after }: TableGroup): boolean {
  if (before === undefined) return false
  const isSetAside = before.capturing && rest.some(({ kind }) => kind === 'setAsideColumn')
  return moves.length > 0 || isSetAside || isRenamed(before, after)
}

/** @param columnsDown by group, PL/pgSQL for the steps of columns that came after the renames */
export function renameDown({ groups, crosses }: Cluster, columnsDown: (group: TableGroup) => Sql): Sql {
  const made = crosses ? groups.filter(({ before }) => before === undefined) : []
  const aside = lines(made.map(({ after }) => stepTableAside(after)))
  return renameBlock(
    groups.flatMap((group) => downward(group, columnsDown)),
    crosses,
    aside,
  )
}

function downward(group: TableGroup, columnsDown: (group: TableGroup) => Sql): readonly Direction[] {
  const { before, moves, after } = group
  if (before === undefined || !isTouched(group)) return []
  const source = oidOf([after, before])
  return [
    {
      from: after,
      to: named(after, before),
      source,
      lock: undefined,
      isDone: isDown(group, before, source),
      columns: moves.length === 0 ? sql`` : lines([columnsDown(group), moveColumnsBack(group)]),
    },
  ]
}

function isDown(group: TableGroup, before: AuditTableObject, source: Sql): Sql {
  const { moves, after } = group
  const names = newNames(group)
  const columns = names.length === 0 ? [] : [countColumns(before, names, 0)]
  const isSetAside = moves.length === 0 && !isRenamed(before, after)
  return join(isSetAside ? columns : [isBack(group, before, source), ...columns], sql`\nAND `)
}

function isBack(group: TableGroup, before: AuditTableObject, source: Sql): Sql {
  const { after } = group
  if (before.capturing && after.capturing) {
    return isContinued(group) ? writesOwn(before) : callsOwn(before, source)
  }
  if (sqlText(auditTable(before)) !== sqlText(auditTable(after))) return exists(before)
  return before.capturing ? writesOwn(before) : sql`NOT ${writesOwn(after)}`
}

/** A table that was made in place of the one whose history it goes on with. */
export function isContinued({ before, steps, after }: TableGroup): boolean {
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

function renameBlock(directions: readonly Direction[], crosses: boolean, aside: Sql): Sql {
  const body = paragraphsOfBlock(directions, crosses, aside)
  if (!isFilled(body)) return sql``
  // One transaction takes all of them: what holds for one that has writers holds for all.
  const [told] = directions.toSorted((a, b) => Number(b.to.capturing) - Number(a.to.capturing))
  if (told === undefined) return sql``
  const block = sql`DECLARE
  ${LOCK_VARIABLES}
BEGIN
  -- Run again after a later section failed, it finds its work done.
  IF
    ${told.isDone}
  THEN
    RETURN;
  END IF;
  ${body}
END`
  return sql`DO ${dollarQuoted(block)};`
}

function paragraphsOfBlock(directions: readonly Direction[], crosses: boolean, aside: Sql): Sql {
  const objects = directions.filter(({ from, to }) => isRenamed(from, to))
  const renames = crosses
    ? [
        ...objects.map(({ from, to, source }) => renameObjects(from, spareNames(from, to), source)),
        aside,
        ...objects.map(({ from, to, source }) => renameObjects(spareNames(from, to), to, source)),
      ]
    : objects.map(({ from, to, source }) => renameObjects(from, to, source))
  return lines([lockWriters(directions), ...renames, ...directions.map(({ columns }) => columns)])
}

/** The OID of the first of the tables' sources that is there; NULL where none is. */
function oidOf(tables: readonly AuditTableObject[]): Sql {
  const names = [...new Set(tables.map(({ source }) => sqlText(qualified(source))))]
  const each = names.map((name) => sql`pg_catalog.to_regclass(${literal(name)})`)
  return each.length === 1 ? join(each, sql``) : sql`coalesce(${join(each, sql`, `)})`
}

/** The source's trigger calls the table's own function, and that writes the table's own columns. */
function callsOwn(table: AuditTableObject, source: Sql): Sql {
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

function exists(table: AuditTableObject): Sql {
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

/** A table that the steps made gives up its names: nothing writes it any more, and it keeps its history. */
function stepTableAside(table: AuditTableObject): Sql {
  return lines([commentOnTable({ ...table, capturing: false }), dropWithTriggers(table), renameAside(table)])
}

/** By the functions that they call: another table may have the source's name again. */
function dropWithTriggers(table: AuditTableObject): Sql {
  const functions = functionNames(table).map((name) => qualified({ schema: table.schema, name }))
  const oids = functions.map((name) => sql`pg_catalog.to_regprocedure(${literal(`${sqlText(name)}()`)})`)
  return sql`FOR command IN
  SELECT pg_catalog.format('DROP TRIGGER %I ON %s', t.tgname, t.tgrelid::regclass)
  FROM pg_catalog.pg_trigger AS t
  WHERE t.tgfoid IN (
    ${join(oids, sql`,\n`)}
  )
LOOP
  EXECUTE command;
END LOOP;
${lines(functions.map((name) => sql`DROP FUNCTION IF EXISTS ${name}();`))}`
}
