import type { AuditHome } from '../state/database-state.ts'
import { derivedName } from '../state/own-names.ts'
import { appendOnlyGuard } from './audit-table.ts'
import { baseFunction } from './base-functions.ts'
import { auditTable, type HistoryTable } from './look-first.ts'
import { FACT_COLUMNS } from './seal-leaf.ts'
import { type APPEND_ONLY, sealName } from './seal-tables.ts'
import {
  dollarQuoted,
  ident,
  join,
  lines,
  literal,
  paragraphs,
  qualified,
  type Sql,
  sql,
  sqlText,
} from './sql.ts'

const TRIGGER = 'replicated'

/** By what a row that is there already is known for the one that arrives. */
export interface RowIdentity {
  readonly key: readonly string[]
  /** What has to be equal besides; where it is not, PostgreSQL refuses the key, and replication waits for a person. */
  readonly same: readonly string[]
}

const [ID, ...FACTS] = FACT_COLUMNS

/** Not the fields, nor who wrote: they may be erased on one of the two servers, and not yet on the other. */
export const HISTORY_ROW: RowIdentity = { key: [ID], same: FACTS }

export const SEAL_ROWS: Readonly<Record<(typeof APPEND_ONLY)[number], RowIdentity>> = {
  seal: { key: ['number'], same: ['hash'] },
  salt: { key: ['seal_number'], same: [] },
  erasure: { key: ['seal_number', 'audit_id'], same: [] },
  pruned: { key: ['seal_number'], same: [] },
  anchor: { key: ['seal_number', 'exported_at'], same: [] },
}

/**
 * The guards of a table on the second server. In a session UPDATE, DELETE and TRUNCATE are refused, as on the primary. What
 * comes by replication meets a trigger of its own, which never raises: a statement trigger is not called for single rows
 * there, so that a publication of more than inserts would change the copy in silence. It leaves such changes out, and rows that are
 * there already, so that a table can be copied again.
 *
 * @param leftOut PL/pgSQL that gives RETURN NULL for a row that is not to be kept
 */
export function replicaGuards(table: HistoryTable, row: RowIdentity, leftOut: Sql = sql``): Sql {
  const name = replicaFunction(table)
  const there = (column: string) => sql`there.${ident(column)}`
  const arriving = (column: string) => sql`NEW.${ident(column)}`
  const conditions = [
    ...row.key.map((column) => sql`${there(column)} = ${arriving(column)}`),
    ...row.same.map((column) => sql`${there(column)} IS NOT DISTINCT FROM ${arriving(column)}`),
  ]
  const body = sql`BEGIN
  IF TG_OP <> 'INSERT' THEN
    RAISE WARNING '%.% is history: % by replication was left out', TG_TABLE_SCHEMA, TG_TABLE_NAME, TG_OP;
    RETURN NULL;
  END IF;
  -- Copied once more: what is here stays, erased fields included.
  IF EXISTS (
    SELECT FROM ${auditTable(table)} AS there
    WHERE ${join(conditions, sql` AND `)}
  ) THEN
    RETURN NULL;
  END IF;
  ${lines([leftOut, sql`RETURN NEW;`])}
END`
  return paragraphs([
    appendOnlyGuard(table),
    sql`CREATE OR REPLACE FUNCTION ${qualified(name)}()
  RETURNS trigger
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS ${dollarQuoted(body)};
CALL ${baseFunction(table, 'keepPrivate')}('{}', ARRAY[${literal(sqlText(sql`${qualified(name)}()`))}]::regprocedure[]);
CREATE OR REPLACE TRIGGER ${ident(TRIGGER)}
  BEFORE INSERT OR UPDATE OR DELETE ON ${auditTable(table)}
  FOR EACH ROW EXECUTE FUNCTION ${qualified(name)}();
ALTER TABLE ${auditTable(table)} ENABLE REPLICA TRIGGER ${ident(TRIGGER)};`,
  ])
}

export function replicaFunction({ schema, names }: HistoryTable) {
  return { schema, name: derivedName(names.table, '_replicated') }
}

/**
 * What was pruned on the primary is not pruned here, as long as it is here: a range, or one row of a range, of which the primary
 * has kept the leaf.
 */
export function unlessStillHere(home: AuditHome, role: (typeof APPEND_ONLY)[number]): Sql {
  const id = ident(ID)
  switch (role) {
    case 'pruned':
      return leaveOutWhere(
        home,
        sql`h.${id} BETWEEN $1 AND $2 OR h.${id} BETWEEN -$2 AND -$1`,
        sql`sealed."first_id", sealed."last_id"`,
      )
    case 'erasure':
      return sql`IF NEW."fields" ? 'leaf' THEN
  ${leaveOutWhere(home, sql`h.${id} = $1`, sql`NEW.${id}`)}
END IF;`
    default:
      return sql``
  }
}

/** PL/pgSQL that gives RETURN NULL where the history of the seal has such a row `h`. */
function leaveOutWhere(home: AuditHome, condition: Sql, values: Sql): Sql {
  return sql`DECLARE
  sealed record;
  is_here boolean;
BEGIN
  SELECT s."history", s."first_id", s."last_id" INTO sealed
  FROM ${sealName(home, 'seal')} AS s
  JOIN pg_catalog.pg_class AS c ON c.oid = s."history"
  WHERE s."number" = NEW."seal_number";
  IF FOUND THEN
    EXECUTE pg_catalog.format(
      'SELECT EXISTS (SELECT FROM %s AS h WHERE ${condition})', sealed."history"
    ) INTO is_here USING ${values};
    IF is_here THEN
      RETURN NULL;
    END IF;
  END IF;
END;`
}

/** PL/pgSQL: ends a script that was meant for the second server, and is run on a primary. */
export function refusePrimary(tables: readonly HistoryTable[]): Sql {
  const each = tables.map((table) => literal(sqlText(auditTable(table))))
  const body = sql`DECLARE
  numbered text := (
    SELECT pg_catalog.string_agg(t.name, ', ')
    FROM pg_catalog.unnest(ARRAY[${join(each, sql`, `)}]::text[]) AS t (name)
    JOIN pg_catalog.pg_attribute AS a ON a.attrelid = pg_catalog.to_regclass(t.name)
    WHERE a.attname = ${literal(ID)} AND a.attidentity <> ''
  );
BEGIN
  IF numbered IS NOT NULL THEN
    RAISE EXCEPTION USING
      ERRCODE = 'duplicate_table',
      MESSAGE = 'this database records history itself: ' || numbered,
      HINT = 'This script is for the second server, in a database of its own.';
  END IF;
END`
  return sql`DO ${dollarQuoted(body)};`
}
