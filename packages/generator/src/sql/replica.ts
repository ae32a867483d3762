import { nameKey } from '../model/names.ts'
import { type AuditHome, type DatabaseState, homeOf } from '../state/database-state.ts'
import { type FormerNames, NO_FORMER_NAMES } from '../state/former-names.ts'
import { hasWaiverTable } from '../state/waiver.ts'
import { MARK, renderDetachedMark } from './base-guard.ts'
import { renderBaseOfReplica } from './base-schema.ts'
import type { HistoryTable } from './look-first.ts'
import { publishedLater } from './published-tables.ts'
import { asScript } from './render-installation.ts'
import { inTransactions } from './render-migration.ts'
import { HISTORY_ROW, refusePrimary, replicaGuards, SEAL_ROWS, unlessStillHere } from './replica-guard.ts'
import { renderReplicaRecords } from './replica-records.ts'
import { dropFormerFunctions, followRenames, refuseFormerNames } from './replica-renames.ts'
import { type ReplicaTable, renderReplicaTable, replicaOf, replicaOfWaivers } from './replica-table.ts'
import { APPEND_ONLY, renderSealTable, sealTable } from './seal-tables.ts'
import { renderSharedSchema } from './shared-schema.ts'
import { comment, dollarQuoted, ident, lines, literal, paragraphs, type Sql, sql, sqlText } from './sql.ts'
import { waiverHistory } from './waiver-table.ts'

export interface ReplicaSetup {
  /** With a schema. */
  readonly state: DatabaseState
  /** By `nameKey` of the history. */
  readonly former: ReadonlyMap<string, FormerNames>
  /** By `nameKey` of the history: its columns in the order in which it got them. */
  readonly orders: ReadonlyMap<string, readonly string[]>
  /** Audit schemas that the histories were in. */
  readonly formerHomes: readonly AuditHome[]
  /** What was renamed on the primary is to be renamed here. */
  readonly renames: boolean
  readonly publication: string
  /** Milliseconds. */
  readonly lockTimeout: number
}

/**
 * The script for the second server: every history with its guards, and the tables of the seals, or what they lack. One transaction, safe
 * to run again; before a migration that adds something is deployed on the primary.
 *
 *     CREATE TABLE IF NOT EXISTS "audit"."Order_audit" (
 *       "audit_id" bigint,
 *       CONSTRAINT "Order_audit_pkey" PRIMARY KEY ("audit_id")
 *     );
 *     ALTER TABLE "audit"."Order_audit" ADD COLUMN IF NOT EXISTS "audit_operation" char(1), …;
 *
 * Its rows have the numbers that the primary gave them: nothing here has a sequence.
 */
export function renderReplica(setup: ReplicaSetup): string {
  const { state, former, orders, formerHomes, renames, lockTimeout } = setup
  const { schema } = state
  if (schema === undefined) throw new Error('nothing is audited, so there is nothing to replicate')
  const home = homeOf(schema)
  const tables = [
    ...state.tables.map((table) => {
      const key = nameKey({ schema: table.schema, name: table.names.table })
      return replicaOf(table, former.get(key) ?? NO_FORMER_NAMES, orders.get(key) ?? [])
    }),
    ...(hasWaiverTable(schema) ? [replicaOfWaivers(schema, formerly(formerHomes, waiverHistory))] : []),
  ]
  const own = publishedLater(home).map((table, at) => ({
    ...table,
    former: formerly(formerHomes, (each) => publishedLater(each)[at] ?? table),
  }))
  const script = paragraphs([
    refusePrimary(tables),
    ...(renames ? [] : [...tables, ...own].map((table) => refuseFormerNames(table, table.former))),
    home.shared ? renderSharedSchema(home) : renderSchema(home),
    renderBaseOfReplica(home),
    ...tables.map((table) => renderHistory(table, renames)),
    ...(renames ? own.map((table) => followRenames(table, table.former)) : []),
    renderReplicaRecords(home),
    ...APPEND_ONLY.map((role) =>
      paragraphs([
        renderSealTable(home, role),
        replicaGuards(sealTable(home, role), SEAL_ROWS[role], unlessStillHere(home, role)),
      ]),
    ),
    ...own.map((table) => dropFormerFunctions(table, table.former)),
  ])
  return `${sqlText(header(setup))}\n\n${asScript(inTransactions([script], { lockTimeout }))}`
}

/** A table of the audit's own, in the schemas that it was in. */
function formerly(homes: readonly AuditHome[], tableIn: (home: AuditHome) => HistoryTable): FormerNames {
  return {
    tables: homes.map(tableIn).map(({ schema, names }) => ({ schema, name: names.table })),
    columns: new Map(),
  }
}

function header({ publication, renames }: ReplicaSetup): Sql {
  const when = renames
    ? 'To be run when the primary has been deployed, and replication waits for a name that is new.'
    : 'To be run in a database of its own, and again before a migration is deployed on the primary.'
  return lines(
    [
      'The history of another server, as a second one has it, for logical replication.',
      when,
      'By the role that owns the subscription. Then, once:',
      `  CREATE SUBSCRIPTION ${sqlText(ident(publication))} CONNECTION '…' PUBLICATION ${sqlText(ident(publication))};`,
      'and whenever the primary publishes a table more:',
      `  ALTER SUBSCRIPTION ${sqlText(ident(publication))} REFRESH PUBLICATION;`,
    ].map((line) => comment(line)),
  )
}

function renderHistory(table: ReplicaTable, renames: boolean): Sql {
  return paragraphs([
    renames ? followRenames(table, table.former) : sql``,
    renderReplicaTable(table),
    replicaGuards(table, HISTORY_ROW),
    dropFormerFunctions(table, table.former),
  ])
}

/** Marked as kept on purpose: a base migration that runs here by mistake adopts it, and does not take it for a left-over. */
function renderSchema(home: AuditHome): Sql {
  const name = literal(home.schema)
  const body = sql`DECLARE
  existing oid := (SELECT n.oid FROM pg_catalog.pg_namespace AS n WHERE n.nspname = ${name});
BEGIN
  IF existing IS NULL THEN
    CREATE SCHEMA ${ident(home.schema)};
  ELSIF pg_catalog.starts_with(pg_catalog.obj_description(existing, 'pg_namespace'), ${literal(MARK)}) IS NOT TRUE THEN
    RAISE EXCEPTION USING
      ERRCODE = 'duplicate_schema',
      MESSAGE = pg_catalog.format('schema %I exists already and does not belong to prisma-generator-audit', ${name}),
      HINT = 'Choose a database of its own for the history.';
  END IF;
END`
  return paragraphs([sql`DO ${dollarQuoted(body)};`, renderDetachedMark(home)])
}
