import { type AuditTableObject, type DatabaseState, EMPTY_STATE, homeOf } from '../state/database-state.ts'
import { diffState } from '../state/diff-state.ts'
import { freeName } from '../state/free-name.ts'
import { planMigration } from '../state/migration-plan.ts'
import type { MigrationStep } from '../state/migration-step.ts'
import { commentOnColumn, makeAppendOnly } from './audit-table.ts'
import { renderBaseUpgrade } from './base-schema.ts'
import { renameUnlessTaken } from './look-first.ts'
import { inTransactions, renderMigration } from './render-migration.ts'
import { ident, integer, lines, literal, paragraphs, qualified, type Sql, sql, sqlText } from './sql.ts'
import { definition, triggersOf } from './trigger-definitions.ts'

/** What a database lacks of one table's audit. */
export interface TableRepair {
  readonly table: AuditTableObject
  /** The columns that the history has, live or retired. */
  readonly present: readonly string[]
  /** Columns whose values do not fit any more: they are set aside, and new ones take their names. */
  readonly unfit: readonly string[]
  /** Triggers that are there otherwise than they should be, by name. */
  readonly triggers: ReadonlySet<string>
  readonly isGuardUnfit: boolean
}

export interface Repairs {
  /** One of the functions that all tables share is not as it should be. */
  readonly isBaseUnfit: boolean
  readonly tables: readonly TableRepair[]
  /** Of `repair-statements.ts`. */
  readonly statements: readonly string[]
}

/**
 * The whole audit for a database that has none of it, safe to run again: what all migrations together make.
 *
 * @param lockTimeout in milliseconds
 */
export function renderInstallation(state: DatabaseState, lockTimeout: number): string {
  const plan = planMigration(EMPTY_STATE, diffState(EMPTY_STATE, state))
  return asScript(renderMigration(plan, { from: EMPTY_STATE, lockTimeout }))
}

/** What mends a schema that is there: the functions that all tables share, and each table in transactions of its own. */
export function renderRepair(
  { schema }: DatabaseState,
  { isBaseUnfit, tables: repairs, statements }: Repairs,
  lockTimeout: number,
): string {
  if (schema === undefined) return ''
  const from = { schema, tables: [] }
  const before = [isBaseUnfit ? renderBaseUpgrade(homeOf(schema)) : sql``, ...repairs.map(setAside)]
  const steps = repairs.map(
    ({ table }): MigrationStep => ({ kind: 'createAuditTable', source: table.source, table }),
  )
  const tables = renderMigration(planMigration(from, steps), { from, lockTimeout })
  const own = (sections: readonly Sql[]) =>
    sections.some((section) => sqlText(section) !== '') ? inTransactions(sections, { lockTimeout }) : ''
  const timeout = sqlText(literal(`${sqlText(integer(lockTimeout))}ms`))
  // They may lock live tables: each has a transaction of its own.
  const each = statements.map((statement) => `SET LOCAL lock_timeout = ${timeout};\n${statement}`)
  return [own(before), tables, own(repairs.map(replaceTriggers)), ...each].map(asScript).join('')
}

/**
 * Transactions written out, for psql and for any client. Migrations have a bare COMMIT between two of them, because Prisma hides
 * the error of a statement that fails after a BEGIN.
 */
function asScript(text: string): string {
  if (text === '') return ''
  return `BEGIN;\n${text.trimEnd().replaceAll(/^COMMIT;$/gm, 'COMMIT;\nBEGIN;')}\nCOMMIT;\n`
}

/** The triggers and functions of every table go; the histories stay. */
export function renderUninstallation(state: DatabaseState, lockTimeout: number): string {
  const steps = state.tables
    .filter(({ capturing }) => capturing)
    .map(({ source }): MigrationStep => ({ kind: 'retireTable', source }))
  return asScript(renderMigration(planMigration(state, steps), { from: state, lockTimeout }))
}

function setAside({ table, present, unfit }: TableRepair): Sql {
  const taken = new Set(present)
  return lines(
    unfit.map((column) => {
      const as = freeName(column, taken)
      taken.add(as)
      return lines([renameUnlessTaken(table, column, as), commentOnColumn(table, as, true)])
    }),
  )
}

/** Replaced in place: readers neither wait nor are waited for. A replaced trigger fires as a new one does. */
function replaceTriggers({ table, triggers, isGuardUnfit }: TableRepair): Sql {
  const source = qualified(table.source)
  const mode = table.enableAlways ? sql`ENABLE ALWAYS` : sql`ENABLE`
  return paragraphs([
    ...triggersOf(table)
      .filter(({ name }) => triggers.has(name))
      .map(
        (trigger) => sql`CREATE OR REPLACE TRIGGER ${definition(table, trigger)};
ALTER TABLE ${source} ${mode} TRIGGER ${ident(trigger.name)};`,
      ),
    isGuardUnfit
      ? sql`DROP TRIGGER IF EXISTS "append_only" ON ${qualified({ schema: table.schema, name: table.names.table })};
${makeAppendOnly(table)}`
      : sql``,
  ])
}
