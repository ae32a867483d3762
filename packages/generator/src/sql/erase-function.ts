import type { AuditHome } from '../state/database-state.ts'
import { baseFunction } from './base-functions.ts'
import { lookAtColumns } from './erase-columns.ts'
import { lookAtHistory } from './erase-history.ts'
import { lookAtRows, refuseHeld } from './erase-rows.ts'
import { eraseSealed } from './erase-sealed.ts'
import { erasureName } from './erasure-tables.ts'
import { pinnedOutput } from './pinned-output.ts'
import { lockChain } from './seal-tables.ts'
import { dollarQuoted, literal, type Sql, sql, sqlText } from './sql.ts'

/**
 * The one function of erasures: `SELECT audit.erase(request, NULL, NULL)` plans, `audit.erase(request, 'reason', 'plan')`
 * carries out exactly that plan, in one transaction, and leaves a record. Its owner is a role that nobody can be.
 *
 * `request` is an array of targets, each `{"history", "match" | "rows", "columns", "paths"}`:
 *
 *     [{"history": "\"audit\".\"User_audit\"", "match": [{"columns": ["id"], "value": "42"}],
 *       "columns": ["email", "email__2"], "paths": [{"column": "profile", "path": ["address", "street"]}]}]
 *
 * Rows match where of each element one of the columns has the value. `rows`, `[["12", "2026-03-04 10:15:00.123+00"]]`, names
 * them by number and time instead, as a record does.
 */
export function renderEraseFunction(home: AuditHome): Sql {
  return sql`CREATE OR REPLACE FUNCTION ${baseFunction(home, 'erase')}(request jsonb, reason text, confirmed text)
  RETURNS jsonb
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
${pinnedOutput()}
AS ${dollarQuoted(eraseBody(home))};`
}

/** Its text as PostgreSQL keeps it. */
export function eraseBody(home: AuditHome): Sql {
  return sql`DECLARE
  -- This function runs as its owner: who really asks is the session's user, or the role that it took.
  writer CONSTANT text := coalesce(nullif(current_setting('role'), 'none'), session_user);
  target jsonb;
  history_of regclass;
  part record;
  value text;
  step jsonb;
  part_names text[];
  part_left text[];
  part_new text[];
  conditions text;
  ids bigint[];
  found jsonb;
  hold record;
  is_held boolean;
  targets jsonb := '[]'::jsonb;
  work jsonb := '[]'::jsonb;
  total bigint := 0::bigint;
  digest text;
  changed bigint;
  number bigint;
  ${eraseSealed(home).declarations}
BEGIN
  IF jsonb_typeof(request) IS DISTINCT FROM 'array' OR jsonb_array_length(request) = 0 THEN
    RAISE EXCEPTION USING ERRCODE = 'AU006', MESSAGE = 'nothing to erase is named';
  END IF;
  IF confirmed IS NOT NULL THEN
    IF reason IS NULL OR btrim(reason) = '' THEN
      RAISE EXCEPTION USING ERRCODE = 'AU006', MESSAGE = 'an erasure needs a reason';
    END IF;
    -- In a snapshot from before it came a hold would not be seen.
    IF current_setting('transaction_isolation') <> 'read committed' THEN
      RAISE EXCEPTION USING
        ERRCODE = 'AU006',
        MESSAGE = format('an erasure is not made in a transaction that is %s', current_setting('transaction_isolation')),
        HINT = 'BEGIN ISOLATION LEVEL READ COMMITTED. Nothing was erased.';
    END IF;
    -- No seal is made, and no hold comes, between the look and the change.
    PERFORM ${lockChain(home)}, ${lockHolds(home)};
  END IF;
  FOR target IN SELECT t.value FROM jsonb_array_elements(request) AS t (value) LOOP
    ${lookAtHistory(home)}
    ${lookAtColumns()}
    ${lookAtRows(home)}
    ${refuseHeld(home)}
  END LOOP;
  digest := substr(encode(sha256(convert_to(targets::text, 'UTF8')), 'hex'), 1, 16);
  IF confirmed IS NOT NULL AND confirmed <> digest THEN
    RAISE EXCEPTION USING
      ERRCODE = 'AU006',
      MESSAGE = format('the plan that was confirmed, %s, is not what would be erased now', confirmed),
      HINT = 'Rows have come since, or something else is asked for. Look at the plan again, and confirm that one. Nothing was erased.';
  END IF;
  IF confirmed IS NOT NULL AND total > 0 THEN
    FOR target IN SELECT w.value FROM jsonb_array_elements(work) AS w LOOP
      history_of := (target ->> 'oid')::oid::regclass;
      ids := ARRAY(SELECT e.id::bigint FROM jsonb_array_elements_text(target -> 'ids') AS e (id));
      part_names := ARRAY(SELECT e.name FROM jsonb_array_elements_text(target -> 'names') AS e (name));
      part_left := ARRAY(SELECT e.text FROM jsonb_array_elements_text(target -> 'left') AS e (text));
      part_new := ARRAY(SELECT e.text FROM jsonb_array_elements_text(target -> 'new') AS e (text));
      CONTINUE WHEN cardinality(ids) = 0;
      ${eraseSealed(home).statements}
      EXECUTE format(
        'UPDATE %s AS h SET %s WHERE h."audit_id" = ANY ($1)',
        history_of,
        (
          SELECT string_agg(format('%I = CASE WHEN %s THEN %s ELSE h.%1$I END', p.name, p.is_left, p.new), ', ')
          FROM unnest(part_names, part_left, part_new) AS p (name, is_left, new)
        )
      ) USING ids;
      GET DIAGNOSTICS changed = ROW_COUNT;
      IF changed <> cardinality(ids) THEN
        RAISE EXCEPTION USING
          ERRCODE = 'AU006', MESSAGE = format('of %s rows of %s only %s could be changed', cardinality(ids), history_of, changed);
      END IF;
    END LOOP;
    INSERT INTO ${erasureName(home, 'erasure')} ("audit_current_user", "plan", "reason", "erased")
    VALUES (writer, digest, reason, targets)
    RETURNING "audit_id" INTO number;
  END IF;
  RETURN jsonb_build_object(
    'plan', digest,
    'rows', total,
    'number', number,
    'targets', (SELECT coalesce(jsonb_agg(t.value - 'rows' || (w.value -> 'shown') ORDER BY t.place), '[]')
      FROM jsonb_array_elements(targets) WITH ORDINALITY AS t (value, place)
      JOIN jsonb_array_elements(work) WITH ORDINALITY AS w (value, place) USING (place))
  );
END`
}

/** An erasure and a hold wait for each other. */
export function lockHolds(home: AuditHome): Sql {
  const name = literal(sqlText(erasureName(home, 'hold')))
  return sql`pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended(${name}, 0))`
}
