import type { AuditHome } from '../state/database-state.ts'
import { baseFunction } from './base-functions.ts'
import { ERASER_POLICY } from './erase-history.ts'
import { giveSealRights } from './eraser-seal-rights.ts'
import { erasureName } from './erasure-tables.ts'
import { APPEND_ONLY_TRIGGER, AUDIT_COLUMNS } from './object-names.ts'
import { FACT_COLUMNS } from './seal-leaf.ts'
import { dollarQuoted, ident, join, literal, type Sql, sql, sqlText } from './sql.ts'

/** What the function needs: facts can be changed by nobody, so the right is given column by column. */
export function giveRights(home: AuditHome, eraser: string): Sql {
  const role = literal(eraser)
  const guard = literal(sqlText(sql`${baseFunction(home, 'appendOnly')}()`))
  const facts = join(FACT_COLUMNS.map(literal), sql`, `)
  const own = (['erasure', 'hold', 'pruning'] as const).map((each) =>
    literal(sqlText(erasureName(home, each))),
  )
  const policy = ident(ERASER_POLICY)
  const body = sql`DECLARE
  history record;
BEGIN
  FOR history IN
    SELECT c.oid::regclass AS name, c.relrowsecurity AS is_by_row, (
      SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum)
      FROM pg_attribute AS a
      WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attname NOT IN (${facts})
    ) AS columns
    FROM pg_trigger AS t
    JOIN pg_class AS c ON c.oid = t.tgrelid
    WHERE t.tgname = ${literal(APPEND_ONLY_TRIGGER)} AND t.tgfoid = to_regprocedure(${guard}) AND NOT c.relispartition
      AND c.oid NOT IN (SELECT coalesce(to_regclass(o.name), 0) FROM unnest(ARRAY[${join(own, sql`, `)}]) AS o (name))
      AND EXISTS (
        SELECT FROM pg_attribute AS a
        WHERE a.attrelid = c.oid AND a.attname = ${literal(AUDIT_COLUMNS.operationTimestamp)} AND NOT a.attisdropped
      )
    ORDER BY 1
  LOOP
    EXECUTE format('GRANT SELECT ON %s TO %I', history.name, ${role});
    EXECUTE format('GRANT UPDATE (%s) ON %s TO %I', history.columns, history.name, ${role});
    IF history.is_by_row THEN
      EXECUTE format('DROP POLICY IF EXISTS ${policy} ON %s', history.name);
      EXECUTE format('CREATE POLICY ${policy} ON %s TO %I USING (true)', history.name, ${role});
    END IF;
  END LOOP;
  ${giveSealRights(home, role)}
END`
  return sql`-- Of the histories the role may change what is no fact, and of the seals what goes with that.
DO ${dollarQuoted(body)};
GRANT SELECT, INSERT ON ${erasureName(home, 'erasure')} TO ${ident(eraser)};
GRANT SELECT ON ${erasureName(home, 'hold')} TO ${ident(eraser)};
GRANT USAGE, CREATE ON SCHEMA ${ident(home.schema)} TO ${ident(eraser)};`
}
