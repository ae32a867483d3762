import { applySteps } from '../state/apply-steps.ts'
import { type AuditTableObject, type DatabaseState, homeOf } from '../state/database-state.ts'
import type { MigrationPlan } from '../state/migration-plan.ts'
import { type TableStep, unreachable } from '../state/migration-step.ts'
import { auditTable, commentOnColumn, commentOnTable, relation } from './audit-table.ts'
import { renderDetachedMark } from './base-guard.ts'
import { renderCaptureFunctions } from './capture-functions.ts'
import { movesNames } from './lock-order.ts'
import {
  assertPossible,
  groupByTable,
  inTransactions,
  type RenderOptions,
  type TableGroup,
} from './render-migration.ts'
import { checksAdded, checksGone } from './required-checks.ts'
import {
  comment,
  dollarQuoted,
  ident,
  isFilled,
  lines,
  literal,
  paragraphs,
  qualified,
  type Sql,
  sql,
  sqlText,
} from './sql.ts'
import { renderPrivate } from './table-section.ts'
import {
  renderKeyFunctionGone,
  renderKeyTriggerGone,
  renderLevelChange,
  renderTriggers,
  renderTriggersGone,
} from './triggers.ts'

/**
 * The text of down.sql: the functions and triggers that were there before the plan's steps, exactly. History is
 * never dropped: a column or table that the steps brought stays, marked retired. Going up again afterwards works.
 */
export function renderDown(plan: MigrationPlan, options: RenderOptions): string {
  assertPossible(plan)
  if (plan.steps.length === 0) return ''
  const { from } = options
  const to = applySteps(from, plan.steps)
  const groups = groupByTable(plan.steps, from, to).filter((group) => group.steps.length > 0)
  const sections = [...groups.toReversed().flatMap(renderTableDown), renderSchemaDown(plan, to)]
  const head = 'Takes the steps of migration.sql back. No history is dropped. Run it by hand.'
  return `${sqlText(comment(head))}\n\n${inTransactions(sections, options)}`
}

function renderSchemaDown(plan: MigrationPlan, to: DatabaseState): Sql {
  // Functions of a newer SQL version serve the older ones' tables too, and the kept history needs its guard.
  if (to.schema === undefined || !plan.steps.some((step) => step.kind === 'createSchema')) return sql``
  return renderDetachedMark(homeOf(to.schema))
}

function renderTableDown({ before, steps, after }: TableGroup): readonly Sql[] {
  const head = comment(`History of ${sqlText(qualified(after.source))}`)
  if (before === undefined) {
    return [paragraphs([head, commentOnTable({ ...after, capturing: false }), renderTriggersGone(after)])]
  }
  const gone = checksGone(after, before, steps)
  const added = checksAdded(after, before, steps)
  const columns = steps.toReversed().map((step) => renderStepDown(step, before))
  const capture = renderCaptureDown(before, steps, after)
  // As on the way up: no transaction holds the audit table and waits for the source.
  if (isFilled(lines([gone, added])) && !movesNames(steps) && dropsOrMakesTriggers(before, steps, after)) {
    return [paragraphs([head, gone, ...columns]), capture, added]
  }
  return [paragraphs([head, gone, ...columns, added, capture])]
}

function dropsOrMakesTriggers(
  before: AuditTableObject,
  steps: readonly TableStep[],
  after: AuditTableObject,
): boolean {
  return (
    before.capturing !== after.capturing ||
    steps.some(({ kind }) => kind === 'changeKey' || kind === 'changeLevel')
  )
}

function renderCaptureDown(
  before: AuditTableObject,
  steps: readonly TableStep[],
  after: AuditTableObject,
): Sql {
  if (!before.capturing) return after.capturing ? renderTriggersGone(after) : sql``
  const isKeyOld = after.capturing && steps.some((step) => step.kind === 'changeKey')
  const isFunctionNew =
    !after.capturing || before.level !== after.level || (before.key.length > 0 && after.key.length === 0)
  return paragraphs([
    renderCaptureFunctions(before),
    isKeyOld ? renderKeyTriggerGone(after) : sql``,
    isKeyOld && before.key.length === 0 ? renderKeyFunctionGone(after) : sql``,
    // What was dropped is made with the rights that everybody has by default.
    isFunctionNew ? renderPrivate(before) : sql``,
    after.capturing ? renderLevelChange(after, steps, before) : sql``,
    isKeyOld || !after.capturing ? renderTriggers(before) : sql``,
  ])
}

function renderStepDown(step: TableStep, before: AuditTableObject): Sql {
  switch (step.kind) {
    case 'addColumn':
      return commentOnColumn(before, step.column.name, true)
    case 'addSetting':
      return commentOnColumn(before, step.setting.column, true)
    case 'retireColumn':
    case 'retireSetting':
      return commentOnColumn(before, step.column, false)
    case 'setAsideColumn':
      return swapBack(before, step.column, step.as)
    case 'retireTable':
    case 'resumeTable':
      return commentOnTable(before)
    case 'renameColumn':
    case 'renameTable':
    case 'renameObjects':
      throw new Error(`no SQL yet: ${step.kind}`)
    case 'createAuditTable':
    case 'changeColumn':
    case 'changeSetting':
    case 'changeMissingSettings':
    case 'changeTruncate':
    case 'changeLevel':
    case 'changeKey':
    case 'replaceFunctions':
      // A wider column holds the narrower values; the rest is in the functions and triggers.
      return sql``
    default:
      return unreachable(step)
  }
}

/** The column that took the name steps aside under one that is free, and the former column gets its name back. */
function swapBack(table: AuditTableObject, column: string, as: string): Sql {
  const body = sql`DECLARE
  free_name text;
BEGIN
  IF EXISTS (
    SELECT FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = ${relation(table)} AND a.attname = ${literal(as)} AND NOT a.attisdropped
  ) THEN
    SELECT pg_catalog.left(${literal(column)}, 15) || '__undone_' || number
    INTO free_name
    FROM pg_catalog.generate_series(1, 1600) AS number
    WHERE NOT EXISTS (
      SELECT FROM pg_catalog.pg_attribute AS a
      WHERE a.attrelid = ${relation(table)}
        AND a.attname = pg_catalog.left(${literal(column)}, 15) || '__undone_' || number
    )
    ORDER BY number
    LIMIT 1;
    EXECUTE pg_catalog.format(
      'ALTER TABLE %s RENAME COLUMN %I TO %I', ${relation(table)}, ${literal(column)}, free_name
    );
    ALTER TABLE ${auditTable(table)} RENAME COLUMN ${ident(as)} TO ${ident(column)};
  END IF;
END`
  return sql`DO ${dollarQuoted(body)};`
}
