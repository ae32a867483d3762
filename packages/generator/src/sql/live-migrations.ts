import { MIGRATIONS_TABLE } from '../model/names.ts'
import { literal, qualified, sql, sqlText } from './sql.ts'

/* Which migrations a database has: questions for the transaction that `beginLook` begins. */

/**
 * A row (`name`) for each schema with a table of Prisma's migrations that may be read: each application of the database has one. `public`
 * comes first.
 *
 * @param only the one that is meant; undefined: all
 */
export function migrationsSchemas(only: string | undefined): string {
  return sqlText(sql`SELECT s.nspname AS name
FROM pg_class AS c
JOIN pg_namespace AS s ON s.oid = c.relnamespace
WHERE c.relname = ${literal(MIGRATIONS_TABLE)} AND c.relkind = 'r' AND has_table_privilege(c.oid, 'SELECT')
  AND has_schema_privilege(s.oid, 'USAGE')${only === undefined ? sql`` : sql` AND s.nspname = ${literal(only)}`}
ORDER BY s.nspname <> 'public', s.nspname`)
}

/**
 * A row for each migration that this database has: the `name` of its directory, when it was `begun` by the clock of the server, and when it was
 * `done` for certain: Prisma notes that by the clock of whoever deployed, and a minute is allowed for.
 */
export function appliedMigrations(schema: string): string {
  return sqlText(sql`SELECT
  migration_name AS name,
  started_at::text AS begun,
  (greatest(started_at, finished_at) + interval '1 minute')::text AS done
FROM ${qualified({ schema, name: MIGRATIONS_TABLE })}
WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL`)
}
