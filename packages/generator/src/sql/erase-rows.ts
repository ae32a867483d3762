import type { AuditHome } from '../state/database-state.ts'
import { eraseSealed } from './erase-sealed.ts'
import { erasureName, inForce } from './erasure-tables.ts'
import { AUDIT_COLUMNS } from './object-names.ts'
import { ident, type Sql, sql } from './sql.ts'

/** Sets `ids`, and adds what was found to `targets`, what the plan is of, and to `work`. */
export function lookAtRows(home: AuditHome): Sql {
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

/** Ends it where one of `ids` is under a legal hold. */
export function refuseHeld(home: AuditHome): Sql {
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
