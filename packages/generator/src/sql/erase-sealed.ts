import { SALT_BYTES, SEAL_FORMAT } from '../model/seal.ts'
import type { AuditHome } from '../state/database-state.ts'
import { FACT_COLUMNS } from './seal-leaf.ts'
import { type SealTableRole, sealName } from './seal-tables.ts'
import { integer, join, literal, type Sql, sql, sqlText } from './sql.ts'

/**
 * What an erasure does to the seals of its rows, as parts of its function. For each sealed row it keeps the commitment to each field
 * that is erased and the salts of the others, and destroys the row's own salt: what was erased cannot be guessed any more, and
 * the row still gives its leaf. Of a field that keeps a rest, a document without some paths, the rest gets a commitment of its
 * own, so that it cannot be changed unseen either.
 *
 * The commitment is to what stood there: a row that was forged before it was erased is still found.
 */
export function eraseSealed(home: AuditHome): { declarations: Sql; count: Sql; statements: Sql } {
  const seal = literal(sqlText(sealName(home, 'seal')))
  return {
    declarations: sql`has_seals CONSTANT boolean := to_regclass(${seal}) IS NOT NULL;
sealed bigint;
erasing text;
afters text;
row_id bigint;
number_of_seal bigint;
row_texts text[];
row_erasing boolean[];
row_afters text[];
${OPEN_SEAL}
fields jsonb;
field jsonb;
salt bytea;
rest_salt bytea;
spot integer;`,
    count: countSealed(home),
    statements: sql`IF has_seals THEN
  ${keepCommitments(home)}
END IF;`,
  }
}

/** What `openSeal` uses. */
export const OPEN_SEAL = sql`names text[];
numbers smallint[];
texts text;
at_seal bigint;
format_of_seal smallint;
first_id bigint;
last_id bigint;
row_count integer;
oid_of_seal oid;
columns_of_seal json;
field_names text[];
field_numbers smallint[];
oid_then oid;
epoch record;
mapping integer[];
range_salts bytea;
range_ids bigint[];
pruned_rows bigint;
row_salt bytea;
kept jsonb;`

function countSealed(home: AuditHome): Sql {
  return sql`sealed := 0;
IF has_seals THEN
  IF NOT (
    has_table_privilege(${named(home, 'seal')}, 'SELECT')
    AND has_table_privilege(${named(home, 'salt')}, 'UPDATE')
    AND has_table_privilege(${named(home, 'erasure')}, 'INSERT')
  ) THEN
    RAISE EXCEPTION USING
      ERRCODE = 'AU006',
      MESSAGE = 'the history is sealed, and the seals may not be changed along with it yet',
      HINT = 'The tables of seals came after the set-up, which gives the rights: print and run it again (npx prisma-generator-audit eraser). Nothing was erased.';
  END IF;
  SELECT count(*) INTO sealed FROM unnest(ids) AS i (id)
  WHERE EXISTS (
    SELECT FROM ${sealName(home, 'seal')} AS s
    WHERE s."history" = history_of AND s."last_id" >= abs(i.id) AND s."first_id" <= abs(i.id)
  );
END IF;`
}

function keepCommitments(home: AuditHome): Sql {
  const facts = join(FACT_COLUMNS.map(literal), sql`, `)
  const none = sql`${literal(`\\x${'00'.repeat(SALT_BYTES)}`)}::bytea`
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
  ),
  string_agg(coalesce(p.is_left, 'false'), ', ' ORDER BY a.attnum),
  string_agg(
    CASE WHEN p.name IS NULL THEN 'NULL' ELSE format('CASE WHEN %s THEN (%s)::text END', p.is_left, p.new) END,
    ', ' ORDER BY a.attnum
  )
