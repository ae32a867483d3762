import type { AuditTableObject, CapturedColumn, StateColumn } from './database-state.ts'
import type { TableStep } from './migration-step.ts'
import { sourceColumn } from './source-column.ts'
import { isCatalogOnlyWidening, sameType } from './type-change.ts'

/** Steps sorted by what they do, so that the caller can put them in order across columns and settings. */
export interface ColumnSteps {
  readonly retire: readonly TableStep[]
  readonly change: readonly TableStep[]
  readonly add: readonly Extract<TableStep, { kind: 'addColumn' | 'addSetting' }>[]
}

/** Source columns that came, went or changed their type. The order of columns is no difference. */
export function diffColumns(before: AuditTableObject, after: AuditTableObject): ColumnSteps {
  const { source } = before
  const wanted = new Map(live(after).map((column) => [column.name, column]))
  const present = new Map(live(before).map((column) => [column.name, column]))
  const replaced = (column: StateColumn) => {
    const old = present.get(column.name)
    return old === undefined || needsNewColumn(old, column)
  }
  const retired = (column: StateColumn) => {
    const next = wanted.get(column.name)
    return next === undefined || needsNewColumn(column, next)
  }
  return {
    retire: live(before)
      .filter(retired)
      .map((column) => ({ kind: 'retireColumn', source, column: column.name })),
    change: live(after)
      .filter((column) => !replaced(column) && isChanged(present.get(column.name), column))
      .map((column) => ({ kind: 'changeColumn', source, column: captured(column) })),
    add: live(after)
      .filter(replaced)
      .map((column) => ({ kind: 'addColumn', source, column: captured(column) })),
  }
}

function live(table: AuditTableObject): readonly StateColumn[] {
  return table.columns.filter((column) => !column.retired)
}

function captured({ retired: _, ...column }: StateColumn): CapturedColumn {
  return column
}

/** Values and what stands for them are not mixed: another policy begins another column. */
function needsNewColumn(from: StateColumn, to: StateColumn): boolean {
  if (from.policy !== to.policy) return true
  return !sameType(from.type, to.type) && !isCatalogOnlyWidening(from.type, to.type)
}

function isChanged(from: StateColumn | undefined, to: StateColumn): boolean {
  return (
    from !== undefined &&
    (!sameType(from.type, to.type) ||
      from.isEnum !== to.isEnum ||
      from.asText !== to.asText ||
      from.whenChanged !== to.whenChanged ||
      sourceColumn(from) !== sourceColumn(to))
  )
}
