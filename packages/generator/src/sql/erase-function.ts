import type { AuditHome } from '../state/database-state.ts'
import { baseFunction } from './base-functions.ts'
import { eraseSealed } from './erase-sealed.ts'
import { type ErasureTableRole, erasureName, inForce } from './erasure-tables.ts'
import { APPEND_ONLY_TRIGGER, AUDIT_COLUMNS } from './object-names.ts'
import { pinnedOutput } from './pinned-output.ts'
import { ERASED, FACT_COLUMNS } from './seal-leaf.ts'
import { lockChain } from './seal-tables.ts'
import { dollarQuoted, ident, join, literal, type Sql, sql, sqlText } from './sql.ts'

/** The name of the policy by which the role of erasures sees all rows of a history that has row level security. */
export const ERASER_POLICY = 'audit_eraser'

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

/** Sets `history_of`; what is no history, or was made after the rights were given, ends it. */
function lookAtHistory(home: AuditHome): Sql {
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

function setUpAgain(message: Sql): Sql {
  return sql`RAISE EXCEPTION USING
  ERRCODE = 'AU006',
  MESSAGE = ${message},
  HINT = 'It came after the set-up, which gives the rights: print and run it again (npx prisma-generator-audit eraser). Nothing was erased.';`
}

/** Sets `part_names`, `part_left` (whether a row has something to erase in it) and `part_new`, as SQL of the row `h`. */
function lookAtColumns(): Sql {
  const facts = join(FACT_COLUMNS.map(literal), sql`, `)
  const marks = join(
    Object.entries(ERASED).map(([name, mark]) => sql`(${literal(name)}, ${literal(mark)})`),
    sql`, `,
  )
  return sql`part_names := '{}';
part_left := '{}';
part_new := '{}';
FOR part IN
  SELECT
    wanted.name,
    wanted.paths,
    a.attnum AS number,
    format_type(a.atttypid, -1) AS type,
    a.attnotnull OR EXISTS (
      SELECT FROM pg_constraint AS c WHERE c.conrelid = history_of AND c.contype = 'c' AND a.attnum = ANY (c.conkey)
    ) AS is_required,
    (SELECT m.mark FROM (VALUES ${marks}) AS m (type, mark) WHERE m.type = format_type(a.atttypid, -1)) AS mark
  FROM (
    SELECT coalesce(c.name, p.name) AS name, CASE WHEN c.name IS NULL THEN p.paths END AS paths
    FROM (SELECT DISTINCT e.name FROM jsonb_array_elements_text(target -> 'columns') AS e (name)) AS c
    FULL JOIN (
      SELECT e.value ->> 'column' AS name, jsonb_agg(e.value -> 'path' ORDER BY e.value) AS paths
      FROM jsonb_array_elements(target -> 'paths') AS e (value)
      GROUP BY 1
    ) AS p ON p.name = c.name
  ) AS wanted
  LEFT JOIN pg_attribute AS a ON a.attrelid = history_of AND a.attname = wanted.name AND a.attnum > 0 AND NOT a.attisdropped
  ORDER BY wanted.name COLLATE "C"
LOOP
  IF part.number IS NULL THEN
    RAISE EXCEPTION USING
      ERRCODE = 'undefined_column',
      MESSAGE = format('%s has no column %I', history_of, part.name),
      HINT = 'Has this database all migrations? npx prisma migrate deploy';
  ELSIF part.name IN (${facts}) OR EXISTS (
    -- The index on the key, by which the versions of a row are found in their order.
    SELECT FROM pg_index AS i
    JOIN pg_class AS x ON x.oid = i.indexrelid AND right(x.relname, 4) = '_key'
    JOIN pg_attribute AS last ON last.attrelid = i.indrelid AND last.attnum = i.indkey[i.indnkeyatts - 1]
    WHERE i.indrelid = history_of AND last.attname = ${literal(AUDIT_COLUMNS.id)} AND part.number = ANY (i.indkey)
  ) THEN
    RAISE EXCEPTION USING
      ERRCODE = 'AU006',
      MESSAGE = format('%I of %s says which row it is, and what happened to it: that cannot be erased', part.name, history_of);
  ELSIF NOT has_column_privilege(history_of, part.number, 'UPDATE') THEN
    ${setUpAgain(sql`format('%I of %s may not be erased yet', part.name, history_of)`)}
  END IF;
  part_names := part_names || part.name;
  IF part.paths IS NOT NULL THEN
    IF part.type NOT IN ('json', 'jsonb') THEN
      RAISE EXCEPTION USING
        ERRCODE = 'AU006', MESSAGE = format('%I of %s is %s, and has no paths', part.name, history_of, part.type);
    END IF;
    value := format('h.%I::jsonb', part.name);
    FOR step IN SELECT e.value FROM jsonb_array_elements(part.paths) AS e (value) LOOP
      value := format('(%s #- %L::text[])', value, ARRAY(SELECT jsonb_array_elements_text(step)));
    END LOOP;
    part_new := part_new || format('%s::%s', value, part.type);
    part_left := part_left || (
      SELECT format('(%s)', string_agg(
        format('(h.%I::jsonb #> %L::text[]) IS NOT NULL', part.name, ARRAY(SELECT jsonb_array_elements_text(e.value))), ' OR '
      ))
      FROM jsonb_array_elements(part.paths) AS e (value)
    );
  ELSIF part.is_required THEN
    IF part.mark IS NULL THEN
      RAISE EXCEPTION USING
        ERRCODE = 'AU006',
        MESSAGE = format('%I of %s may not be empty, and nothing of its type, %s, stands for what was erased', part.name, history_of, part.type),
        HINT = 'Make the setting optional (a question mark after its type), migrate, and run the plan again.';
    END IF;
    part_new := part_new || format('%L::%s', part.mark, part.type);
    part_left := part_left || format('(h.%I::text IS DISTINCT FROM %L AND h.%1$I IS NOT NULL)', part.name, part.mark);
  ELSE
    part_new := part_new || 'NULL'::text;
    part_left := part_left || format('(h.%I IS NOT NULL)', part.name);
  END IF;
END LOOP;
IF cardinality(part_names) = 0 THEN
  RAISE EXCEPTION USING ERRCODE = 'AU006', MESSAGE = format('nothing to erase in %s is named', history_of);
END IF;`
}

/** Sets `ids`, and adds what was found to `targets`, what the plan is of, and to `work`. */
function lookAtRows(home: AuditHome): Sql {
  const id = ident(AUDIT_COLUMNS.id)
  const at = ident(AUDIT_COLUMNS.operationTimestamp)
  return sql`IF target ? 'rows' THEN
  conditions := format(
    '(h.${id}, h.${at}) IN (SELECT (r ->> 0)::bigint, (r ->> 1)::timestamptz FROM jsonb_array_elements(%L::jsonb) AS r)',
    target -> 'rows'
  );
ELSE
  ${conditionsOf(sql`target -> 'match'`)}
END IF;
EXECUTE format(
  'SELECT coalesce(array_agg(h.${id} ORDER BY h.${id}), ''{}'') FROM %s AS h WHERE (%s) AND (%s)',
  history_of, conditions, array_to_string(part_left, ' OR ')
) INTO ids;
EXECUTE format(
  $q$SELECT jsonb_build_object(
    'rows', coalesce(jsonb_agg(jsonb_build_array(h.${id}::text, h.${at}::text) ORDER BY h.${id}), '[]'),
    'shown', jsonb_build_object(
      'rows', count(*), 'oldest', min(h.${at})::text, 'newest', max(h.${at})::text, 'filled', jsonb_build_array(%s)
    )
  ) FROM %s AS h WHERE h.${id} = ANY ($1)$q$,
  (SELECT string_agg(format('count(*) FILTER (WHERE %s)', p.is_left), ', ' ORDER BY p.place) FROM unnest(part_left) WITH ORDINALITY AS p (is_left, place)),
  history_of
) INTO found USING ids;
total := total + cardinality(ids);
${eraseSealed(home).count}
targets := targets || jsonb_build_object(
  'history', target ->> 'history',
  'columns', coalesce(target -> 'columns', '[]'),
  'paths', coalesce(target -> 'paths', '[]'),
  'rows', found -> 'rows'
);
work := work || jsonb_build_object(
  'oid', history_of::oid::text,
  'ids', to_jsonb(ids),
  'names', to_jsonb(part_names),
  'left', to_jsonb(part_left),
  'new', to_jsonb(part_new),
  'shown', (found -> 'shown') || jsonb_build_object('names', to_jsonb(part_names), 'sealed', sealed)
);`
}

/** Sets `conditions`, of the row `h` of `history_of`: of each element one of the columns has the value. A column that is not there never widens it. */
export function conditionsOf(match: Sql): Sql {
  return sql`SELECT string_agg(format('(%s)', one.either), ' AND ' ORDER BY one.place)
INTO conditions
FROM (
  SELECT m.place, string_agg(
    CASE
      WHEN c.place = 1 THEN format('h.%I = %L::%s', c.name, m.value ->> 'value', format_type(a.atttypid, -1))
      ELSE format('h.%I::text = %L', c.name, m.value ->> 'value')
    END,
    ' OR ' ORDER BY c.place
  ) AS either
  FROM jsonb_array_elements(${match}) WITH ORDINALITY AS m (value, place)
  CROSS JOIN LATERAL jsonb_array_elements_text(m.value -> 'columns') WITH ORDINALITY AS c (name, place)
  LEFT JOIN pg_attribute AS a ON a.attrelid = history_of AND a.attname = c.name AND a.attnum > 0 AND NOT a.attisdropped
  GROUP BY m.place
  HAVING bool_and(a.attnum IS NOT NULL AND m.value ->> 'value' IS NOT NULL)
) AS one
HAVING count(*) = jsonb_array_length(${match});
IF conditions IS NULL THEN
  RAISE EXCEPTION USING
    ERRCODE = 'AU006', MESSAGE = format('%s does not have the columns that say which rows are meant: %s', history_of, ${match});
END IF;`
}

function refuseHeld(home: AuditHome): Sql {
  return sql`FOR hold IN
  SELECT h."number", h."match", h."reason", h."made_by", h."made_at"
  FROM ${erasureName(home, 'hold')} AS h
  WHERE ${inForce(home)} AND (h."history" IS NULL OR h."history" = history_of)
  ORDER BY h."number"
LOOP
  is_held := cardinality(ids) > 0;
  IF is_held AND hold."match" IS NOT NULL THEN
    ${conditionsOf(sql`hold."match"`)}
    EXECUTE format('SELECT EXISTS (SELECT FROM %s AS h WHERE h."audit_id" = ANY ($1) AND (%s))', history_of, conditions)
    INTO is_held USING ids;
  END IF;
  IF is_held THEN
    RAISE EXCEPTION USING
      ERRCODE = 'AU005',
      MESSAGE = format('rows of %s are held (legal hold %s since %s by %s): %s', history_of, hold."number", hold."made_at", hold."made_by", hold."reason"),
      HINT = 'A legal hold wins. Nothing was erased. Once it is released, plan again.';
  END IF;
END LOOP;`
}
