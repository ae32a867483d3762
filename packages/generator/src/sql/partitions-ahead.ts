import type { AuditHome } from '../state/database-state.ts'
import { baseFunction } from './base-functions.ts'
import { tryLocks } from './lock-writers.ts'
import { reachOfBound } from './partition-bound.ts'
import { freeTitle, MONTHS_AHEAD, PARTITION_KEY, UNTIL } from './partition-names.ts'
import { lines, literal, type Sql, sql } from './sql.ts'

/**
 * A part of `partition_history`: the partition for whatever is of no other, so that no write ever fails for want of one, and those of the
 * months to come. Where these had ended, what went into the first one becomes the partition of its time, as it is.
 */
export function makePartitions(home: AuditHome): Sql {
  return lines([
    lockPartitions(),
    sql`IF rest IS NULL THEN
  ${makeRest(home)}
END IF;`,
    dateRest(home),
    sql`WHILE reached <= ${AHEAD} LOOP
  bound := date_trunc(unit, greatest(reached, clock_timestamp())) + step;
  -- A row that a wrong clock dated so far ahead stays where it is, and its month has no partition of its own.
  EXECUTE format('SELECT EXISTS (SELECT FROM %s AS h WHERE h.%I >= $1 AND h.%I < $2)', rest, ${PARTITION_KEY}, ${PARTITION_KEY})
  INTO is_taken USING reached, bound;
  IF NOT is_taken THEN
    CALL ${baseFunction(home, 'makePartition')}(root, ${ENDING}, format('FOR VALUES FROM (%L) TO (%L)', reached, bound));
  END IF;
  reached := bound;
END LOOP;`,
  ])
}

/**
 * Sets `rest`, the partition for what is of no other, `reached`, where the others end, and whether it can become the next one. One run at a time
 * makes any. A writer waits only where that partition changes its place, or for what it would write into it.
 */
function lockPartitions(): Sql {
  return sql`${lookAtPartitions()}
-- Nothing is to be done, so nobody waits.
IF rest IS NOT NULL AND NOT is_alone AND reached > ${AHEAD} THEN
  RETURN;
END IF;
${tryLocks(
  sql`NULL;`,
  sql`EXECUTE format('LOCK TABLE ONLY %s IN %s MODE', root, CASE WHEN is_alone THEN 'ACCESS EXCLUSIVE' ELSE 'SHARE UPDATE EXCLUSIVE' END);
IF rest IS NOT NULL THEN
  EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', rest);
END IF;`,
)}
was_alone := is_alone;
-- Another run may have been at it until now.
${lookAtPartitions()}`
}

function lookAtPartitions(): Sql {
  return sql`${findRest()}
SELECT max(${reachOfBound(sql`b.text`)}) INTO reached
FROM pg_inherits AS i
JOIN pg_class AS c ON c.oid = i.inhrelid
CROSS JOIN LATERAL (SELECT pg_get_expr(c.relpartbound, c.oid) AS text) AS b
WHERE i.inhparent = root;
reached := coalesce(reached, date_trunc(unit, clock_timestamp()));
first_row := NULL;
IF rest IS NOT NULL THEN
  EXECUTE format('SELECT min(h.%I), max(h.%I) FROM %s AS h', ${PARTITION_KEY}, ${PARTITION_KEY}, rest) INTO first_row, last_row;
END IF;
is_alone := coalesce(first_row >= reached AND last_row < date_trunc(unit, clock_timestamp()) + step, false);`
}

/** The partition of the rest becomes that of its time, where all that it holds came after the others had ended, and no clock was wrong. */
function dateRest(home: AuditHome): Sql {
  return sql`IF was_alone AND is_alone THEN
  bound := date_trunc(unit, greatest(last_row, clock_timestamp())) + step;
  EXECUTE format('ALTER TABLE %s DETACH PARTITION %s', root, rest);
  title := base;
  ${freeTitle(UNTIL)}
  EXECUTE format('ALTER TABLE %s RENAME TO %I', rest, title);
  EXECUTE format('ALTER TABLE %s ATTACH PARTITION %s FOR VALUES FROM (%L) TO (%L)', root, rest, reached, bound);
  ${makeRest(home)}
  reached := bound;
END IF;`
}

function makeRest(home: AuditHome): Sql {
  return sql`CALL ${baseFunction(home, 'makePartition')}(root, '_default', 'DEFAULT');
${findRest()}`
}

function findRest(): Sql {
  return sql`rest := (SELECT nullif(p.partdefid, 0)::regclass FROM pg_partitioned_table AS p WHERE p.partrelid = root);`
}

/** Until when partitions are to reach. */
const AHEAD = sql`clock_timestamp() + ${literal(`${MONTHS_AHEAD} months`)}::interval`

/** `_2027_01`, `_2027_q1`, `_2027` */
const ENDING = sql`to_char(reached, CASE unit WHEN 'year' THEN '"_"YYYY' WHEN 'quarter' THEN '"_"YYYY"_q"Q' ELSE '"_"YYYY"_"MM' END)`
