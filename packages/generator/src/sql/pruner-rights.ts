import { LATER_TABLES, SEAL_TABLES, WAIVER_TABLE } from '../model/names.ts'
import type { AuditHome } from '../state/database-state.ts'
import { baseFunction } from './base-functions.ts'
import { erasureName } from './erasure-tables.ts'
import { APPEND_ONLY_TRIGGER } from './object-names.ts'
import { PRUNER_POLICY } from './prune-function.ts'
import { dollarQuoted, ident, join, lines, literal, qualified, type Sql, sql, sqlText } from './sql.ts'

/** What the function needs: it removes rows of histories, and changes none; the audit's own tables are no histories. */
export function givePrunerRights(home: AuditHome, pruner: string): Sql {
  const role = literal(pruner)
  const guard = literal(sqlText(sql`${baseFunction(home, 'appendOnly')}()`))
  const own = [...LATER_TABLES, WAIVER_TABLE].map((names) => literal(nameOf(home, names)))
  const policy = ident(PRUNER_POLICY)
  const body = sql`DECLARE
  history record;
BEGIN
  FOR history IN
    SELECT c.oid::regclass AS name, c.relrowsecurity AS is_by_row
    FROM pg_trigger AS t
    JOIN pg_class AS c ON c.oid = t.tgrelid
    WHERE t.tgname = ${literal(APPEND_ONLY_TRIGGER)} AND t.tgfoid = to_regprocedure(${guard}) AND NOT c.relispartition
      AND c.oid NOT IN (SELECT o.oid FROM unnest(ARRAY[${join(own, sql`, `)}]) AS n (name) JOIN pg_class AS o ON o.oid = to_regclass(n.name))
    ORDER BY 1
  LOOP
    EXECUTE format('GRANT SELECT, DELETE ON %s TO %I', history.name, ${role});
    IF history.is_by_row THEN
      EXECUTE format('DROP POLICY IF EXISTS ${policy} ON %s', history.name);
      EXECUTE format('CREATE POLICY ${policy} ON %s TO %I USING (true)', history.name, ${role});
    END IF;
  END LOOP;
  ${giveSealRights(home, role)}
END`
  return sql`-- Of the histories the role may remove rows, and of the seals what goes with that.
DO ${dollarQuoted(body)};
GRANT INSERT, SELECT ON ${erasureName(home, 'pruning')} TO ${ident(pruner)};
GRANT SELECT ON ${erasureName(home, 'hold')} TO ${ident(pruner)};
GRANT USAGE, CREATE ON SCHEMA ${ident(home.schema)} TO ${ident(pruner)};`
}

/** Nothing is updated: what changes is removed, and put there anew. */
function giveSealRights(home: AuditHome, role: Sql): Sql {
  const rights = [
    ['seal', sql`SELECT`],
    ['salt', sql`SELECT, INSERT, DELETE`],
    ['erasure', sql`SELECT, INSERT, DELETE`],
    ['pruned', sql`INSERT`],
  ] as const
  return lines(
    rights.map(([table, granted]) => {
      const name = literal(nameOf(home, SEAL_TABLES[table]))
      return sql`IF to_regclass(${name}) IS NOT NULL THEN
  EXECUTE format('GRANT ${granted} ON %s TO %I', ${name}, ${role});
END IF;`
    }),
  )
}

function nameOf(home: AuditHome, names: { readonly own: string; readonly shared: string }): string {
  return sqlText(qualified({ schema: home.schema, name: names[home.shared ? 'shared' : 'own'] }))
}
