import type { QualifiedName } from '../model/names.ts'
import type { AuditTableObject } from '../state/database-state.ts'
import { auditTable, type HistoryTable } from './look-first.ts'
import { isOfKind } from './move-own-table.ts'
import { dollarQuoted, isFilled, lines, literal, qualified, type Sql, sql, sqlText } from './sql.ts'
import { triggerNames } from './triggers.ts'

/** One table whose audit objects or columns get other names. */
export interface LockedTable {
  readonly from: AuditTableObject
  readonly to: AuditTableObject
  /** The OID of the source table, NULL where it is gone. */
  readonly source: Sql
  /** The source's name, where it is known to be there. */
  readonly lock: QualifiedName | undefined
  /** Triggers of the source are dropped later in the transaction. */
  readonly dropsTriggers: boolean
}

/** The variables that `lockWriters` needs. */
export const LOCK_VARIABLES: Sql = sql`${lockVariables()}
command text;`

/** Those that `tryLocks` needs. */
export function lockVariables(): Sql {
  return sql`patience CONSTANT text := pg_catalog.current_setting('lock_timeout');
deadline CONSTANT timestamptz := pg_catalog.clock_timestamp() + patience::interval;`
}

/**
 * PL/pgSQL that keeps every writer out of the old functions while what these name gets another name: one that waits
 * in its trigger for the audit table would find it, or its column, gone (42P01, 42703).
 *
 * It is the one place where a source is locked before its audit table. So that a long history query stops no writer, the
 * audit table is waited for but a moment at a time, and meanwhile the source is let go. So is each source but the first: an
 * application's transaction that writes them in another order is no victim of a deadlock.
 *
 * @param shared tables of all histories, which whoever writes a source may read in its trigger, or have written before: locked
 *   where they are there
 */
export function lockWriters(tables: readonly LockedTable[], shared: readonly HistoryTable[] = []): Sql {
  const [first, ...others] = tables.filter(({ from }) => from.capturing)
  if (first === undefined) return sql``
  return sql`-- No writer may be in the old functions meanwhile. A reader of the history stops none: its lock is tried for.
${tryLocks(
  lockSource(first),
  lines([
    ...others.map(lockSource),
    ...tables.map(({ from }) => sql`LOCK TABLE ${auditTable(from)} IN ACCESS EXCLUSIVE MODE;`),
    ...shared.map(lockShared),
  ]),
)}`
}

function lockShared(table: HistoryTable): Sql {
  return sql`IF ${isOfKind(table, 'r')} THEN
  LOCK TABLE ${auditTable(table)} IN ACCESS EXCLUSIVE MODE;
END IF;`
}

/** The same as a statement of its own, before others that are to be in one transaction with it. */
export function renderLockWriters(tables: readonly LockedTable[], shared: readonly HistoryTable[] = []): Sql {
  const locks = lockWriters(tables, shared)
  if (!isFilled(locks)) return sql``
  const block = sql`DECLARE
  ${LOCK_VARIABLES}
BEGIN
  ${locks}
END`
  return sql`DO ${dollarQuoted(block)};`
}

/**
 * PL/pgSQL that waits for the first lock, and for the others but a moment at a time: in between all are let go, so that
 * whoever holds one of the others and waits for the first is no victim of a deadlock.
 */
export function tryLocks(first: Sql, others: Sql): Sql {
  return sql`LOOP
  BEGIN
    ${first}
    PERFORM pg_catalog.set_config('lock_timeout', '100ms', true);
    ${others}
    PERFORM pg_catalog.set_config('lock_timeout', patience, true);
    EXIT;
  EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
    IF patience <> '0' AND pg_catalog.clock_timestamp() > deadline THEN
      RAISE;
    END IF;
    PERFORM pg_catalog.pg_sleep(0.1);
  END;
END LOOP;`
}

/**
 * Renaming or dropping a trigger takes its table's strongest lock. It is taken at once: a lock that is raised meets a
 * transaction that has read the table and is about to write it in a deadlock, without any waiting.
 */
function lockSource({ from, to, source, lock, dropsTriggers }: LockedTable): Sql {
  const [now, then] = [triggerNames({ ...from, names: to.names }), triggerNames(from)]
  const isStrongest = dropsTriggers || now.join('\0') !== then.join('\0')
  const mode = isStrongest ? sql`ACCESS EXCLUSIVE` : sql`SHARE ROW EXCLUSIVE`
  if (lock !== undefined) return sql`LOCK TABLE ${qualified(lock)} IN ${mode} MODE;`
  return sql`FOR command IN
  SELECT pg_catalog.format('LOCK TABLE %s IN ${mode} MODE', c.oid::regclass)
  FROM pg_catalog.pg_class AS c
  WHERE c.oid = ${source}
LOOP
  EXECUTE command;
END LOOP;`
}

/**
 * Whoever may have begun with an old function holds a lock on the source table, taken before the trigger fired.
 *
 * @param tables whose source it is, under each of the names that it may have
 */
export function waitForWriters(tables: readonly AuditTableObject[]): Sql {
  const names = [...new Set(tables.map(({ source }) => sqlText(qualified(source))))]
  const [table] = tables
  if (table === undefined) return sql``
  const why = sql`-- Waits for the writers that began with the old functions, and lets the others go on at once.`
  if (names.length === 1) return lines([why, sql`LOCK TABLE ${qualified(table.source)} IN SHARE MODE;`])
  const each = tables.map(
    ({ source }) => sql`IF pg_catalog.to_regclass(${literal(sqlText(qualified(source)))}) IS NOT NULL THEN
  LOCK TABLE ${qualified(source)} IN SHARE MODE;
END IF;`,
  )
  const body = sql`BEGIN
  ${lines(each)}
END`
  return lines([why, sql`DO ${dollarQuoted(body)};`])
}
