import type { AuditHome } from '../state/database-state.ts'
import { baseFunction, eraseSignature } from './base-functions.ts'
import { lockHolds } from './erase-function.ts'
import { erasureName, inForce, renderErasureTables } from './erasure-tables.ts'
import { renderMoveErasures } from './move-erasures.ts'
import { lines, literal, parameter, type Sql, sql, sqlText } from './sql.ts'

/** Begins a transaction that erases, or holds. A lock that somebody has for long ends it with an error. */
export function beginErasing(): string {
  return sqlText(
    lines([
      sql`BEGIN ISOLATION LEVEL READ COMMITTED;`,
      sql`SET LOCAL search_path = pg_catalog, pg_temp;`,
      sql`SET LOCAL lock_timeout = '10s';`,
      sql`SET LOCAL TimeZone = 'UTC';`,
      sql`SET LOCAL DateStyle = 'ISO, YMD';`,
    ]),
  )
}

/** A query for one row: whether erasure is set up (`isThere`), and the owner of its function. */
export function renderLookForErasure(home: AuditHome): string {
  return sqlText(sql`SELECT
  pg_catalog.to_regprocedure(${literal(sqlText(eraseSignature(home)))}) IS NOT NULL AS "isThere",
  pg_catalog.to_regclass(${named(home, 'hold')}) IS NOT NULL AS "hasHolds"`)
}

/** Parameters: the targets as JSON, the reason, the plan that was confirmed; NULL for the last two plans. */
export function renderErase(home: AuditHome): string {
  const p = parameter
  return sqlText(sql`SELECT ${baseFunction(home, 'erase')}(${p(1)}::jsonb, ${p(2)}, ${p(3)}) AS erased`)
}

/** A query for all erasures: `number`, `at`, `by`, `reason`, `plan`, `erased`. */
export function renderErasures(home: AuditHome): string {
  return sqlText(sql`SELECT
  e."audit_id"::text AS number,
  e."audit_operation_timestamp"::text AS at,
  e."audit_current_user" AS by,
  e."reason" AS reason,
  e."plan" AS plan,
  e."erased" AS erased
FROM ${erasureName(home, 'erasure')} AS e
ORDER BY e."audit_id"`)
}

/** Makes the tables of erasures, if there are none yet here or where the audit was, and waits for erasures that are under way. */
export function renderBeginHolding(home: AuditHome): string {
  return sqlText(
    lines([renderMoveErasures(home), renderErasureTables(home), sql`SELECT ${lockHolds(home)};`]),
  )
}

/** Parameters: the history as text (NULL: all), `match` as JSON (NULL: all rows), the reason. */
export function renderHold(home: AuditHome): string {
  const p = parameter
  return sqlText(sql`INSERT INTO ${erasureName(home, 'hold')} ("kind", "made_by", "history", "match", "reason")
VALUES ('H', ${asker()}, ${p(1)}::regclass, ${p(2)}::jsonb, ${p(3)})`)
}

/** Parameters: the number of the hold, the reason. Makes a row where there is such a hold that is not released yet. */
export function renderRelease(home: AuditHome): string {
  const hold = erasureName(home, 'hold')
  return sqlText(sql`INSERT INTO ${hold} ("kind", "made_by", "history", "match", "released", "reason")
SELECT 'R', ${asker()}, h."history", h."match", h."number", ${parameter(2)}
FROM ${hold} AS h
WHERE h."number" = ${parameter(1)}::bigint AND ${inForce(home)}`)
}

/** A query for the holds that are in force: `number`, `history` (NULL: all), `match`, `since`, `by`, `reason`. */
export function renderHolds(home: AuditHome): string {
  return sqlText(sql`SELECT
  h."number"::text AS number,
  h."history"::text AS history,
  h."match" AS match,
  h."made_at"::text AS since,
  h."made_by" AS by,
  h."reason" AS reason
FROM ${erasureName(home, 'hold')} AS h
WHERE ${inForce(home)}
ORDER BY h."number"`)
}

function asker(): Sql {
  return sql`coalesce(nullif(pg_catalog.current_setting('role'), 'none'), session_user)`
}

function named(home: AuditHome, role: 'erasure' | 'hold'): Sql {
  return literal(sqlText(erasureName(home, role)))
}
