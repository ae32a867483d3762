import type { AuditTableObject } from '../state/database-state.ts'
import { commentOnTable } from './audit-table.ts'
import { renameAside } from './rename-objects.ts'
import { join, lines, literal, qualified, type Sql, sql, sqlText } from './sql.ts'
import { functionNames } from './triggers.ts'

/** PL/pgSQL: a table that the steps made gives up its names: nothing writes it any more, and it keeps its history. */
export function stepTableAside(table: AuditTableObject): Sql {
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
