import { SEAL_TABLES } from '../model/names.ts'
import type { AuditHome } from '../state/database-state.ts'
import { derivedName } from '../state/own-names.ts'
import { appendOnlyGuard } from './audit-table.ts'
import { baseFunction } from './base-functions.ts'
import { giveSealRightsLater } from './eraser-seal-rights.ts'
import { auditTable, createMissingIndex, type HistoryTable, relation } from './look-first.ts'
import { refuseForeignTable } from './shared-schema.ts'
import { ident, join, literal, paragraphs, type Sql, sql, sqlText } from './sql.ts'

export type SealTableRole = keyof typeof SEAL_TABLES

/** One of the tables that seals are kept in, as the other tables of the audit's own. */
export function sealTable(home: AuditHome, role: SealTableRole): HistoryTable {
  return { ...home, names: { table: SEAL_TABLES[role][home.shared ? 'shared' : 'own'] } }
}

/** `"audit"."seal"` */
export function sealName(home: AuditHome, role: SealTableRole): Sql {
  return auditTable(sealTable(home, role))
}

/** The tables that are written once; only the watermarks are not. */
export const APPEND_ONLY = ['seal', 'salt', 'erasure', 'pruned', 'anchor'] as const

/**
 * All tables of the seals, where they are not there yet; for one transaction. Nobody but the owner has rights on them, and where
 * erasure is set up its function.
 *
 * - `seal`: the chain. `history` finds the table whatever its name is, also in a restored dump, and is the one column that
 *   the hash does not cover: the rows in that table have to give the root.
 * - `seal_salt`: 16 random bytes for each row of the range, in the order of its ids.
 * - `seal_erasure`: for a row of which fields were erased, the commitments to these and the salts of the others.
 * - `seal_pruned`: ranges whose rows were deleted on purpose.
 * - `seal_anchor`: which seals were exported, and where to.
 * - `seal_watermark`: up to which id a history is sealed when all transactions below an id have ended.
 */
export function renderSealTables(home: AuditHome): string {
  const seal = sealTable(home, 'seal')
  const index = derivedName(seal.names.table, '_history')
  const guards = APPEND_ONLY.map((role) => appendOnlyGuard(sealTable(home, role)))
  return sqlText(
    paragraphs([
      ...(Object.keys(COLUMNS) as SealTableRole[]).map((role) => renderSealTable(home, role)),
      // Where a history's last range ends is asked for each new one.
      createMissingIndex(
        seal,
        index,
        sql`CREATE INDEX ${ident(index)} ON ${auditTable(seal)} ("history", "last_id");`,
      ),
      ...guards,
      sql`CALL ${baseFunction(home, 'keepPrivate')}(ARRAY[${relation(sealTable(home, 'watermark'))}], '{}');`,
      giveSealRightsLater(home),
    ]),
  )
}

/**
 * A query for one row: whether the audit is there (`isAudited`), whether a table of seals is (`hasSeals`), and whether that belongs to
 * whoever owns the audit (`isOurs`). In a schema that all may write to it may be anybody's, with triggers of his.
 */
export function renderLookForSeals(home: AuditHome): string {
  const seal = literal(sqlText(sealName(home, 'seal')))
  const owner = sql`(SELECT c.relowner FROM pg_catalog.pg_class AS c WHERE c.oid = pg_catalog.to_regclass(${seal}))`
  return sqlText(sql`SELECT
  pg_catalog.to_regprocedure(${guardName(home)}) IS NOT NULL AS "isAudited",
  pg_catalog.to_regclass(${seal}) IS NOT NULL AS "hasSeals",
  ${isOwnedByAudit(home, owner)} AS "isOurs"`)
}

/** The audit's owner, or who asks, is `owner`. */
export function isOwnedByAudit(home: AuditHome, owner: Sql): Sql {
  return sql`coalesce(${owner} IN (
  SELECT f.proowner FROM pg_catalog.pg_proc AS f WHERE f.oid = pg_catalog.to_regprocedure(${guardName(home)})
  UNION ALL
  SELECT r.oid FROM pg_catalog.pg_roles AS r WHERE r.rolname = current_user
), false)`
}

function guardName(home: AuditHome): Sql {
  return literal(sqlText(sql`${baseFunction(home, 'appendOnly')}()`))
}

/** One run makes a seal, or the tables, at a time. */
export function lockChain(home: AuditHome): Sql {
  return sql`pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended(${literal(sqlText(sealName(home, 'seal')))}, 0))`
}

/** One of the tables, without its guard. */
export function renderSealTable(home: AuditHome, role: SealTableRole): Sql {
  const table = sealTable(home, role)
  const key = derivedName(table.names.table, '_pkey')
  const entries = [...COLUMNS[role], sql`CONSTRAINT ${ident(key)} PRIMARY KEY (${KEYS[role]})`]
  return paragraphs([
    role === 'watermark' ? sql`` : refuseForeignTable(table, key, 'for example another schema'),
    // Without a guard by which it would be known for ours, one that is there already is an error.
    sql`CREATE TABLE ${role === 'watermark' ? sql`` : sql`IF NOT EXISTS `}${auditTable(table)} (
  ${join(entries, sql`,\n`)}
);`,
  ])
}

const KEYS: Record<SealTableRole, Sql> = {
  seal: sql`"number"`,
  salt: sql`"seal_number"`,
  erasure: sql`"seal_number", "audit_id"`,
  pruned: sql`"seal_number"`,
  anchor: sql`"seal_number", "exported_at"`,
  watermark: sql`"history"`,
}

const COLUMNS: Record<SealTableRole, readonly Sql[]> = (() => {
  const seal = sql`"seal_number" bigint NOT NULL`
  const by = sql`text NOT NULL DEFAULT session_user`
  const at = sql`timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp()`
  return {
    seal: [
      sql`"number" bigint NOT NULL`,
      sql`"format" smallint NOT NULL`,
      sql`"history" regclass NOT NULL`,
      sql`"history_name" text NOT NULL`,
      sql`"history_oid" oid NOT NULL`,
      sql`"first_id" bigint NOT NULL`,
      sql`"last_id" bigint NOT NULL`,
      sql`"row_count" integer NOT NULL`,
      sql`"columns" json NOT NULL`,
      sql`"sealed_at" timestamptz NOT NULL`,
      sql`"root" bytea NOT NULL`,
      sql`"previous" bytea NOT NULL`,
      sql`"hash" bytea NOT NULL`,
    ],
    salt: [seal, sql`"salts" bytea NOT NULL`],
    erasure: [
      seal,
      sql`"audit_id" bigint NOT NULL`,
      sql`"fields" jsonb NOT NULL`,
      sql`"erased_by" ${by}`,
      sql`"erased_at" ${at}`,
    ],
    pruned: [seal, sql`"pruned_by" ${by}`, sql`"pruned_at" ${at}`],
    anchor: [seal, sql`"destination" text NOT NULL`, sql`"exported_at" ${at}`],
    watermark: [
      sql`"history" regclass NOT NULL`,
      sql`"last_id" bigint NOT NULL`,
      sql`"transaction_id" bigint NOT NULL`,
      sql`"taken_at" ${at}`,
    ],
  }
})()
