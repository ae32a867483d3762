import { SEAL_TABLES } from '../model/names.ts'
import type { AuditHome } from '../state/database-state.ts'
import { makeAppendOnly } from './audit-table.ts'
import { auditTable } from './look-first.ts'
import { APPEND_ONLY_TRIGGER } from './object-names.ts'
import { APPEND_ONLY, isOwnedByAudit, type SealTableRole, sealName, sealTable } from './seal-tables.ts'
import { ident, lines, literal, parameter, type Sql, sql, sqlText } from './sql.ts'

/*
 * A migration that gives the audit schema another name moves the histories, and knows nothing of seals. The tables of these
 * are found where they were left, by the histories that they are of, and follow with the next run.
 */

/** A query for schemas that hold a chain, other than the audit's own: `schema`, and whether it is one that is `shared`. */
export function renderOtherChains(home: AuditHome): string {
  const { own, shared } = SEAL_TABLES.seal
  return sqlText(sql`SELECT n.nspname AS schema, c.relname = ${literal(shared)} AS shared
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_trigger AS t ON t.tgrelid = c.oid AND t.tgname = ${literal(APPEND_ONLY_TRIGGER)}
WHERE c.relkind = 'r' AND c.relname IN (${literal(own)}, ${literal(shared)}) AND n.nspname <> ${literal(home.schema)}
  -- A query of anybody's table would run his policies.
  AND ${isOwnedByAudit(home, sql`c.relowner`)}
ORDER BY n.nspname COLLATE "C"`)
}

/** A query for whether a chain is `ofSchema`: of histories that are in the schema of the parameter now. */
export function renderIsOfSchema(chain: AuditHome): string {
  return sqlText(sql`SELECT EXISTS (
  SELECT FROM ${sealName(chain, 'seal')} AS s
  JOIN pg_catalog.pg_class AS c ON c.oid = s."history"
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  WHERE n.nspname = ${parameter(1)}
) AS "ofSchema"`)
}

/** The tables go to another audit schema, and are guarded by its function. */
export function renderMoveSeals(from: AuditHome, to: AuditHome): string {
  const roles: readonly SealTableRole[] = [...APPEND_ONLY, 'watermark']
  return sqlText(lines(roles.flatMap((role) => moveTable(role, from, to))))
}

function moveTable(role: SealTableRole, from: AuditHome, to: AuditHome): readonly Sql[] {
  const [before, after] = [sealTable(from, role), sealTable(to, role)]
  const moved = { ...to, names: before.names }
  const isRenamed = before.names.table !== after.names.table
  const guard = sql`DROP TRIGGER ${ident(APPEND_ONLY_TRIGGER)} ON ${auditTable(after)};
${makeAppendOnly(after)}`
  return [
    sql`ALTER TABLE ${auditTable(before)} SET SCHEMA ${ident(to.schema)};`,
    isRenamed ? sql`ALTER TABLE ${auditTable(moved)} RENAME TO ${ident(after.names.table)};` : sql``,
    role === 'watermark' ? sql`` : guard,
  ]
}
