import type { AuditHome, AuditTableObject } from '../state/database-state.ts'
import { baseFunction } from './base-functions.ts'
import { MARK } from './base-guard.ts'
import type { HistoryTable } from './look-first.ts'
import { APPEND_ONLY_TRIGGER } from './object-names.ts'
import {
  dollarQuoted,
  ident,
  join,
  lines,
  literal,
  paragraphs,
  qualified,
  type Sql,
  sql,
  sqlText,
} from './sql.ts'
import { functionNames } from './triggers.ts'

/**
 * In a schema that the application's objects share (`AuditHome.shared`) every name may be taken. Nothing of the
 * application's is overwritten or used in silence: functions of ours are known by their COMMENT, audit tables by
 * their guard, and what is not ours ends the migration, with what to do.
 */

const WAY_OUT =
  'Mark this migration with "npx prisma migrate resolve --rolled-back", remove its directory, choose other names in schema.prisma'

/** Makes the schema if nobody has yet; it is not commented and not closed, for it is not ours. */
export function renderSharedSchema({ schema }: AuditHome): Sql {
  const body = sql`BEGIN
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_namespace AS n WHERE n.nspname = ${literal(schema)}) THEN
    CREATE SCHEMA ${ident(schema)};
  END IF;
END`
  return sql`DO ${dollarQuoted(body)};`
}

/** Ends the migration where one of the signatures is a function that does not carry our mark. */
export function refuseForeignFunctions(
  home: AuditHome,
  signatures: readonly Sql[],
  hint: string,
  exception = sql``,
): Sql {
  if (!home.shared) return sql``
  const each = signatures.map((signature) => literal(sqlText(signature)))
  const body = sql`DECLARE
  wanted text;
BEGIN
  FOREACH wanted IN ARRAY ARRAY[
    ${join(each, sql`,\n`)}
  ] LOOP
    -- A COMMENT can be forged by whoever owns the function, and who owns it can change it later.
    IF EXISTS (
      SELECT FROM pg_catalog.pg_proc AS f
      WHERE f.oid = pg_catalog.to_regprocedure(wanted)
        AND (${isForeign(sql`f.proowner`)} OR (
          pg_catalog.starts_with(pg_catalog.obj_description(f.oid, 'pg_proc'), ${literal(MARK)}) IS NOT TRUE${exception}
        ))
    ) THEN
      RAISE EXCEPTION USING
        ERRCODE = 'duplicate_function',
        MESSAGE = pg_catalog.format('function %s exists already and does not belong to prisma-generator-audit', wanted),
        HINT = ${literal(`${WAY_OUT}, ${hint}, and run "npx prisma generate".`)};
    END IF;
  END LOOP;
END`
  return sql`-- A function of the application's is not overwritten.
DO ${dollarQuoted(body)};`
}

/** Not the migration's own role and not the database's owner. */
function isForeign(owner: Sql): Sql {
  return sql`${owner} NOT IN (
  SELECT r.oid FROM pg_catalog.pg_roles AS r WHERE r.rolname = current_user
  UNION ALL
  SELECT d.datdba FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database()
)`
}

/** The COMMENTs by which `refuseForeignFunctions` knows them. */
export function markFunctions(home: AuditHome, signatures: readonly Sql[]): Sql {
  if (!home.shared) return sql``
  return lines(
    signatures.map((each) => sql`COMMENT ON ROUTINE ${each} IS ${literal(`${MARK}: audit trail`)};`),
  )
}

/** Both around the functions of one table. */
export function withOwnFunctions(table: AuditTableObject, functions: Sql): Sql {
  const signatures = functionNames(table).map((name) => sql`${qualified({ schema: table.schema, name })}()`)
  return paragraphs([
    refuseForeignFunctions(
      table,
      signatures,
      'for example function = "history_{table}_{role}"',
      usedByUs(table),
    ),
    functions,
    markFunctions(table, signatures),
  ])
}

/** Functions that come from a schema of the audit's own carry no COMMENT yet; the triggers know them. */
function usedByUs({ source, names }: AuditTableObject): Sql {
  const triggers = [names.insertTrigger, names.truncateTrigger, names.keyTrigger].map(literal)
  return sql`
AND NOT EXISTS (
  SELECT FROM pg_catalog.pg_trigger AS t
  WHERE t.tgfoid = f.oid
    AND t.tgrelid = pg_catalog.to_regclass(${literal(sqlText(qualified(source)))})
    AND t.tgname IN (${join(triggers, sql`, `)})
)`
}

/** Before the audit table is made: neither its name nor that of its index is the application's. */
export function refuseForeignTable(
  table: HistoryTable,
  index: string,
  wayOut = 'for example @audit(enabled, table: "…") above the model',
): Sql {
  if (!table.shared) return sql``
  const named = (name: string) => literal(sqlText(qualified({ schema: table.schema, name })))
  const hint = literal(`${WAY_OUT}, ${wayOut}, and run "npx prisma generate".`)
  const body = sql`DECLARE
  ours regclass := pg_catalog.to_regclass(${named(table.names.table)});
  taken regclass := pg_catalog.to_regclass(${named(index)});
BEGIN
  IF ours IS NOT NULL AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    JOIN pg_catalog.pg_class AS c ON c.oid = t.tgrelid
    WHERE t.tgrelid = ours
      AND NOT (${isForeign(sql`c.relowner`)})
      AND t.tgname = ${literal(APPEND_ONLY_TRIGGER)}
      AND t.tgfoid = ${literal(sqlText(sql`${baseFunction(table, 'appendOnly')}()`))}::regprocedure
  ) THEN
    RAISE EXCEPTION USING
      ERRCODE = 'duplicate_table',
      MESSAGE = pg_catalog.format('%s exists already and is no audit table', ours),
      HINT = ${hint};
  END IF;
  IF taken IS NOT NULL AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_index AS i WHERE i.indexrelid = taken AND i.indrelid = ours
  ) THEN
    RAISE EXCEPTION USING
      ERRCODE = 'duplicate_table',
      MESSAGE = pg_catalog.format('%s exists already and is no index of an audit table', taken),
      HINT = ${hint};
  END IF;
END`
  return sql`-- A table of the application's is not taken for an audit table.
DO ${dollarQuoted(body)};`
}
