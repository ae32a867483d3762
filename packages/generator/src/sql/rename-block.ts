import type { AuditTableObject } from '../state/database-state.ts'
import type { TableGroup } from '../state/table-group.ts'
import { type Cluster, named } from './crossing-names.ts'
import { dropsTriggers, dropsTriggersDown } from './lock-order.ts'
import { LOCK_VARIABLES, type LockedTable, lockWriters } from './lock-writers.ts'
import { moveColumns, moveColumnsBack } from './rename-columns.ts'
import { isDown, isUp } from './rename-done.ts'
import { isRenamed, renameObjects, spareNames } from './rename-objects.ts'
import { dollarQuoted, isFilled, join, lines, literal, qualified, type Sql, sql, sqlText } from './sql.ts'
import { stepTableAside } from './step-table-aside.ts'

interface Direction extends LockedTable {
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

/** The tables of a group that `renameUp` renames or moves, as their writers are to be kept out. */
export function renamedTables(group: TableGroup): readonly LockedTable[] {
  return upward(group)
}

function upward(group: TableGroup): readonly Direction[] {
  const { before, moves, after } = group
  if (before === undefined || !(movesColumns(group) || isRenamed(before, after))) return []
  const source = oidOf([after])
  return [
    {
      from: before,
      to: named(before, after),
      source,
      lock: after.capturing ? after.source : undefined,
      dropsTriggers: dropsTriggers(group),
      isDone: isUp(group, source),
      columns: moveColumns(before, moves, after),
    },
  ]
}

/** Whether the functions of before would miss a column. */
function movesColumns({ before, moves, rest }: TableGroup): boolean {
  return (
    moves.length > 0 || (before?.capturing === true && rest.some(({ kind }) => kind === 'setAsideColumn'))
  )
}

/** @param columnsDown by group, PL/pgSQL for the steps of columns that came after the renames */
export function renameDown({ groups, crosses }: Cluster, columnsDown: (group: TableGroup) => Sql): Sql {
  const made = crosses ? groups.filter(({ before }) => before === undefined) : []
  const aside = lines(made.map(({ after }) => stepTableAside(after)))
  return renameBlock(
    groups.flatMap((group) => downward(group, made.length > 0, columnsDown)),
    crosses,
    aside,
  )
}

/** @param stepsAside a table that the steps made gives up its names, and its triggers, which may be on this one */
function downward(
  group: TableGroup,
  stepsAside: boolean,
  columnsDown: (group: TableGroup) => Sql,
): readonly Direction[] {
  const { before, moves, after } = group
  // A history that rested before has functions and triggers only now, under its new names.
  if (before === undefined || !(movesColumns(group) || isRenamed(after, named(after, before)))) return []
  const source = oidOf([after, before])
  return [
    {
      from: after,
      to: named(after, before),
      source,
      lock: undefined,
      dropsTriggers: stepsAside || dropsTriggersDown(group),
      isDone: isDown(group, before, source),
      columns: moves.length === 0 ? sql`` : lines([columnsDown(group), moveColumnsBack(group)]),
    },
  ]
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
export function oidOf(tables: readonly AuditTableObject[]): Sql {
  const names = [...new Set(tables.map(({ source }) => sqlText(qualified(source))))]
  const each = names.map((name) => sql`pg_catalog.to_regclass(${literal(name)})`)
  return each.length === 1 ? join(each, sql``) : sql`coalesce(${join(each, sql`, `)})`
}
