import { cutToBytes, HASH_KEY_TABLE } from '../model/names.ts'
import type { AuditHome } from '../state/database-state.ts'
import { renderIsLeftByReplay, renderReplayMark, renderReplayRoom } from './replay.ts'
import { dollarQuoted, ident, literal, type Sql, sql } from './sql.ts'

/** The beginning of the COMMENT by which the generator knows its own schema. */
export const MARK = 'prisma-generator-audit'
/** The COMMENT that down.sql leaves: triggers are gone on purpose, the history waits to be used again. */
const DETACHED = `${MARK}: detached by a down migration; its history is kept`

/**
 * Gives this migration a schema of its own. `migrate reset` and a reused shadow database leave an old one
 * behind, and a squashed folder meets a live one:
 *
 * - no such schema: create it;
 * - not ours: stop, with what to do;
 * - ours and live (a trigger outside it uses its functions): adopt it, for renaming it would break every write;
 * - ours, left over, without rows: drop it and start anew;
 * - ours, left over, with rows: keep them under another name and start anew; of replays only the last (`replay.ts`).
 *
 * A shared schema (`public`) belongs to the application and is used as it is.
 */
export function renderBaseGuard({ schema, shared }: AuditHome, sqlVersion: number): Sql {
  if (shared) return sql``
  const name = literal(schema)
  const stalePrefix = stalePrefixOf(schema)
  const stale = literal(stalePrefix)
  const body = sql`DECLARE
  existing oid := (SELECT n.oid FROM pg_catalog.pg_namespace AS n WHERE n.nspname = ${name});
  mark text := pg_catalog.obj_description(existing, 'pg_namespace');
  history record;
  has_rows boolean := false;
  replayed_at timestamptz;
  is_recent boolean;
  stale_name text;
BEGIN
  IF existing IS NULL THEN
    CREATE SCHEMA ${ident(schema)};
    RETURN;
  END IF;
  IF mark IS NULL OR NOT pg_catalog.starts_with(mark, ${literal(MARK)}) THEN
    RAISE EXCEPTION USING
      ERRCODE = 'duplicate_schema',
      MESSAGE = pg_catalog.format('schema %I exists already and does not belong to prisma-generator-audit', ${name}),
      HINT = 'Mark this migration with "npx prisma migrate resolve --rolled-back", remove its directory, choose another schema in the generator block of schema.prisma, for example schema = "audit_trail", and run "npx prisma generate".';
  END IF;
  -- A down migration took the triggers away on purpose.
  IF mark = ${literal(DETACHED)} THEN
    RETURN;
  END IF;
  -- Live: a trigger outside the schema uses its functions. It is adopted as it is.
  IF ${isLive(sql`existing`)} THEN
    RETURN;
  END IF;
  -- Left over from a reset. History is never dropped; keys without one are of no use.
  FOR history IN
    SELECT c.oid::regclass AS name
    FROM pg_catalog.pg_class AS c
    WHERE c.relnamespace = existing AND c.relkind IN ('r', 'p') AND c.relname <> ${literal(HASH_KEY_TABLE.own)}
  LOOP
    EXECUTE pg_catalog.format('SELECT EXISTS (SELECT FROM %s)', history.name) INTO has_rows;
    EXIT WHEN has_rows;
  END LOOP;
  IF has_rows THEN
    stale_name := ${stale} || pg_catalog.to_char(
      pg_catalog.clock_timestamp() AT TIME ZONE 'UTC', 'YYYYMMDD"T"HH24MISSUS'
    );
    ${renderIsLeftByReplay()}
    IF is_recent THEN
      -- A shadow database that is used again: the last replay's rows are kept, not those of each.
      ${renderReplayRoom(`${stalePrefix}replay`)}
    END IF;
    EXECUTE pg_catalog.format('ALTER SCHEMA %I RENAME TO %I', ${name}, stale_name);
    RAISE NOTICE 'the audit schema of an earlier database was kept as %', stale_name;
  ELSE
    DROP SCHEMA ${ident(schema)} CASCADE;
  END IF;
  CREATE SCHEMA ${ident(schema)};
END`
  return sql`-- The schema is ours alone: found live it is adopted, left over from a reset it makes room.
DO ${dollarQuoted(body)};

${renderMark({ schema }, sqlVersion)}
DO ${dollarQuoted(sql`BEGIN
  ${renderReplayMark({ schema }, literal(markText(sqlVersion)))}
END`)};`
}

/** What the name of a schema that made room begins with: a moment has room behind it. */
export function stalePrefixOf(schema: string): string {
  return `${cutToBytes(schema, 35)}_stale_`
}

/** Whether `n` of pg_namespace is an audit schema of that name that made room. */
export function isStaleSchema(schema: string): Sql {
  return sql`starts_with(n.nspname, ${literal(stalePrefixOf(schema))})
    AND starts_with(obj_description(n.oid, 'pg_namespace'), ${literal(MARK)})`
}

/** @param schema the OID of the audit schema */
export function isLive(schema: Sql): Sql {
  return sql`EXISTS (
  SELECT FROM pg_catalog.pg_trigger AS t
  JOIN pg_catalog.pg_proc AS f ON f.oid = t.tgfoid
  JOIN pg_catalog.pg_class AS c ON c.oid = t.tgrelid
  WHERE f.pronamespace = ${schema} AND c.relnamespace <> ${schema}
)`
}

function markText(sqlVersion: number): string {
  return `${MARK}: the audit trail of this database, SQL version ${sqlVersion}`
}

/** The COMMENT of a schema that is ours alone. */
export function renderMark({ schema, shared }: AuditHome, sqlVersion: number): Sql {
  if (shared) return sql``
  const mark = literal(markText(sqlVersion))
  return sql`COMMENT ON SCHEMA ${ident(schema)} IS ${mark};`
}

/** The mark by which a later run of the base migration knows that the history was left on purpose. */
export function renderDetachedMark({ schema, shared }: AuditHome): Sql {
  if (shared) return sql``
  return sql`COMMENT ON SCHEMA ${ident(schema)} IS ${literal(DETACHED)};`
}
