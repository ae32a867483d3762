import { MIGRATIONS_TABLE } from '../model/names.ts'
import type { AuditHome } from '../state/database-state.ts'
import { ident, literal, type Sql, sql } from './sql.ts'

/**
 * A shadow database that is used again keeps the audit schema of every replay. Where migrations change audited data
 * that schema holds rows, and would be kept under a new name each time. No history is dropped on a guess: what a replay
 * left is known by all of these, and even then the last one is kept.
 *
 * - Prisma's table of applied migrations was missing when the schema was made, and is missing now. `migrate deploy`, `dev`
 *   and `reset` make it before the first migration runs; a replay never does.
 * - No row was written later than ten minutes after the schema was made.
 * - No trigger uses it (`renderBaseGuard`).
 */

const REPLAYED = ', replayed at '

/** In a database that Prisma applies migrations to this is false. */
const isReplay = sql`NOT EXISTS (
  SELECT FROM pg_catalog.pg_class AS c WHERE c.relname = ${literal(MIGRATIONS_TABLE)} AND c.relkind = 'r'
)`

/** After the schema's COMMENT is set: says so in it, if this transaction made the schema in a replay. */
export function renderReplayMark({ schema }: AuditHome, mark: Sql): Sql {
  return sql`IF ${isReplay} AND EXISTS (
  SELECT FROM pg_catalog.pg_namespace AS n
  WHERE n.nspname = ${literal(schema)} AND n.xmin = pg_catalog.pg_current_xact_id()::xid
) THEN
  EXECUTE pg_catalog.format(
    'COMMENT ON SCHEMA %I IS %L',
    ${literal(schema)},
    ${mark} || ${literal(REPLAYED)} || extract(epoch FROM pg_catalog.clock_timestamp())
  );
END IF;`
}

/** `existing`, `mark`, `history`, `replayed_at` and `is_recent` are variables of the block in which it stands. */
export function renderIsLeftByReplay(): Sql {
  return sql`replayed_at := pg_catalog.to_timestamp(
  pg_catalog.substring(mark, ${literal(`${REPLAYED}([0-9.]+)$`)})::double precision
);
is_recent := replayed_at IS NOT NULL AND ${isReplay};
FOR history IN
  SELECT c.oid::regclass AS name, a.attname
  FROM pg_catalog.pg_class AS c
  LEFT JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'audit_operation_timestamp'
  WHERE c.relnamespace = existing AND c.relkind IN ('r', 'p')
LOOP
  EXIT WHEN NOT is_recent;
  -- A table that is none of ours tells nothing of when it was written.
  is_recent := history.attname IS NOT NULL;
  CONTINUE WHEN NOT is_recent;
  EXECUTE pg_catalog.format(
    'SELECT NOT EXISTS (SELECT FROM %s WHERE audit_operation_timestamp > $1)', history.name
  ) INTO is_recent USING replayed_at + '10 minutes'::interval;
END LOOP;`
}

/** The one that is kept. One of another origin with that name stays. */
export function renderReplayRoom(name: string): Sql {
  return sql`IF EXISTS (
  SELECT FROM pg_catalog.pg_namespace AS n
  WHERE n.nspname = ${literal(name)}
    AND pg_catalog.obj_description(n.oid, 'pg_namespace') ~ ${literal(`^prisma-generator-audit.*${REPLAYED}[0-9.]+$`)}
) THEN
  DROP SCHEMA ${ident(name)} CASCADE;
END IF;
IF NOT EXISTS (SELECT FROM pg_catalog.pg_namespace AS n WHERE n.nspname = ${literal(name)}) THEN
  stale_name := ${literal(name)};
END IF;`
}
