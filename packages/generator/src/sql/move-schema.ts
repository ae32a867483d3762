import { type AuditHome, type DatabaseState, homeOf } from '../state/database-state.ts'
import { baseSignatures } from './base-functions.ts'
import { MARK, renderDetachedMark, renderMark } from './base-guard.ts'
import { renderBaseSchema } from './base-schema.ts'
import { dropSharedViews, sharedSignatures } from './shared-tables.ts'
import { dollarQuoted, ident, lines, literal, paragraphs, type Sql, sql, sqlText } from './sql.ts'

/**
 * The audit schema under its new name, before the first table moves there. Until the last has, the schema says in its
 * COMMENT from which one they come: run again after a table had to wait for a lock, this finds half of the history in it,
 * which looks like one that is left over from a reset, and keeps it.
 */
export function renderMoveSchema(from: AuditHome, to: AuditHome, sqlVersion: number): Sql {
  const base = renderBaseSchema(to, sqlVersion)
  if (to.shared) return base
  const name = literal(sqlText(ident(to.schema)))
  const isHalfway = sql`pg_catalog.obj_description(pg_catalog.to_regnamespace(${name}), 'pg_namespace') = ${movingMark(from)}`
  const halfway = sql`BEGIN
  IF ${isHalfway} THEN
    ${renderDetachedMark(to)}
  END IF;
END`
  const moving = sql`BEGIN
  IF pg_catalog.to_regnamespace(${literal(sqlText(ident(from.schema)))}) IS NOT NULL THEN
    EXECUTE pg_catalog.format('COMMENT ON SCHEMA %I IS %L', ${literal(to.schema)}, ${movingMark(from)});
  END IF;
END`
  return paragraphs([
    sql`-- Stopped half-way, what has moved is kept.
DO ${dollarQuoted(halfway)};`,
    base,
    sql`DO ${dollarQuoted(moving)};`,
  ])
}

/** By its OID: after a reset the old schema has another one, and what is left over in the new one is no move. */
function movingMark(from: AuditHome): Sql {
  const oid = sql`pg_catalog.to_regnamespace(${literal(sqlText(ident(from.schema)))})::oid`
  return sql`(${literal(`${MARK}: history moves here from schema `)} || ${oid})`
}

/**
 * The former audit schema, when every table has left it. Our functions go, unless something uses them; the schema goes
 * if nothing else is in it. Nothing is dropped by CASCADE.
 */
export function renderDropSchema(former: DatabaseState, next: DatabaseState): Sql {
  if (former.schema === undefined || next.schema === undefined) return sql``
  const [from, to] = [homeOf(former.schema), homeOf(next.schema)]
  const views = dropSharedViews(former, next)
  const each = [...sharedSignatures(former, next), ...baseSignatures(from)].map(
    (signature) => sql`BEGIN
  DROP ROUTINE IF EXISTS ${signature};
EXCEPTION WHEN dependent_objects_still_exist THEN
  RAISE NOTICE '% is still used and stays', ${literal(sqlText(signature))};
END;`,
  )
  const functions = sql`BEGIN
  IF pg_catalog.to_regnamespace(${literal(sqlText(ident(from.schema)))}) IS NULL THEN
    RETURN;
  END IF;
  ${lines([...views, ...each, from.shared ? sql`` : dropIfEmpty(from)])}
END`
  return paragraphs([
    sql`-- The former audit schema: what is not ours stays.
DO ${dollarQuoted(functions)};`,
    to.shared ? sql`` : renderMark(to, next.schema.sqlVersion),
  ])
}

function dropIfEmpty({ schema }: AuditHome): Sql {
  return sql`BEGIN
  DROP SCHEMA ${ident(schema)};
EXCEPTION WHEN dependent_objects_still_exist THEN
  RAISE NOTICE 'schema % holds other objects and stays', ${literal(sqlText(ident(schema)))};
  -- Not taken for one that is left over from a reset, which would make room for a new one.
  ${renderDetachedMark({ schema })}
END;`
}
