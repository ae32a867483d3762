import type { AuditTableObject } from '../state/database-state.ts'
import type { TableStep } from '../state/migration-step.ts'
import { type TableGroup, walk } from '../state/table-group.ts'
import { commentOnColumn, newColumn, newSetting, requiredChecks } from './audit-table.ts'
import { renderType } from './column-type.ts'
import { auditTable, hasCheck, stepAside } from './look-first.ts'
import { requiredCheckName } from './object-names.ts'
import { ident, lines, type Sql, sql } from './sql.ts'

/** PL/pgSQL for the steps of columns up to the last rename, on the audit table as it is called in `table`. */
export function moveColumns(
  before: AuditTableObject,
  moves: readonly TableStep[],
  table: AuditTableObject,
): Sql {
  return lines(walk(before, moves).map(({ step, at, next }) => moveColumn(step, at, next, table)))
}

function moveColumn(
  step: TableStep,
  at: AuditTableObject,
  next: AuditTableObject,
  table: AuditTableObject,
): Sql {
  const alter = sql`ALTER TABLE ${auditTable(table)}`
  switch (step.kind) {
    case 'renameColumn':
      // Another branch has renamed it already.
      if (!allColumns(next).includes(step.to) || allColumns(at).includes(step.to)) return sql``
      return renameColumn(table, step.column, step.to, isChecked(at, step.column))
    case 'setAsideColumn':
      return renameColumn(table, step.column, step.as, false)
    case 'retireColumn':
      return commentOnColumn(table, step.column, true)
    case 'retireSetting':
      return lines([
        isChecked(at, step.column)
          ? sql`${alter} DROP CONSTRAINT IF EXISTS ${ident(requiredCheckName(step))};`
          : sql``,
        commentOnColumn(table, step.column, true),
      ])
    case 'addColumn':
      return sql`${alter} ADD COLUMN IF NOT EXISTS ${newColumn(step.column).definition};`
    case 'addSetting':
      return sql`${alter} ADD COLUMN IF NOT EXISTS ${newSetting(step.setting).definition};`
    case 'changeColumn':
      return sql`${alter} ALTER COLUMN ${ident(step.column.name)} TYPE ${renderType(step.column.type)};`
    case 'changeSetting':
      return sql`${alter} ALTER COLUMN ${ident(step.setting.column)} TYPE ${renderType(step.setting.type)};`
    default:
      return sql``
  }
}

/**
 * PL/pgSQL that takes the moves back. A column that later steps added under a name that is needed steps aside: it
 * may hold history.
 */
export function moveColumnsBack({ before, moves, renamed, rest }: TableGroup): Sql {
  if (before === undefined || renamed === undefined) return sql``
  const taken = new Set([...allColumns(renamed), ...rest.flatMap(addedColumn)])
  const back: Sql[] = []
  for (const { step, at, next } of walk(before, moves).toReversed()) {
    if (step.kind === 'addColumn') back.push(commentOnColumn(before, step.column.name, true))
    if (step.kind === 'addSetting') back.push(commentOnColumn(before, step.setting.column, true))
    if (step.kind === 'retireColumn' || step.kind === 'retireSetting') {
      back.push(commentOnColumn(before, step.column, false))
    }
    if (step.kind !== 'renameColumn' && step.kind !== 'setAsideColumn') continue
    const to = step.kind === 'renameColumn' ? step.to : step.as
    if (!allColumns(next).includes(to) || allColumns(at).includes(to)) continue
    if (taken.has(step.column)) back.push(stepAside(before, step.column))
    back.push(renameColumn(before, to, step.column, isChecked(at, step.column)))
    taken.delete(to)
    taken.add(step.column)
  }
  return lines(back)
}

/** The CHECK of a required setting bears its column's name. */
function renameColumn(table: AuditTableObject, column: string, to: string, hasOwnCheck: boolean): Sql {
  const names = [requiredCheckName({ column }), requiredCheckName({ column: to })].map(ident)
  const [name = sql``, next = sql``] = names
  return lines([
    sql`ALTER TABLE ${auditTable(table)} RENAME COLUMN ${ident(column)} TO ${ident(to)};`,
    hasOwnCheck
      ? sql`IF ${hasCheck(table, { column })} THEN
  ALTER TABLE ${auditTable(table)} RENAME CONSTRAINT ${name} TO ${next};
END IF;`
      : sql``,
  ])
}

function isChecked(table: AuditTableObject, column: string): boolean {
  return requiredChecks(table).some((setting) => setting.column === column)
}

/** Every column of the audit table that stands for a column of the source or a setting, retired ones too. */
export function allColumns(table: AuditTableObject): readonly string[] {
  return [...table.columns.map(({ name }) => name), ...table.settings.map(({ column }) => column)]
}

function addedColumn(step: TableStep): readonly string[] {
  if (step.kind === 'addColumn') return [step.column.name]
  return step.kind === 'addSetting' ? [step.setting.column] : []
}
