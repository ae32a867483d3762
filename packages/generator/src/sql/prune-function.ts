import type { AuditHome } from '../state/database-state.ts'
import { baseFunction } from './base-functions.ts'
import { lockHolds } from './erase-function.ts'
import { conditionsOf } from './erase-rows.ts'
import { OPEN_SEAL } from './erase-sealed.ts'
import { erasureName, inForce } from './erasure-tables.ts'
import { APPEND_ONLY_TRIGGER, AUDIT_COLUMNS } from './object-names.ts'
import { pinnedOutput } from './pinned-output.ts'
import { lookAtPage } from './prune-page.ts'
import { pruneSealed } from './prune-sealed.ts'
import { sealName } from './seal-tables.ts'
import { dollarQuoted, literal, type Sql, sql, sqlText } from './sql.ts'

/** The name of the policy by which the role of prunings sees all rows of a history that has row level security. */
export const PRUNER_POLICY = 'audit_pruner'

/**
 * The one function of prunings, a page of one history at a time: `SELECT audit.prune('{"history": "\"audit\".\"User_audit\"",
 * "before": "2025-02-01 00:00:00+00", "key": ["id"], "marks": null, "after": "-9223372036854775808", "size": 1000,
 * "reason": "13 months are kept", "isDone": true, "withRows": false}')`.
 *
 * Gives `{"last": "1000", "read": 1000, "pruned": 900, "kept": 60, "held": 40, "rows": […]}`; `last` is null where nothing
 * older can follow. Without `isDone` nothing is changed. `rows` are those that go, each as the text of a JSON object.
 *
 * @param atLeast an interval: what is younger goes for nobody
 */
export function renderPruneFunction(home: AuditHome, atLeast: string): Sql {
  return sql`CREATE OR REPLACE FUNCTION ${baseFunction(home, 'prune')}(request jsonb)
  RETURNS jsonb
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
${pinnedOutput()}
AS ${dollarQuoted(pruneBody(home, atLeast))};`
}

/** Its text as PostgreSQL keeps it. */
export function pruneBody(home: AuditHome, atLeast: string): Sql {
  const seal = literal(sqlText(sealName(home, 'seal')))
  return sql`DECLARE
  -- This function runs as its owner: who really asks is the session's user, or the role that it took.
  writer CONSTANT text := coalesce(nullif(current_setting('role'), 'none'), session_user);
  has_seals CONSTANT boolean := to_regclass(${seal}) IS NOT NULL;
  before CONSTANT timestamptz := (request ->> 'before')::timestamptz;
  key CONSTANT text[] := ARRAY(SELECT jsonb_array_elements_text(request -> 'key'));
  history_of regclass;
  same text;
  told text;
  hold record;
  conditions text;
  held text := 'false';
  needed text := 'false';
  read_rows bigint;
  read_last bigint;
  is_more boolean;
  due bigint[];
  held_rows bigint;
  kept_rows bigint;
  lines jsonb;
  changed bigint;
  gone_ids bigint[];
  gone_id bigint;
  gone_facts bytea;
  gone_texts text[];
  left_ids bigint[];
  left_salts bytea;
  spot integer;
  ${OPEN_SEAL}
BEGIN
  IF coalesce(before > now() - ${literal(atLeast)}::interval, true) THEN
    ${refuse(sql`'history younger than ' || ${literal(atLeast)} || ' is not pruned'`, 'The set-up says so (npx prisma-generator-audit pruner --at-least), whoever asks.')}
  END IF;
  -- In a snapshot from before it came a hold would not be seen.
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    ${refuse(sql`format('nothing is pruned in a transaction that is %s', current_setting('transaction_isolation'))`, 'BEGIN ISOLATION LEVEL READ COMMITTED.')}
  END IF;
  IF (request ->> 'isDone')::boolean AND coalesce(btrim(request ->> 'reason'), '') = '' THEN
    ${refuse(sql`'a pruning needs a reason'`)}
  END IF;
  -- No seal is made, and no hold comes, between the look and the change.
  PERFORM ${lockChain(home)}, ${lockHolds(home)};
  ${lookAtHistory(home)}
  ${lookAtHolds(home)}
  ${lookAtPage()}
  IF cardinality(due) > 0 AND (request ->> 'withRows')::boolean THEN
    EXECUTE format('SELECT jsonb_agg(to_jsonb(h)::text ORDER BY h."audit_id") FROM %s AS h WHERE h."audit_id" = ANY ($1)', history_of)
    INTO lines USING due;
  END IF;
  IF cardinality(due) > 0 AND (request ->> 'isDone')::boolean THEN
    IF has_seals THEN
      ${pruneSealed(home)}
    END IF;
    EXECUTE format('DELETE FROM %s AS h WHERE h."audit_id" = ANY ($1)', history_of) USING due;
    GET DIAGNOSTICS changed = ROW_COUNT;
    IF changed <> cardinality(due) THEN
      ${refuse(sql`format('of %s rows of %s only %s could be removed', cardinality(due), history_of, changed)`)}
    END IF;
    INSERT INTO ${erasureName(home, 'pruning')}
      ("audit_current_user", "reason", "history", "older_than", "rows", "first_id", "last_id")
    VALUES (writer, request ->> 'reason', history_of::text, before, changed, due[1], due[changed]);
  END IF;
  RETURN jsonb_build_object(
    'last', CASE WHEN is_more THEN read_last::text END,
    'read', read_rows,
    'pruned', cardinality(due),
    'held', held_rows,
    'kept', kept_rows,
    'rows', coalesce(lines, '[]'::jsonb)
  );
END`
}

