import {
  type AuditSchemaObject,
  type AuditTableObject,
  type DatabaseState,
  EMPTY_STATE,
  homeOf,
} from '../state/database-state.ts'
import { diffState } from '../state/diff-state.ts'
import { freeName } from '../state/free-name.ts'
import { planMigration } from '../state/migration-plan.ts'
import type { MigrationStep } from '../state/migration-step.ts'
import { commentOnColumn, renderAuditTable, replaceAppendOnly } from './audit-table.ts'
import { MARK, renderDetachedMark, renderMark } from './base-guard.ts'
import { renderBaseUpgrade } from './base-schema.ts'
import { renderCaptureFunctions } from './capture-functions.ts'
import { renameUnlessTaken } from './look-first.ts'
import { renderHashing } from './render-hashing.ts'
import { inTransactions, renderMigration } from './render-migration.ts'
import { renderPartitioning } from './render-partitions.ts'
import { renderWaiver } from './render-waiver.ts'
import {
  dollarQuoted,
  ident,
  integer,
  lines,
  literal,
  paragraphs,
  qualified,
  type Sql,
  sql,
  sqlText,
} from './sql.ts'
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
  const whole = renderMigration(plan, { from: EMPTY_STATE, lockTimeout })
  return `${asScript(ownTransactions([markDetached(state)], lockTimeout))}${asScript(whole)}`
}

/**
 * What mends a schema that is there: the functions that all tables share, and each table in transactions of its own. None locks
 * a history and then its table: a writer has them the other way round, and would be the victim.
 */
export function renderRepair(
  state: DatabaseState,
  { isBaseUnfit, tables: repairs, statements }: Repairs,
  lockTimeout: number,
): string {
  const { schema } = state
  if (schema === undefined) return ''
  const own = (sections: readonly Sql[]) => ownTransactions(sections, lockTimeout)
  const timeout = sqlText(literal(`${sqlText(integer(lockTimeout))}ms`))
  const texts = [
    own([
      ...(isBaseUnfit ? sharedParts(state, schema) : []),
      repairs.length > 0 ? renderMark(homeOf(schema), schema.sqlVersion) : sql``,
    ]),
    ...repairs.map((repair) => {
      const { table, present, unfit } = repair
      const from = { schema, tables: [] }
      const step: MigrationStep = { kind: 'createAuditTable', source: table.source, table }
      const plan = planMigration(from, [step])
      if (unfit.length > 0) {
        // All at once: no write may meet a history that lacks a column.
        const whole = renderMigration(plan, { from, lockTimeout, appended: true })
        return [
          asScript(`${own([setAside(repair)])}\n${whole}`),
          asScript(own(replaceTriggers(repair))),
        ].join('')
      }
      // The functions that triggers call have to be there, and what they write.
      const first =
        present.length === 0
          ? []
          : [renderAuditTable(table), renderCaptureFunctions(table), ...replaceTriggers(repair)]
      return [asScript(own(first)), asScript(renderMigration(plan, { from, lockTimeout }))].join('')
    }),
    // They may lock live tables: each has a transaction of its own.
    ...statements.map((statement) => asScript(`SET LOCAL lock_timeout = ${timeout};\n${statement}`)),
  ]
  const [base = '', ...more] = texts
  return [asScript(base), ...more].join('')
}

/** What all tables share: the functions of the schema, those of hashed columns, and those of waivers, with their tables. */
function sharedParts(state: DatabaseState, schema: AuditSchemaObject): readonly Sql[] {
  const step: MigrationStep = { kind: 'upgradeSchema', sqlVersion: schema.sqlVersion }
  return [
    renderBaseUpgrade(homeOf(schema)),
    renderHashing([step], state),
    renderWaiver([step], state),
    renderPartitioning([step], state),
  ]
}

/**
 * Transactions written out, for psql and for any client. Migrations have a bare COMMIT between two of them, because Prisma hides
 * the error of a statement that fails after a BEGIN.
 */
export function asScript(text: string): string {
  if (text === '') return ''
  return `BEGIN;\n${text.trimEnd().replaceAll(/^COMMIT;$/gm, 'COMMIT;\nBEGIN;')}\nCOMMIT;\n`
}

/** The triggers and functions of every table go; the histories stay. */
export function renderUninstallation(state: DatabaseState, lockTimeout: number): string {
  const steps = state.tables
    .filter(({ capturing }) => capturing)
    .map(({ source }): MigrationStep => ({ kind: 'retireTable', source }))
  const whole = renderMigration(planMigration(state, steps), { from: state, lockTimeout })
  return `${asScript(whole)}${asScript(ownTransactions([markDetached(state)], lockTimeout))}`
}

function ownTransactions(sections: readonly Sql[], lockTimeout: number): string {
  return sections.some((section) => sqlText(section) !== '') ? inTransactions(sections, { lockTimeout }) : ''
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
function replaceTriggers({ table, triggers, isGuardUnfit }: TableRepair): readonly Sql[] {
  const source = qualified(table.source)
  const mode = table.enableAlways ? sql`ENABLE ALWAYS` : sql`ENABLE`
  const replaced = triggersOf(table)
    .filter(({ name }) => triggers.has(name))
    .map(
      (trigger) => sql`CREATE OR REPLACE TRIGGER ${definition(table, trigger)};
ALTER TABLE ${source} ${mode} TRIGGER ${ident(trigger.name)};`,
    )
  return [paragraphs(replaced), isGuardUnfit ? replaceAppendOnly(table) : sql``]
}

/**
 * A schema of ours whose triggers are gone looks as if it were left over from a reset, and would make room. This one is meant to go
 * on: it is marked as detached, as a down migration does.
 */
function markDetached({ schema }: DatabaseState): Sql {
  if (schema === undefined || schema.shared) return sql``
  const body = sql`BEGIN
  IF EXISTS (
    SELECT FROM pg_catalog.pg_namespace AS n
    WHERE n.nspname = ${literal(schema.name)}
      AND pg_catalog.starts_with(pg_catalog.obj_description(n.oid, 'pg_namespace'), ${literal(MARK)})
  ) THEN
    ${renderDetachedMark(homeOf(schema))}
  END IF;
END`
  return sql`DO ${dollarQuoted(body)};`
}
