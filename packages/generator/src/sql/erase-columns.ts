import { AUDIT_COLUMNS } from './object-names.ts'
import { ERASED, FACT_COLUMNS } from './seal-leaf.ts'
import { join, literal, type Sql, sql } from './sql.ts'

/** Sets `part_names`, `part_left` (whether a row has something to erase in it) and `part_new`, as SQL of the row `h`. */
export function lookAtColumns(): Sql {
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

/** Ends it: the owner has not given the rights to this part of the history yet. */
export function setUpAgain(message: Sql): Sql {
  return sql`RAISE EXCEPTION USING
  ERRCODE = 'AU006',
  MESSAGE = ${message},
  HINT = 'It came after the set-up, which gives the rights: print and run it again (npx prisma-generator-audit eraser). Nothing was erased.';`
}
