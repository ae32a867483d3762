import { type AuditHome, type AuditTableObject, type DatabaseState, homeOf } from '../state/database-state.ts'
import type { MigrationStep } from '../state/migration-step.ts'
import { bringsPartitions, hasPartitions } from '../state/partitioning.ts'
import type { TableGroup } from '../state/table-group.ts'
import { baseFunction } from './base-functions.ts'
import { lockVariables, tryLocks } from './lock-writers.ts'
import { auditTable, relation, when } from './look-first.ts'
import { OLDEST_CHECK } from './partition-names.ts'
import { partitionSignatures, renderPartitionProcedures } from './partition-procedure.ts'
import { markFunctions, refuseForeignFunctions } from './shared-schema.ts'
import {
  comment,
  dollarQuoted,
  ident,
  join,
  lines,
  literal,
  paragraphs,
  type Sql,
  sql,
  sqlText,
} from './sql.ts'

/** What makes partitions in the state `to` after the steps, or in down.sql in the one before them; before the tables. */
export function renderPartitioning(steps: readonly MigrationStep[], to: DatabaseState): Sql {
  const isNeeded = steps.some(
    (step) => step.kind === 'changePartitions' || bringsPartitions(step) || isOfSchema(step),
  )
  if (to.schema === undefined || !isNeeded || !hasPartitions(to)) return sql``
  return partitioning(homeOf(to.schema))
}

/** After the tables: none is partitioned any more in the state `to`. Partitions that are there stay. */
export function renderPartitioningGone(from: DatabaseState, to: DatabaseState): Sql {
  const home = to.schema ?? from.schema
  if (home === undefined || hasPartitions(to) || !hasPartitions(from)) return sql``
  return paragraphs([
    comment('No partitions are made any more. What is partitioned stays so, and loses no row.'),
    lines(partitionSignatures(homeOf(home)).map((signature) => sql`DROP ROUTINE IF EXISTS ${signature};`)),
  ])
}

/**
 * The history of one table becomes partitioned, or gets partitions of another length: a fragment for each transaction. Of one that may have
 * rows PostgreSQL first learns that all are older than the end of the partition that it becomes, while writers write on.
 *
 * @param appended to a draft, in whose transaction all of it happens
 */
export function renderPartitions({ steps, before, after }: TableGroup, appended: boolean): readonly Sql[] {
  const { partitionBy } = after
  if (partitionBy === undefined || !steps.some(bringsPartitions)) return []
  const call = callPartitions(after, 'partitionHistory')
  const said = paragraphs([
    comment(`Partitions of ${sqlText(auditTable(after))}, a ${partitionBy} each`),
    call,
  ])
  if (before === undefined || appended) return [said]
  return [
    paragraphs([
      comment(`${sqlText(auditTable(after))} is to be its oldest partition: its rows are looked at first`),
      callPartitions(after, 'preparePartitions'),
    ]),
    validateOldest(after),
    said,
  ]
}

/** The rows are held against the CHECK of `prepare_partitions`, in a transaction of its own: no writer waits for it. */
export function validateOldest(table: AuditTableObject): Sql {
  return when(
    sql`EXISTS (
  SELECT FROM pg_catalog.pg_constraint AS c
  WHERE c.conrelid = ${relation(table)} AND c.conname = ${literal(OLDEST_CHECK)} AND NOT c.convalidated
)`,
    sql`ALTER TABLE ${auditTable(table)} VALIDATE CONSTRAINT ${ident(OLDEST_CHECK)};`,
  )
}

/**
 * Where a history does not become partitioned after all: the CHECK that was to prepare it would fail every write from its moment on. A history
 * that is partitioned has none.
 */
export function renderUnprepared(table: AuditTableObject): Sql {
  const [name, check] = [literal(sqlText(auditTable(table))), literal(OLDEST_CHECK)]
  const body = sql`DECLARE
  ${lockVariables()}
BEGIN
  IF EXISTS (
    SELECT FROM pg_catalog.pg_constraint AS c WHERE c.conrelid = pg_catalog.to_regclass(${name}) AND c.conname = ${check}
  ) THEN
    ${tryLocks(sql`NULL;`, sql`ALTER TABLE ${auditTable(table)} DROP CONSTRAINT IF EXISTS ${ident(OLDEST_CHECK)};`)}
  END IF;
END`
  return sql`DO ${dollarQuoted(body)};`
}

/** `CALL "audit"."partition_history"('"audit"."Order_audit"', 'month');` of a table that is partitioned. */
export function callPartitions(table: AuditTableObject, role: 'preparePartitions' | 'partitionHistory'): Sql {
  return sql`CALL ${baseFunction(table, role)}(${literal(sqlText(auditTable(table)))}, ${literal(table.partitionBy ?? '')});`
}

function isOfSchema({ kind }: MigrationStep): boolean {
  return kind === 'upgradeSchema' || kind === 'moveSchema'
}

function partitioning(home: AuditHome): Sql {
  const signatures = partitionSignatures(home)
  const each = signatures.map((signature) => literal(sqlText(signature)))
  return paragraphs([
    comment('Histories are partitioned by time.'),
    refuseForeignFunctions(home, signatures, 'for example another schema'),
    renderPartitionProcedures(home),
    markFunctions(home, signatures),
    sql`CALL ${baseFunction(home, 'keepPrivate')}(
  '{}',
  ARRAY[
    ${join(each, sql`,\n`)}
  ]::regprocedure[]
);`,
  ])
}
