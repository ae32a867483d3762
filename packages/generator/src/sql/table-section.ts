import type { ColumnType } from '../model/column-type.ts'
import type { AuditTableObject } from '../state/database-state.ts'
import { type TableStep, unreachable } from '../state/migration-step.ts'
import { sourceColumn } from '../state/source-column.ts'
import type { TableGroup } from '../state/table-group.ts'
import {
  auditTable,
  commentOnColumn,
  commentOnTable,
  liveColumns,
  newColumn,
  newSetting,
  renderAuditTable,
  renderMissingColumns,
} from './audit-table.ts'
import { baseFunction } from './base-functions.ts'
import { renderCaptureFunctions } from './capture-functions.ts'
import { renderType } from './column-type.ts'
import { renderHashKeys } from './hash-key-table.ts'
import { changesKey, needsTwoTransactions } from './lock-order.ts'
import { addMissingColumns, renameUnlessTaken } from './look-first.ts'
import { keyIndexName } from './object-names.ts'
import { renderReplacedOff } from './replaced-table.ts'
import { changeRule, checksGone } from './required-checks.ts'
import { refuseForeignTable } from './shared-schema.ts'
import {
  comment,
  dollarQuoted,
  ident,
  isFilled,
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
  renderFiring,
  renderKeyFunctionGone,
  renderKeyTriggerGone,
  renderLevelChange,
  renderTriggers,
  renderTriggersGone,
} from './triggers.ts'

/**
 * All steps of one table, a fragment for each transaction: first its audit table, then the functions that write it,
 * then the triggers that call them. `renames` gives objects and columns their names, before all else.
 */
export function renderTableSections(group: TableGroup, renames: Sql): readonly Sql[] {
  const { renamed, rest, after } = group
  const capture = renderCapture(renamed, rest, after)
  const off = renderReplacedOff(group)
  // What has got another name the old functions would miss; and the writers are locked out by then.
  if (renamed === undefined || isFilled(renames) || !needsTwoTransactions(renamed, rest, after)) {
    return [paragraphs([renderTable(group, paragraphs([off, renames])), capture])]
  }
  return [renderTable(group, renames), paragraphs([off, capture])]
}

/**
 * The same in one transaction, where Prisma's statements hold the source table already; `checks` are new CHECKs, `baseline`
 * the rows from before the audit.
 */
export function renderTableSection(group: TableGroup, renames: Sql, checks: Sql, baseline: Sql): Sql {
  const { renamed, rest, after } = group
  return paragraphs([renderTable(group, renames), checks, renderCapture(renamed, rest, after), baseline])
}

function renderTable({ renamed, rest, after }: TableGroup, renames: Sql): Sql {
  return paragraphs([
    comment(`History of ${sqlText(qualified(after.source))}`),
    renames,
    renamed === undefined ? sql`` : checksGone(renamed, after, rest),
    ...rest.map((step) => renderStep(step, renamed, after)),
    changeRule(after, rest),
  ])
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
    renderHashKeys(after),
    renderCaptureFunctions(after),
    renderPrivate(after),
    isKeyNew ? renderKeyTriggerGone(before) : sql``,
    isKeyNew && after.key.length === 0 ? renderKeyFunctionGone(before) : sql``,
    before?.capturing ? renderLevelChange(before, steps, after) : sql``,
    isAttached && !isKeyNew ? sql`` : renderTriggers(after),
    renderFiring(steps, after),
  ])
}

function renderStep(step: TableStep, before: AuditTableObject | undefined, table: AuditTableObject): Sql {
  switch (step.kind) {
    case 'createAuditTable':
      return paragraphs([
        renderRequireSource(table),
        refuseForeignTable(table, keyIndexName(table)),
        renderAuditTable(table),
      ])
    case 'addColumn':
      return lines([
        addMissingColumns(table, [newColumn(step.column)]),
        commentOnColumn(table, step.column.name, false),
      ])
    case 'addSetting':
      return lines([
        addMissingColumns(table, [newSetting(step.setting)]),
        commentOnColumn(table, step.setting.column, false),
      ])
    case 'retireColumn':
    case 'retireSetting':
      return commentOnColumn(table, step.column, true)
    case 'setAsideColumn':
      return renameUnlessTaken(table, step.column, step.as)
    case 'changeColumn': {
      const former = before?.columns.find(({ name }) => name === step.column.name)
      return changeType(table, step.column.name, former?.type, step.column.type)
    }
    case 'changeSetting': {
      const former = before?.settings.find(({ column }) => column === step.setting.column)
      return changeType(table, step.setting.column, former?.type, step.setting.type)
    }
    case 'retireTable':
    case 'renameTable':
      return commentOnTable(table)
    case 'resumeTable':
      return paragraphs([renderRequireSource(table), commentOnTable(table)])
    case 'renameColumn':
    case 'renameObjects':
      // One statement takes all of them, beforehand.
      return sql``
    case 'changeMissingSettings':
    case 'changeTruncate':
    case 'changeWaivable':
    case 'changeLevel':
    case 'changeEnableAlways':
    case 'changeBackfill':
    case 'changePartitions':
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

/** Changes the catalog only: the diff gives this step to no other pair of types. An equal type needs no lock. */
function changeType(
  table: AuditTableObject,
  column: string,
  from: ColumnType | undefined,
  to: ColumnType,
): Sql {
  const type = renderType(to)
  if (from !== undefined && sqlText(renderType(from)) === sqlText(type)) return sql``
  return sql`ALTER TABLE ${auditTable(table)} ALTER COLUMN ${ident(column)} TYPE ${type};`
}

function renderRequireSource(table: AuditTableObject): Sql {
  const columns = liveColumns(table).map((column) => literal(sourceColumn(column)))
  const call = sql`CALL ${baseFunction(table, 'requireSource')}(
  ${literal(sqlText(qualified(table.source)))},
  ARRAY[${join(columns, sql`, `)}]::text[]
);`
  return table.level === 'row' ? unlessSpread(table, call) : call
}

/** Row triggers are cloned to every partition, and see in one what is written by another name. There a SELECT fails where a column is missing, as `call` would. */
function unlessSpread(table: AuditTableObject, call: Sql): Sql {
  const columns = liveColumns(table).map((column) => ident(sourceColumn(column)))
  const source = qualified(table.source)
  const body = sql`BEGIN
  IF EXISTS (
    SELECT FROM pg_catalog.pg_class AS c
    WHERE c.oid = pg_catalog.to_regclass(${literal(sqlText(source))})
      AND (c.relkind = 'p' OR (c.relkind = 'r' AND c.relispartition))
  ) THEN
    PERFORM ${join(columns, sql`, `)} FROM ${source} WHERE false;
  ELSE
    ${call}
  END IF;
END`
  return sql`DO ${dollarQuoted(body)};`
}

/** Nobody but the owner may call the functions: who attached one to a table of his own could forge history. */
export function renderPrivate(table: AuditTableObject): Sql {
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
