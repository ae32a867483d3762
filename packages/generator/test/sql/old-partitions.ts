import type { TestDatabase } from '../../../../test/support/test-database.ts'

/** The root of a history that these tests partition. */
export const HISTORY = 'audit."Order_audit"'

/**
 * Gives a partitioned history that has no row yet a partition for each of the last months, as if it had been made so long ago: the oldest one has
 * all that is older.
 */
export function datedBack(database: TestDatabase, months: number, history = HISTORY) {
  return database.query(`SET TimeZone = 'UTC'; DO $$ DECLARE part regclass; month timestamptz := date_trunc('month', now()) - interval '${months} months'; BEGIN
    SELECT c.oid INTO part FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid
    WHERE i.inhparent = '${history}'::regclass AND pg_get_expr(c.relpartbound, c.oid) LIKE '%MINVALUE%';
    EXECUTE format('DROP TABLE %s', part);
    CALL audit.make_partition('${history}', '_until_' || to_char(month, 'YYYY_MM'), format('FOR VALUES FROM (MINVALUE) TO (%L)', month));
    WHILE month <= now() LOOP
      CALL audit.make_partition('${history}', to_char(month, '"_"YYYY_MM'), format('FOR VALUES FROM (%L) TO (%L)', month, month + interval '1 month'));
      month := month + interval '1 month';
    END LOOP;
  END $$`)
}

/** Drops the partitions that begin later than so many months from now, as if nobody had made any for long. */
export const forgotten = (months: number, history = HISTORY) => `DO $$ DECLARE part regclass; BEGIN
    FOR part IN
      SELECT c.oid FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid
      WHERE i.inhparent = '${history}'::regclass
        AND (regexp_match(pg_get_expr(c.relpartbound, c.oid), 'FROM \\(''([^'']+)''\\)'))[1]::timestamptz > now() + '${months} months'::interval
    LOOP
      EXECUTE format('DROP TABLE %s', part);
    END LOOP;
  END $$`

/** For so long that more are due. */
export const FORGOTTEN = forgotten(1)

/** All that was written until now was written so long ago: the rows go to the partitions of that time. */
export const aged = (interval: string, history = HISTORY) =>
  `ALTER TABLE ${history} DISABLE TRIGGER append_only;
  UPDATE ${history} SET audit_operation_timestamp = audit_operation_timestamp - interval '${interval}' WHERE audit_operation_timestamp > now() - interval '10 minutes';
  ALTER TABLE ${history} ENABLE ALWAYS TRIGGER append_only;`

/** The partitions that have rows, or with `all` every one of the past, with the number of these: `2026_01 12`. */
export async function filled(database: TestDatabase, all = false, history = HISTORY) {
  const rows = await database.query<{ name: string; rows: number }>(
    `SELECT right(c.relname, 7) AS name, (xpath('/row/c/text()', query_to_xml(format('SELECT count(*) AS c FROM %s', c.oid::regclass), false, true, '')))[1]::text::integer AS rows
     FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid WHERE i.inhparent = '${history}'::regclass
       AND (regexp_match(pg_get_expr(c.relpartbound, c.oid), ' TO \\(''([^'']+)''\\)'))[1]::timestamptz < now() + interval '1 month' ORDER BY 1`,
  )
  return rows.filter((row) => all || row.rows > 0).map(({ name, rows: count }) => `${name} ${count}`)
}

/** `2026_01`, so many months before this one. */
export function monthsAgo(months: number): string {
  const now = new Date()
  const month = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - months, 1))
  return month.toISOString().slice(0, 7).replace('-', '_')
}