INTO names, numbers, texts, erasing, afters
FROM pg_attribute AS a
LEFT JOIN unnest(part_names, part_left, part_new) AS p (name, is_left, new) ON p.name = a.attname
WHERE a.attrelid = history_of AND a.attnum > 0 AND NOT a.attisdropped AND a.attname NOT IN (${facts});
at_seal := NULL;
FOR
  row_id, number_of_seal, format_of_seal, first_id, last_id, row_count, oid_of_seal, columns_of_seal, row_texts, row_erasing, row_afters
IN EXECUTE format(
  $q$SELECT
    h."audit_id", s."number", s."format", s."first_id", s."last_id", s."row_count", s."history_oid", s."columns",
    ARRAY[%s]::text[], ARRAY[%s]::boolean[], ARRAY[%s]::text[]
  FROM %s AS h
  CROSS JOIN LATERAL (
    SELECT * FROM %s AS s
    WHERE s."history" = $1::regclass AND s."last_id" >= abs(h."audit_id")
    ORDER BY s."last_id" LIMIT 1
  ) AS s
  WHERE h."audit_id" = ANY ($2) AND s."first_id" <= abs(h."audit_id")
  ORDER BY s."number", abs(h."audit_id"), h."audit_id"$q$,
  texts, erasing, afters, history_of, ${named(home, 'seal')}
) USING history_of::oid, ids LOOP
  IF number_of_seal IS DISTINCT FROM at_seal THEN
    UPDATE ${sealName(home, 'salt')} AS s SET "salts" = range_salts WHERE s."seal_number" = at_seal;
    at_seal := number_of_seal;
    ${openSeal(home)}
  END IF;
  spot := array_position(range_ids, row_id);
  row_salt := substr(range_salts, (spot - 1) * ${size} + 1, ${size});
  kept := (SELECT e."fields" FROM ${sealName(home, 'erasure')} AS e WHERE e."seal_number" = at_seal AND e."audit_id" = row_id);
  fields := '[]';
  FOR n IN 1 .. cardinality(mapping) LOOP
    ${keepField()}
    fields := fields || field;
  END LOOP;
  INSERT INTO ${sealName(home, 'erasure')} AS e ("seal_number", "audit_id", "fields", "erased_by") VALUES (at_seal, row_id, fields, writer)
  ON CONFLICT ("seal_number", "audit_id") DO UPDATE SET
    "fields" = excluded."fields", "erased_by" = excluded."erased_by", "erased_at" = excluded."erased_at";
  range_salts := overlay(range_salts PLACING ${none} FROM (spot - 1) * ${size} + 1 FOR ${size});
END LOOP;
UPDATE ${sealName(home, 'salt')} AS s SET "salts" = range_salts WHERE s."seal_number" = at_seal;`
}

/**
 * Sets `mapping`, where each field of the seal is in `names`, `range_salts` and `range_ids`. A column is followed as `verify` does
 * (`seal/sealed-columns.ts`): by its number while the table has one OID, and by the name that it had last where a dump was restored.
 */
export function openSeal(home: AuditHome, act: 'An erasure' | 'Pruning' = 'An erasure'): Sql {
  const fields = sql`unnest(field_names, field_numbers) WITH ORDINALITY AS f (name, number, place)`
  return sql`SELECT array_agg(c.value ->> 'name' ORDER BY c.place), array_agg((c.value ->> 'number')::smallint ORDER BY c.place)
INTO field_names, field_numbers
FROM json_array_elements(columns_of_seal) WITH ORDINALITY AS c (value, place);
oid_then := oid_of_seal;
FOR epoch IN
  SELECT s."history_oid" AS oid, s."columns"::text AS columns
  FROM ${sealName(home, 'seal')} AS s
  WHERE s."history" = history_of AND s."number" >= at_seal
  GROUP BY 1, 2
  ORDER BY min(s."number")
LOOP
  SELECT array_agg(c.name ORDER BY f.place), array_agg(c.number ORDER BY f.place)
  INTO field_names, field_numbers
  FROM ${fields}
  LEFT JOIN json_to_recordset(epoch.columns::json) AS c (name text, number smallint)
    ON CASE WHEN epoch.oid = oid_then THEN c.number = f.number ELSE c.name = f.name END;
  oid_then := epoch.oid;
