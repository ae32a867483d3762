import { SALT_BYTES } from '../model/seal.ts'
import type { AuditHome } from '../state/database-state.ts'
import { openSeal } from './erase-sealed.ts'
import { FACT_COLUMNS, factsHash } from './seal-leaf.ts'
import { sealName } from './seal-tables.ts'
import { integer, join, literal, type Sql, sql, sqlText } from './sql.ts'

/**
 * What a pruning does to the seals of the rows in `due`, as a part of its function. A range of which all rows go is listed as
 * pruned. Of another one each row that goes leaves its leaf, from which nothing can be guessed once its salt is gone, and the
 * rows that stay still give the root.
 *
 * The leaf is of what stood there: a row that was forged before it was pruned is still found.
 */
export function pruneSealed(home: AuditHome): Sql {
  const facts = join(FACT_COLUMNS.map(literal), sql`, `)
  const size = integer(SALT_BYTES)
  return sql`SELECT
  array_agg(a.attname::text ORDER BY a.attnum),
  array_agg(a.attnum ORDER BY a.attnum),
  string_agg(
    CASE
      WHEN a.atttypid = 'bpchar'::regtype THEN format('CASE WHEN h.%1$I IS NOT NULL THEN format(''%%s'', h.%1$I) END', a.attname)
      ELSE format('h.%I::text', a.attname)
    END,
    ', ' ORDER BY a.attnum
  )
INTO names, numbers, texts
FROM pg_attribute AS a
WHERE a.attrelid = history_of AND a.attnum > 0 AND NOT a.attisdropped AND a.attname NOT IN (${facts});
FOR at_seal, format_of_seal, first_id, last_id, row_count, oid_of_seal, columns_of_seal, gone_ids IN
  SELECT s."number", s."format", s."first_id", s."last_id", s."row_count", s."history_oid", s."columns", i.ids
  FROM (
    SELECT (
      SELECT s."number" FROM ${sealName(home, 'seal')} AS s
      WHERE s."history" = history_of AND s."last_id" >= abs(i.id)
      ORDER BY s."last_id" LIMIT 1
    ) AS number, array_agg(i.id) AS ids
    FROM unnest(due) AS i (id)
    GROUP BY 1
  ) AS i
  JOIN ${sealName(home, 'seal')} AS s ON s."number" = i.number
  ORDER BY s."number"
LOOP
  ${openSeal(home, 'Pruning')}
  IF range_ids <@ gone_ids THEN
    INSERT INTO ${sealName(home, 'pruned')} ("seal_number", "pruned_by") VALUES (at_seal, writer);
    DELETE FROM ${sealName(home, 'erasure')} AS e WHERE e."seal_number" = at_seal;
    DELETE FROM ${sealName(home, 'salt')} AS s WHERE s."seal_number" = at_seal;
    CONTINUE;
  END IF;
  FOR gone_id, gone_facts, gone_texts IN EXECUTE format(
    ${literal(sqlText(sql`SELECT h."audit_id" AS id, ${factsHash(sql`h`)} AS facts, ARRAY[%s]::text[] AS texts FROM %s AS h WHERE h."audit_id" = ANY ($1)`))},
    texts, history_of
  ) USING gone_ids LOOP
    spot := array_position(range_ids, gone_id);
    row_salt := substr(range_salts, (spot - 1) * ${size} + 1, ${size});
    kept := (SELECT e."fields" FROM ${sealName(home, 'erasure')} AS e WHERE e."seal_number" = at_seal AND e."audit_id" = gone_id);
    DELETE FROM ${sealName(home, 'erasure')} AS e WHERE e."seal_number" = at_seal AND e."audit_id" = gone_id;
    INSERT INTO ${sealName(home, 'erasure')} ("seal_number", "audit_id", "fields", "erased_by")
    SELECT at_seal, gone_id, jsonb_build_object('leaf', encode(sha256(${ZERO} || gone_facts || string_agg(${keptBytes()}, '' ORDER BY n.n)), 'hex')), writer
    FROM generate_subscripts(mapping, 1) AS n (n)
    CROSS JOIN LATERAL (SELECT gone_texts[mapping[n.n]] AS text, kept -> (n.n - 1) AS kept) AS f;
  END LOOP;
  left_ids := ARRAY(SELECT i.id FROM unnest(range_ids) AS i (id) WHERE i.id <> ALL (gone_ids));
  left_salts := (
    SELECT string_agg(substr(range_salts, (i.place - 1)::integer * ${size} + 1, ${size}), '' ORDER BY i.place)
    FROM unnest(range_ids) WITH ORDINALITY AS i (id, place)
    WHERE i.id = ANY (left_ids)
  );
  DELETE FROM ${sealName(home, 'salt')} AS s WHERE s."seal_number" = at_seal;
  INSERT INTO ${sealName(home, 'salt')} ("seal_number", "salts") VALUES (at_seal, left_salts);
END LOOP;`
}

const ZERO = sql`${literal('\\x00')}::bytea`
const ONE = sql`${literal('\\x01')}::bytea`

/** The commitment to the field `f`; where it is not what an erasure left, nothing, so that no leaf comes of it that was sealed. */
function keptBytes(): Sql {
  const rest = sql`f.kept -> 'rest'`
  return sql`CASE
  WHEN (f.kept ? 'commitment') IS NOT TRUE
    THEN ${commitment(sql`coalesce(decode(f.kept ->> 'salt', 'hex'), sha256(row_salt || int2send(n.n::smallint)))`)}
  WHEN CASE WHEN f.kept ? 'rest' THEN ${commitment(sql`decode(${rest} ->> 'salt', 'hex')`)} = decode(${rest} ->> 'commitment', 'hex') ELSE f.text IS NULL END
    THEN decode(f.kept ->> 'commitment', 'hex')
  ELSE ''
END`
}

/** As `seal-leaf.ts` has it. */
function commitment(salt: Sql): Sql {
  return sql`sha256(${salt} || coalesce(${ONE} || convert_to(f.text, 'UTF8'), ${ZERO}))`
}
