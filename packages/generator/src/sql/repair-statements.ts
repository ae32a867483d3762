import type { QualifiedName } from '../model/names.ts'
import type { AuditTableObject, StateSetting } from '../state/database-state.ts'
import { replaceAppendOnly, requiredCheck } from './audit-table.ts'
import { highest } from './live-sequences.ts'
import type { HistoryTable } from './look-first.ts'
import { AUDIT_COLUMNS } from './object-names.ts'
import { ident, join, literal, qualified, type Sql, sql, sqlText } from './sql.ts'

/*
 * Statements that mend one finding each: a person may run them, or `install` does. Roles are named as PostgreSQL's catalog has
 * them; `null` is PUBLIC.
 */

/** A function or procedure with the types of its arguments, as PostgreSQL's catalog spells them. */
export interface Routine extends QualifiedName {
  readonly arguments: string
}

export function giveFunction(routine: Routine, owner: string): string {
  return `ALTER ROUTINE ${signature(routine)} OWNER TO ${sqlText(ident(owner))};`
}

export function giveTable(name: QualifiedName, owner: string): string {
  return sqlText(sql`ALTER TABLE ${qualified(name)} OWNER TO ${ident(owner)};`)
}

export function closeFunction(routine: Routine, roles: readonly (string | null)[]): string {
  return `REVOKE ALL ON ROUTINE ${signature(routine)} FROM ${sqlText(rolesOf(roles))} CASCADE;`
}

export function openSchema(schema: string): string {
  return sqlText(sql`GRANT USAGE ON SCHEMA ${ident(schema)} TO PUBLIC;`)
}

export function openFunction(routine: Routine): string {
  return `GRANT EXECUTE ON FUNCTION ${signature(routine)} TO PUBLIC;`
}

/** Who may read a history goes on reading it. */
export function closeToWriters(name: QualifiedName, roles: readonly (string | null)[]): string {
  return sqlText(
    sql`REVOKE INSERT, UPDATE, DELETE, TRUNCATE, TRIGGER, REFERENCES ON ${qualified(name)} FROM ${rolesOf(roles)} CASCADE;`,
  )
}

/** Who may read how far it is goes on reading that. */
export function closeSequence(name: QualifiedName, roles: readonly (string | null)[]): string {
  return sqlText(sql`REVOKE USAGE, UPDATE ON SEQUENCE ${qualified(name)} FROM ${rolesOf(roles)} CASCADE;`)
}

/** A partition is read by its history. */
export function closeTable(name: QualifiedName, roles: readonly (string | null)[]): string {
  return sqlText(sql`REVOKE ALL ON ${qualified(name)} FROM ${rolesOf(roles)} CASCADE;`)
}

/** The guard of a history, or of one of its partitions, made anew. */
export function replaceGuard(table: HistoryTable): string {
  return sqlText(replaceAppendOnly(table))
}

export function letOwnerPass(name: QualifiedName): string {
  return sqlText(sql`ALTER TABLE ${qualified(name)} NO FORCE ROW LEVEL SECURITY;`)
}

export function heedPolicies(name: QualifiedName): string {
  return sqlText(sql`ALTER TABLE ${qualified(name)} ENABLE ROW LEVEL SECURITY;`)
}

export function makeLogged(name: QualifiedName): string {
  return sqlText(sql`ALTER TABLE ${qualified(name)} SET LOGGED;`)
}

/** @param heir as SQL names it */
export function disinherit(table: QualifiedName, heir: string): string {
  return `ALTER TABLE ${heir} NO INHERIT ${quoted(table)};`
}

export function dropRule(table: QualifiedName, rule: string): string {
  return sqlText(sql`DROP RULE ${ident(rule)} ON ${qualified(table)};`)
}

export function dropConstraint(table: QualifiedName, constraint: string): string {
  return sqlText(sql`ALTER TABLE ${qualified(table)} DROP CONSTRAINT ${ident(constraint)};`)
}

/** Rows from before stay as they are, and none is read. */
export function addRequiredCheck(table: AuditTableObject, setting: StateSetting): string {
  return sqlText(
    sql`ALTER TABLE ${qualified({ schema: table.schema, name: table.names.table })} ADD ${requiredCheck(table, setting)} NOT VALID;`,
  )
}

export function addPrimaryKey(table: QualifiedName): string {
  return sqlText(sql`ALTER TABLE ${qualified(table)} ADD PRIMARY KEY (${ident(AUDIT_COLUMNS.id)});`)
}

export function addNumbers(table: QualifiedName): string {
  return sqlText(
    sql`ALTER TABLE ${qualified(table)} ALTER COLUMN ${ident(AUDIT_COLUMNS.id)} ADD GENERATED ALWAYS AS IDENTITY;`,
  )
}

/**
 * Never back: whoever runs it later finds the sequence further, or the table.
 *
 * @param used the highest number that was found in use, also by what is no row
 */
export function setSequence(table: QualifiedName, column: string, used: string): string {
  const name = literal(sqlText(qualified(table)))
  return sqlText(sql`SELECT pg_catalog.setval(q.oid, h.last)
FROM (SELECT pg_catalog.pg_get_serial_sequence(${name}, ${literal(column)})::regclass AS oid) AS q,
  (${highest(table, column, sql`${literal(used)}::bigint`)}) AS h (last)
WHERE h.last > coalesce(pg_catalog.pg_sequence_last_value(q.oid), 0);`)
}

export function enableTrigger(table: QualifiedName, trigger: string, always: boolean): string {
  const mode = always ? sql`ENABLE ALWAYS` : sql`ENABLE`
  return sqlText(sql`ALTER TABLE ${qualified(table)} ${mode} TRIGGER ${ident(trigger)};`)
}

export function dropTrigger(table: QualifiedName, trigger: string): string {
  return sqlText(sql`DROP TRIGGER ${ident(trigger)} ON ${qualified(table)};`)
}

export function dropFunction(routine: Routine): string {
  return `DROP ROUTINE ${signature(routine)};`
}

/** `"audit"."missing_setting"(text, text)` */
export function signature(routine: Routine): string {
  return `${quoted(routine)}(${routine.arguments})`
}

/** As it is read in messages: `"public"."Order"`. */
export function quoted(name: QualifiedName): string {
  return sqlText(qualified(name))
}

function rolesOf(roles: readonly (string | null)[]): Sql {
  return join(
    roles.map((role) => (role === null ? sql`PUBLIC` : ident(role))),
    sql`, `,
  )
}

/** It keeps no log for its reader any more. */
export function dropSlot(name: string): string {
  return sqlText(sql`SELECT pg_catalog.pg_drop_replication_slot(${literal(name)});`)
}