END LOOP;
mapping := (
  SELECT array_agg(
    CASE WHEN oid_then = history_of::oid THEN array_position(numbers, f.number) ELSE array_position(names, f.name) END
    ORDER BY f.place
  )
  FROM ${fields}
);
IF array_position(mapping, NULL) IS NOT NULL THEN
  mapping := (
    SELECT array_agg(array_position(names, c.value ->> 'name') ORDER BY c.place)
    FROM json_array_elements(columns_of_seal) WITH ORDINALITY AS c (value, place)
  );
END IF;
range_salts := (SELECT s."salts" FROM ${sealName(home, 'salt')} AS s WHERE s."seal_number" = at_seal);
EXECUTE format(
  'SELECT array_agg(h."audit_id" ORDER BY abs(h."audit_id"), h."audit_id") FROM %s AS h
  WHERE h."audit_id" BETWEEN $1 AND $2 OR h."audit_id" BETWEEN - $2 AND - greatest($1, 1)',
  history_of
) INTO range_ids USING first_id, last_id;
-- Of rows that were pruned the leaf is kept, and no salt.
pruned_rows := (
  SELECT count(*) FROM ${sealName(home, 'erasure')} AS e WHERE e."seal_number" = at_seal AND jsonb_typeof(e."fields") = 'object'
);
IF format_of_seal <> ${integer(SEAL_FORMAT)} OR array_position(mapping, NULL) IS NOT NULL
  OR cardinality(range_ids) + pruned_rows <> row_count
  OR length(range_salts) IS DISTINCT FROM cardinality(range_ids) * ${integer(SALT_BYTES)} THEN
  RAISE EXCEPTION USING
    ERRCODE = 'AU006',
    MESSAGE = format('rows of %s are not what was sealed: ids %s to %s, seal %s', history_of, first_id, last_id, at_seal),
    HINT = ${literal(`${act} would hide that. Find out first: npx prisma-generator-audit verify. Nothing was done.`)};
END IF;`
}

/** Sets `field`, what is kept of the field `n` of the row; `afters` has what is left of one that is erased in part. */
function keepField(): Sql {
  const value = sql`row_texts[mapping[n]]`
  const after = sql`row_afters[mapping[n]]`
  return sql`field := kept -> (n - 1);
salt := coalesce(decode(field ->> 'salt', 'hex'), sha256(row_salt || int2send(n::smallint)));
IF row_erasing[mapping[n]] THEN
  -- What is no longer the rest that an erasure left was forged, and is still found.
  IF ${commitment(value, sql`decode(field -> 'rest' ->> 'salt', 'hex')`)} IS NOT DISTINCT FROM (field -> 'rest' ->> 'commitment') OR (field ? 'rest') IS NOT TRUE THEN
    field := jsonb_build_object('commitment', coalesce(field ->> 'commitment', ${commitment(value, sql`salt`)}));
    IF ${after} IS NOT NULL THEN
      rest_salt := uuid_send(gen_random_uuid());
      field := field || jsonb_build_object('rest', jsonb_build_object(
        'salt', encode(rest_salt, 'hex'), 'commitment', ${commitment(after, sql`rest_salt`)}
      ));
    END IF;
  END IF;
ELSIF (field ? 'commitment') IS NOT TRUE THEN
  field := jsonb_build_object('salt', encode(salt, 'hex'));
END IF;`
}

/** As `seal-leaf.ts` has it, in hex. */
function commitment(text: Sql, salt: Sql): Sql {
  const [none, some] = [literal('\\x00'), literal('\\x01')]
  return sql`encode(sha256(${salt} || coalesce(${some}::bytea || convert_to(${text}, 'UTF8'), ${none}::bytea)), 'hex')`
}

function named(home: AuditHome, role: SealTableRole): Sql {
  return literal(sqlText(sealName(home, role)))
}