/** The interval that such a text has; undefined where it is none. */
export function atLeastOf(body: string): string | undefined {
  return /now\(\) - '(\d+ (?:days|weeks|months|years))'::interval/.exec(body)?.[1]
}

/** PL/pgSQL that ends it. */
export function refuse(message: Sql, hint = ''): Sql {
  return sql`RAISE EXCEPTION USING
  ERRCODE = 'AU007',
  MESSAGE = ${message},
  HINT = ${literal(`${hint}${hint === '' ? '' : ' '}Nothing was pruned.`)};`
}

function lockChain(home: AuditHome): Sql {
  return sql`pg_advisory_xact_lock(hashtextextended(${literal(sqlText(sealName(home, 'seal')))}, 0))`
}

/** Sets `history_of`, `same` (that the row `h` is of the same row as `o`) and `told` (that the key of `o` says which). */
function lookAtHistory(home: AuditHome): Sql {
  const guard = literal(sqlText(sql`${baseFunction(home, 'appendOnly')}()`))
  const setUp = 'Print and run the set-up again: npx prisma-generator-audit pruner.'
  return sql`history_of := to_regclass(request ->> 'history');
IF history_of IS NULL OR NOT EXISTS (
  SELECT FROM pg_trigger AS g
  WHERE g.tgrelid = history_of AND g.tgname = ${literal(APPEND_ONLY_TRIGGER)} AND g.tgfoid = to_regprocedure(${guard})
    AND NOT (SELECT c.relispartition FROM pg_class AS c WHERE c.oid = g.tgrelid)
) THEN
  RAISE EXCEPTION USING
    ERRCODE = 'undefined_table',
    MESSAGE = format('there is no history %s', request ->> 'history'),
    HINT = 'Has this database all migrations? npx prisma migrate deploy';
END IF;
IF NOT has_table_privilege(history_of, 'SELECT') OR NOT has_table_privilege(history_of, 'DELETE') OR (
  row_security_active(history_of::oid) AND (
    NOT EXISTS (SELECT FROM pg_policy AS p WHERE p.polrelid = history_of AND p.polname = ${literal(PRUNER_POLICY)} AND p.polpermissive)
    OR EXISTS (SELECT FROM pg_policy AS p WHERE p.polrelid = history_of AND NOT p.polpermissive)
  )
) THEN
  ${refuse(sql`format('%s may not be pruned yet', history_of)`, `It came after the set-up, which gives the rights. ${setUp}`)}
END IF;
IF has_seals THEN
  IF NOT (
    has_table_privilege(${sealed(home, 'seal')}, 'SELECT') AND has_table_privilege(${sealed(home, 'salt')}, 'DELETE')
    AND has_table_privilege(${sealed(home, 'erasure')}, 'DELETE') AND has_table_privilege(${sealed(home, 'pruned')}, 'INSERT')
  ) THEN
    ${refuse(sql`'the history is sealed, and the seals may not be changed along with it yet'`, `The tables of seals came after the set-up. ${setUp}`)}
  END IF;
END IF;
-- A key that is not that of the history would tell its rows apart in another way, and let the last of each go.
IF NOT EXISTS (
  SELECT FROM pg_index AS i
  WHERE i.indrelid = history_of AND i.indpred IS NULL AND i.indexprs IS NULL AND (
    SELECT array_agg(a.attname::text ORDER BY k.place)
    FROM unnest(i.indkey::smallint[]) WITH ORDINALITY AS k (number, place)
    JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.number
  ) = key || ${literal(AUDIT_COLUMNS.id)}::text
) OR (cardinality(key) = 0 AND EXISTS (
  SELECT FROM pg_index AS i
  JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attname = ${literal(AUDIT_COLUMNS.id)}
  WHERE i.indrelid = history_of AND i.indnkeyatts > 1 AND i.indkey[i.indnkeyatts - 1] = a.attnum
)) THEN
  ${refuse(sql`format('%s has no index on the key %s', history_of, request -> 'key')`, 'Has this database all migrations? npx prisma migrate deploy.')}
END IF;
SELECT
  string_agg(
    format('h.%1$I = o.%1$I', a.attname)
    || CASE WHEN t.typcategory = 'S' THEN format(' AND h.%1$I::text COLLATE "C" = o.%1$I::text COLLATE "C"', a.attname) ELSE '' END,
    ' AND '
  ),
  string_agg(format('o.%I IS NOT NULL', a.attname), ' AND ')
INTO same, told
FROM unnest(key) AS k (name)
JOIN pg_attribute AS a ON a.attrelid = history_of AND a.attname = k.name
JOIN pg_type AS t ON t.oid = a.atttypid;`
}

/** Sets `held`, that the row `h` is. */
function lookAtHolds(home: AuditHome): Sql {
  return sql`FOR hold IN
  SELECT h."match"
  FROM ${erasureName(home, 'hold')} AS h
  WHERE ${inForce(home)} AND (h."history" IS NULL OR h."history" = history_of)
LOOP
  conditions := 'true';
  IF hold."match" IS NOT NULL THEN
    ${conditionsOf(sql`hold."match"`)}
  END IF;
  held := format('%s OR (%s)', held, conditions);
END LOOP;`
}

function sealed(home: AuditHome, role: 'seal' | 'salt' | 'erasure' | 'pruned'): Sql {
  return literal(sqlText(sealName(home, role)))
}
