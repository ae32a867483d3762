import { applySteps } from '../state/apply-steps.ts'
import { type AuditHome, type DatabaseState, homeOf } from '../state/database-state.ts'
import type { MigrationStep } from '../state/migration-step.ts'
import { hasWaiverTable } from '../state/waiver.ts'
import { baseFunction } from './base-functions.ts'
import { auditTable, relation, when } from './look-first.ts'
import { markFunctions, refuseForeignFunctions } from './shared-schema.ts'
import { comment, join, lines, literal, paragraphs, type Sql, sql, sqlText } from './sql.ts'
import { renderWaiverFunctions, waiverSignatures } from './waiver-functions.ts'
import { dropEmptyWaiverTable, renderWaiverTable, waiverHistory } from './waiver-table.ts'

/**
 * By which capture can be waived in the state `to` after the steps, or in down.sql in the one before them; before the
 * tables, whose functions call it.
 */
export function renderWaiver(steps: readonly MigrationStep[], to: DatabaseState): Sql {
  if (to.schema?.waiverRole === undefined || !steps.some(isOfWaiver)) return sql``
  return waiver(homeOf(to.schema), to.schema.waiverRole)
}

/** Where nobody may waive capture any more; after the tables. */
export function renderWaiverGone(steps: readonly MigrationStep[], to: DatabaseState): Sql {
  const isTakenBack = steps.some((step) => step.kind === 'changeWaiver' && step.role === undefined)
  if (!isTakenBack || to.schema === undefined || to.schema.waiverRole !== undefined) return sql``
  return waiverGone(homeOf(to.schema))
}

/** In down.sql, after the tables: there was none before. */
export function renderWaiverGoneDown(steps: readonly MigrationStep[], from: DatabaseState): Sql {
  const made = steps.find((step) => step.kind === 'changeWaiver' && step.role !== undefined)
  if (made === undefined || from.schema?.waiverRole !== undefined) return sql``
  const { schema } = applySteps(from, steps)
  const home = from.schema ?? schema
  if (home === undefined) return sql``
  const gone = waiverGone(homeOf(home))
  return hasWaiverTable(from.schema ?? {}) ? gone : paragraphs([gone, dropEmptyWaiverTable(homeOf(home))])
}

function isOfWaiver({ kind }: MigrationStep): boolean {
  return kind === 'changeWaiver' || kind === 'upgradeSchema' || kind === 'moveSchema'
}

function waiver(home: AuditHome, role: string): Sql {
  const signatures = waiverSignatures(home)
  const each = signatures.map((signature) => literal(sqlText(signature)))
  const history = waiverHistory(home)
  return paragraphs([
    comment(`Capture can be waived by members of the role ${role}.`),
    renderWaiverTable(home),
    when(
      sql`pg_catalog.obj_description(${relation(history)}, 'pg_class') IS NULL`,
      sql`COMMENT ON TABLE ${auditTable(history)} IS 'What was not captured, because it was waived';`,
    ),
    refuseForeignFunctions(home, signatures, 'for example another schema'),
    renderWaiverFunctions(home, role),
    markFunctions(home, signatures),
    sql`CALL ${baseFunction(home, 'keepPrivate')}(
  '{}',
  ARRAY[
    ${join(each, sql`,\n`)}
  ]::regprocedure[]
);`,
    sql`-- Everybody may ask: the function itself looks whether the role is there, and who its members are.
GRANT EXECUTE ON FUNCTION ${baseFunction(home, 'waiveCapture')}(text) TO PUBLIC;`,
  ])
}

function waiverGone(home: AuditHome): Sql {
  return paragraphs([
    comment('Capture cannot be waived any more. What was waived stays told.'),
    lines(waiverSignatures(home).map((signature) => sql`DROP FUNCTION IF EXISTS ${signature};`)),
  ])
}
