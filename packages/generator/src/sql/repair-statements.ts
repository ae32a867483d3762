import type { QualifiedName } from '../model/names.ts'
import { AUDIT_COLUMNS } from './object-names.ts'
import { ident, join, literal, qualified, type Sql, sql, sqlText } from './sql.ts'

/*
 * Statements that mend one finding each: a person may run them, or `install` does. Roles are named as PostgreSQL's catalog has
 * them; `null` is PUBLIC.
 */

export function giveFunction(name: QualifiedName, owner: string): string {
  return sqlText(sql`ALTER FUNCTION ${qualified(name)} OWNER TO ${ident(owner)};`)
}

export function giveTable(name: QualifiedName, owner: string): string {
  return sqlText(sql`ALTER TABLE ${qualified(name)} OWNER TO ${ident(owner)};`)
}

export function closeFunction(name: QualifiedName, roles: readonly (string | null)[]): string {
  return sqlText(sql`REVOKE ALL ON FUNCTION ${qualified(name)} FROM ${rolesOf(roles)};`)
}

/** Who may read a history goes on reading it. */
export function closeToWriters(name: QualifiedName, roles: readonly (string | null)[]): string {
  return sqlText(
    sql`REVOKE INSERT, UPDATE, DELETE, TRUNCATE, TRIGGER, REFERENCES ON ${qualified(name)} FROM ${rolesOf(roles)};`,
  )
}

/** @param id the highest number of the history, in digits */
export function setSequence(history: QualifiedName, id: string): string {
  const [table, column] = [literal(sqlText(qualified(history))), literal(AUDIT_COLUMNS.id)]
  return sqlText(
    sql`SELECT pg_catalog.setval(pg_catalog.pg_get_serial_sequence(${table}, ${column}), ${literal(id)});`,
  )
}

export function enableTrigger(table: QualifiedName, trigger: string, always: boolean): string {
  const mode = always ? sql`ENABLE ALWAYS` : sql`ENABLE`
  return sqlText(sql`ALTER TABLE ${qualified(table)} ${mode} TRIGGER ${ident(trigger)};`)
}

export function dropTrigger(table: QualifiedName, trigger: string): string {
  return sqlText(sql`DROP TRIGGER ${ident(trigger)} ON ${qualified(table)};`)
}

export function dropFunction(name: QualifiedName): string {
  return sqlText(sql`DROP FUNCTION ${qualified(name)};`)
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
