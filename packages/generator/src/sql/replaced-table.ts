import type { QualifiedName } from '../model/names.ts'
import type { AuditTableObject } from '../state/database-state.ts'
import { replacedBy } from '../state/replacements.ts'
import type { TableGroup } from '../state/table-group.ts'
import { LOCK_VARIABLES, tryLocks } from './lock-writers.ts'
import { callsOwn, exists } from './rename-done.ts'
import { isRenamed } from './rename-objects.ts'
import { dollarQuoted, join, lines, literal, qualified, type Sql, sql, sqlText } from './sql.ts'
import { functionNames } from './triggers.ts'

/*
 * A table was renamed away, and another one has its name and goes on with its history. Our triggers went along with the
 * former one, which may be a partition of the other one by now: row triggers of that are cloned to it, and would meet
 * triggers of the same names there.
 */

/**
 * Takes the triggers off the former table, whatever it is called by then: they are those that call the functions. Clones
 * go with the trigger that they are clones of. Empty where no table was replaced. Before all renames: it finds the
 * functions by their names of before, which may be another table's once these are done.
 */
export function renderReplacedOff(group: TableGroup): Sql {
  const { before, after } = group
  if (before === undefined || replacedBy(group) === undefined) return sql``
  const source = qualified(after.source)
  const oids = functionNames(before).map((name) => {
    const text = `${sqlText(qualified({ schema: before.schema, name }))}()`
    return sql`pg_catalog.to_regprocedure(${literal(text)})`
  })
  // The strongest lock at once where triggers go: one that is raised meets a reader who is about to write in a deadlock.
  const mode = after.capturing ? sql`SHARE ROW EXCLUSIVE` : sql`ACCESS EXCLUSIVE`
  const body = sql`DECLARE
  ${LOCK_VARIABLES}
BEGIN
  ${unlessDone(before, after)}
  -- No write goes on in one of the tables while the other one gets its triggers.
  ${tryLocks(
    sql`LOCK TABLE ONLY ${source} IN ${mode} MODE;`,
    lines([
      forTriggersOf(
        oids,
        source,
        sql`SELECT DISTINCT pg_catalog.format('LOCK TABLE ONLY %s IN ACCESS EXCLUSIVE MODE', t.tgrelid::regclass)`,
      ),
      sql`LOCK TABLE ${source} IN ${mode} MODE;`,
      forTriggersOf(
        oids,
        source,
        sql`SELECT pg_catalog.format('DROP TRIGGER %I ON %s', t.tgname, t.tgrelid::regclass)`,
      ),
    ]),
  )}
END`
  return sql`DO ${dollarQuoted(body)};`
}

/** For each trigger that calls one of the functions on a table other than the source, the command that is selected. */
function forTriggersOf(functions: readonly Sql[], source: Sql, command: Sql): Sql {
  return sql`FOR command IN
  ${command}
  FROM pg_catalog.pg_trigger AS t
  WHERE t.tgfoid IN (
    ${join(functions, sql`,\n`)}
  )
    AND t.tgparentid = 0
    AND t.tgrelid <> ${literal(sqlText(source))}::regclass
  ORDER BY 1
LOOP
  EXECUTE command;
END LOOP;`
}

function unlessDone(before: AuditTableObject, after: AuditTableObject): Sql {
  if (!after.capturing && !isRenamed(before, after)) return sql``
  const source = sql`pg_catalog.to_regclass(${literal(sqlText(qualified(after.source)))})`
  return sql`IF
  ${after.capturing ? callsOwn(after, source) : exists(after)}
THEN
  RETURN;
END IF;`
}

/** For down.sql, before the triggers go back: both tables at once, whichever are there. Empty where none was replaced. */
export function renderReplacedLock(group: TableGroup): Sql {
  const replaced = replacedBy(group)
  if (replaced === undefined) return sql``
  const { source } = group.after
  const body = sql`DECLARE
  ${LOCK_VARIABLES}
BEGIN
  -- The triggers go back to the table that they were on.
  ${tryLocks(lockThere(sql`ONLY %s`, [source]), lockThere(sql`%s`, [source, replaced]))}
END`
  return sql`DO ${dollarQuoted(body)};`
}

function lockThere(what: Sql, tables: readonly QualifiedName[]): Sql {
  const oids = tables.map((name) => sql`pg_catalog.to_regclass(${literal(sqlText(qualified(name)))})`)
  return sql`FOR command IN
  SELECT pg_catalog.format('LOCK TABLE ${what} IN ACCESS EXCLUSIVE MODE', c.oid::regclass)
  FROM pg_catalog.pg_class AS c
  WHERE c.oid IN (${join(oids, sql`, `)})
LOOP
  EXECUTE command;
END LOOP;`
}
