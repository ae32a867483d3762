import type { AuditHome } from '../state/database-state.ts'
import { baseFunction } from './base-functions.ts'
import { setUpAgain } from './erase-columns.ts'
import { type ErasureTableRole, erasureName } from './erasure-tables.ts'
import { APPEND_ONLY_TRIGGER, AUDIT_COLUMNS } from './object-names.ts'
import { join, literal, type Sql, sql, sqlText } from './sql.ts'

/** The name of the policy by which the role of erasures sees all rows of a history that has row level security. */
export const ERASER_POLICY = 'audit_eraser'

/** Sets `history_of`; what is no history, or was made after the rights were given, ends it. */
export function lookAtHistory(home: AuditHome): Sql {
  const guard = literal(sqlText(sql`${baseFunction(home, 'appendOnly')}()`))
  const own = (['erasure', 'hold', 'pruning'] satisfies ErasureTableRole[]).map((role) =>
    literal(sqlText(erasureName(home, role))),
  )
  const policy = literal(ERASER_POLICY)
  return sql`history_of := to_regclass(target ->> 'history');
IF history_of IS NULL OR history_of IN (SELECT to_regclass(o.name) FROM unnest(ARRAY[${join(own, sql`, `)}]) AS o (name)) OR NOT EXISTS (
  SELECT FROM pg_trigger AS g
  WHERE g.tgrelid = history_of AND g.tgname = ${literal(APPEND_ONLY_TRIGGER)} AND g.tgfoid = to_regprocedure(${guard})
    AND NOT (SELECT c.relispartition FROM pg_class AS c WHERE c.oid = g.tgrelid)
) OR NOT EXISTS (
  SELECT FROM pg_attribute AS a WHERE a.attrelid = history_of AND a.attname = ${literal(AUDIT_COLUMNS.operationTimestamp)} AND NOT a.attisdropped
) THEN
  RAISE EXCEPTION USING
    ERRCODE = 'undefined_table',
    MESSAGE = format('there is no history %s', target ->> 'history'),
    HINT = 'Has this database all migrations? npx prisma migrate deploy';
END IF;
IF NOT has_table_privilege(history_of, 'SELECT') OR (
  row_security_active(history_of::oid) AND (
    NOT EXISTS (SELECT FROM pg_policy AS p WHERE p.polrelid = history_of AND p.polname = ${policy} AND p.polpermissive)
    OR EXISTS (SELECT FROM pg_policy AS p WHERE p.polrelid = history_of AND NOT p.polpermissive)
  )
) THEN
  ${setUpAgain(sql`format('%s may not be erased from yet', history_of)`)}
END IF;`
}
