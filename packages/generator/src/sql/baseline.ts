import { isBaselineDue } from '../state/baseline.ts'
import type { AuditTableObject } from '../state/database-state.ts'
import type { TableGroup } from '../state/table-group.ts'
import { auditTable } from './audit-table.ts'
import { declarations, historyKey, insertBaseline } from './history-row.ts'
import { haveSameKey } from './key-columns.ts'
import { pinnedHere, unpinned } from './pinned-output.ts'
import {
  comment,
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

/**
 * A row `B` for each row that was there before its table was audited, in a transaction of its own: nothing that writers wait
 * for is locked in it.
 *
 * One statement has one snapshot. Whoever changed a row before it has left history that it sees, so the key is passed over;
 * whoever changes one after it leaves history that comes later, for a baseline's number is negative.
 *
 * @param appended to a draft, in whose transaction the triggers are made, too
 */
export function renderBaseline(group: TableGroup, appended = false): Sql {
  const { after } = group
  if (!isBaselineDue(group)) return sql``
  const body = sql`#variable_conflict use_variable
${declarations({ ...after, settings: [] }, sql`'B'`)}
BEGIN
  ${lines([
    appended ? refuseOlderSnapshot() : sql``,
    sql`-- Two migrations at once would each find no history.
PERFORM ${oneAtATime(after)};`,
    passOverOtherKeys(after),
    sql`${insertBaseline(after, sql`changed`, source(after))};`,
  ])}
END`
  return paragraphs([
    comment(`Rows from before the audit of ${sqlText(qualified(after.source))}`),
    sql`-- Row level security must not hide rows from the baseline: PostgreSQL raises instead.
${lines([sql`SET LOCAL row_security = off;`, pinnedHere(after)])}`,
    sql`DO ${dollarQuoted(body)};`,
    appended ? lines([sql`SET LOCAL row_security TO DEFAULT;`, unpinned(after)]) : sql``,
  ])
}

/** In one transaction with the triggers an older snapshot would not see what was committed while they waited for it. */
function refuseOlderSnapshot(): Sql {
  return sql`IF current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
  RAISE EXCEPTION USING
    ERRCODE = 'AU003',
    MESSAGE = format('a baseline is not taken at isolation level %s', upper(current_setting('transaction_isolation'))),
    HINT = 'Begin the migration with SET TRANSACTION ISOLATION LEVEL READ COMMITTED, or take backfill into a migration of its own.';
END IF;`
}

/** Rows from before the key had this column or this type cannot be told by it: a baseline would sort before them. */
function passOverOtherKeys(table: AuditTableObject): Sql {
  return sql`IF ${areOtherKeys(table)} THEN
  RAISE WARNING USING
    MESSAGE = ${literal(otherKeys(table))};
  RETURN;
END IF;`
}

function areOtherKeys(table: AuditTableObject): Sql {
  const without = table.key.map((key) => sql`known.${ident(key)} IS NULL`)
  return sql`EXISTS (SELECT FROM ${auditTable(table)} AS known WHERE ${join(without, sql` OR `)})`
}

/** A query for one row, `found`: whether the history has rows that the table's key does not tell. */
export function hasOtherKeys(table: AuditTableObject): string {
  return sqlText(sql`SELECT ${areOtherKeys(table)} AS found`)
}

/** What is said where it has. */
export function otherKeys(table: AuditTableObject): string {
  return `no baseline is taken: ${sqlText(auditTable(table))} has rows from before its key was what it is`
}

function source(table: AuditTableObject): Sql {
  return sql`FROM ${qualified(table.source)} AS changed
WHERE ${isOwnRow(table, sql`changed`)}
AND ${hasNoHistory(table)}`
}

/** Tables that inherit are audited by themselves; a partitioned table's rows are all in others. */
export function isOwnRow(table: AuditTableObject, row: Sql): Sql {
  const oid = sql`${literal(sqlText(qualified(table.source)))}::regclass`
  return sql`(
  ${row}.tableoid = ${oid} OR (SELECT c.relkind = 'p' FROM pg_class AS c WHERE c.oid = ${oid})
)`
}

/** Of the row `changed` of the source. */
export function hasNoHistory(table: AuditTableObject): Sql {
  return sql`NOT EXISTS (
  SELECT FROM ${auditTable(table)} AS known
  WHERE ${isSameKey(table)}
)`
}

/** Two baselines at once would each find no history. */
export function oneAtATime(table: AuditTableObject): Sql {
  return sql`pg_advisory_xact_lock(hashtextextended(${literal(sqlText(auditTable(table)))}, 0))`
}

/** The row `known` of the history is of the row of the source. */
export function isSameKey(table: AuditTableObject, row: Sql = sql`changed`): Sql {
  return haveSameKey(
    table,
    ({ name }) => sql`known.${ident(name)}`,
    (column) => historyKey(table, column, row),
  )
}
