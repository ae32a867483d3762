import type { AuditTableObject } from '../state/database-state.ts'
import { type TableStep, unreachable } from '../state/migration-step.ts'
import {
  addColumns,
  auditTable,
  commentOnColumn,
  commentOnTable,
  relation,
  renderAuditTable,
  renderMissingColumns,
  requiredCheck,
  requiredChecks,
  settingColumn,
  sourceColumn,
} from './audit-table.ts'
import { baseFunction } from './base-functions.ts'
import { renderCaptureFunctions } from './capture-functions.ts'
import { renderType } from './column-type.ts'
import { requiredCheckName } from './object-names.ts'
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
import {
  functionNames,
  renderKeyFunctionGone,
  renderKeyTriggerGone,
  renderTriggers,
  renderTriggersGone,
} from './triggers.ts'

/**
 * All steps of one table: first its audit table, then the functions that write it, then the triggers that call
 * them. `before` is undefined where the audit table is new. `checks` are the new CHECKs of the audit table, where they
 * have to be in this transaction.
 */
export function renderTableSection(
  before: AuditTableObject | undefined,
  steps: readonly TableStep[],
  after: AuditTableObject,
  checks: Sql,
): Sql {
  const head = comment(`History of ${sqlText(qualified(after.source))}`)
  const table = paragraphs([
    before === undefined ? sql`` : checksGone(before, after, steps),
    ...steps.map((step) => renderStep(step, after)),
    checks,
  ])
  return paragraphs([head, table, renderCapture(before, steps, after)])
}

function renderCapture(
  before: AuditTableObject | undefined,
  steps: readonly TableStep[],
  after: AuditTableObject,
): Sql {
  if (!after.capturing) return before?.capturing ? renderTriggersGone(before) : sql``
  // A table that was dropped and created anew is captured in the recorded state and has no trigger all the same.
  const isAttached = before?.capturing === true && !steps.some((step) => step.kind === 'resumeTable')
  const isKeyNew = before?.capturing === true && steps.some((step) => changesKey(step, after))
  return paragraphs([
    renderCaptureFunctions(after),
    renderPrivate(after),
    isKeyNew ? renderKeyTriggerGone(before) : sql``,
    isKeyNew && after.key.length === 0 ? renderKeyFunctionGone(before) : sql``,
    isAttached && !isKeyNew ? sql`` : renderTriggers(after),
  ])
}

/** The key's trigger names columns and compares them by their type. */
function changesKey(step: TableStep, after: AuditTableObject): boolean {
  if (step.kind === 'changeKey') return true
  return (step.kind === 'addColumn' || step.kind === 'changeColumn') && after.key.includes(step.column.name)
}

function renderStep(step: TableStep, table: AuditTableObject): Sql {
  switch (step.kind) {
    case 'createAuditTable':
      return paragraphs([renderRequireSource(table), renderAuditTable(table), renderPrivateTable(table)])
    case 'addColumn':
      return lines([
        addColumns(table, [sourceColumn(step.column)]),
        commentOnColumn(table, step.column.name, false),
      ])
    case 'addSetting':
      return lines([
        addColumns(table, [settingColumn(step.setting)]),
        commentOnColumn(table, step.setting.column, false),
      ])
    case 'retireColumn':
    case 'retireSetting':
      return commentOnColumn(table, step.column, true)
    case 'setAsideColumn':
      return renameUnlessTaken(table, step.column, step.as)
    case 'changeColumn':
      return changeType(table, step.column.name, renderType(step.column.type))
    case 'changeSetting':
      return changeType(table, step.setting.column, renderType(step.setting.type))
    case 'retireTable':
      return commentOnTable(table)
    case 'resumeTable':
      return paragraphs([renderRequireSource(table), commentOnTable(table)])
    case 'renameColumn':
    case 'renameTable':
    case 'renameObjects':
      throw new Error(`no SQL yet: ${step.kind}`)
    case 'changeMissingSettings':
    case 'changeTruncate':
    case 'changeKey':
      // The functions and triggers that follow carry it.
      return sql``
    case 'replaceFunctions':
      // Each branch made the audit table as it knew it.
      return step.reason === 'branches met' ? renderMissingColumns(table) : sql``
    default:
      return unreachable(step)
  }
}

/** Changes the catalog only: the diff gives this step to no other pair of types. */
function changeType(table: AuditTableObject, column: string, type: Sql): Sql {
  return sql`ALTER TABLE ${auditTable(table)} ALTER COLUMN ${ident(column)} TYPE ${type};`
}

/** Run again it finds the new name taken and leaves the column that has the old one. */
export function renameUnlessTaken(table: AuditTableObject, column: string, as: string): Sql {
  const body = sql`BEGIN
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = ${relation(table)} AND a.attname = ${literal(as)} AND NOT a.attisdropped
  ) THEN
    ALTER TABLE ${auditTable(table)} RENAME COLUMN ${ident(column)} TO ${ident(as)};
  END IF;
END`
  return sql`DO ${dollarQuoted(body)};`
}

function renderRequireSource(table: AuditTableObject): Sql {
  const columns = table.columns.filter((column) => !column.retired).map((column) => literal(column.name))
  return sql`CALL ${baseFunction(table, 'requireSource')}(
  ${literal(sqlText(qualified(table.source)))},
  ARRAY[${join(columns, sql`, `)}]::text[]
);`
}

function renderPrivateTable(table: AuditTableObject): Sql {
  return sql`CALL ${baseFunction(table, 'keepPrivate')}(ARRAY[${relation(table)}], '{}');`
}

function renderPrivate(table: AuditTableObject): Sql {
  const functions = functionNames(table).map((name) =>
    literal(sqlText(sql`${qualified({ schema: table.schema, name })}()`)),
  )
  return sql`CALL ${baseFunction(table, 'keepPrivate')}(
  '{}',
  ARRAY[
    ${join(functions, sql`,\n`)}
  ]::regprocedure[]
);`
}

/** Checks of a former self that the table has no more, or whose column was replaced. */
export function checksGone(
  before: AuditTableObject,
  after: AuditTableObject,
  steps: readonly TableStep[],
): Sql {
  const kept = new Set(requiredChecks(after).map((setting) => setting.column))
  const moved = movedColumns(steps)
  const gone = requiredChecks(before).filter(({ column }) => !kept.has(column) || moved.has(column))
  return lines(
    gone.map(
      (setting) =>
        sql`ALTER TABLE ${auditTable(after)} DROP CONSTRAINT IF EXISTS ${ident(requiredCheckName(setting))};`,
    ),
  )
}

/** NOT VALID: rows from before the rule stay as they are, and no row is read. */
export function checksAdded(
  before: AuditTableObject,
  after: AuditTableObject,
  steps: readonly TableStep[],
): Sql {
  const present = new Set(requiredChecks(before).map((setting) => setting.column))
  const moved = movedColumns(steps)
  const isMerge = steps.some((step) => step.kind === 'replaceFunctions' && step.reason === 'branches met')
  const added = requiredChecks(after).filter(
    ({ column }) => isMerge || !present.has(column) || moved.has(column),
  )
  return lines(
    added.map(
      (setting) => sql`ALTER TABLE ${auditTable(after)}
  DROP CONSTRAINT IF EXISTS ${ident(requiredCheckName(setting))},
  ADD ${requiredCheck(setting)} NOT VALID;`,
    ),
  )
}

function movedColumns(steps: readonly TableStep[]): ReadonlySet<string> {
  return new Set(steps.flatMap((step) => (step.kind === 'setAsideColumn' ? [step.column] : [])))
}
