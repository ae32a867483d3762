import type { AuditTableObject, StateColumn, StateSetting } from './database-state.ts'
import { freeName } from './free-name.ts'
import type { TableStep } from './migration-step.ts'
import { orderRenamings } from './rename-order.ts'
import { sourceColumn } from './source-column.ts'
import { isCatalogOnlyWidening, sameType } from './type-change.ts'

export interface ColumnRenamings {
  /** What the source column that was recorded here is called now; undefined: it is gone. */
  readonly columnNow: (column: StateColumn) => string | undefined
  /** The source is the table that was recorded, and no other one that has its name by now. */
  readonly isSameTable: boolean
  /** By the new column: what it was called, as the schema says. */
  readonly renamedFrom: ReadonlyMap<string, string>
}

/**
 * The steps that give the audit columns of one table their new names, and make room for them. A column that is
 * gone although another one has its name now is retired here: by its name alone nothing would be different.
 *
 * @param before the recorded table
 * @param after what is wanted; all its columns are in the source table
 */
export function renameColumns(
  before: AuditTableObject,
  after: AuditTableObject,
  renamings: ColumnRenamings,
): readonly TableStep[] {
  const { source } = before
  const { pairs, gone } = pairColumns(before, after, renamings)
  pairs.push(...pairSettings(before, after))
  const taken = new Set([before, after].flatMap(columnNames))
  const reserve = (name: string) => {
    const free = freeName(name, taken)
    taken.add(free)
    return free
  }
  const leaving = new Set(pairs.map(({ from }) => from))
  const inTheWay = pairs.map(({ to }) => to).filter((name) => !leaving.has(name))
  const steps: TableStep[] = []
  for (const { name, retired } of before.columns) {
    if (!retired && (gone.has(name) || inTheWay.includes(name))) {
      steps.push({ kind: 'retireColumn', source, column: name })
    }
  }
  for (const { column, retired } of before.settings) {
    if (!retired && inTheWay.includes(column)) steps.push({ kind: 'retireSetting', source, column })
  }
  const present = new Set(columnNames(before))
  for (const column of inTheWay.filter((name) => present.has(name))) {
    steps.push({ kind: 'setAsideColumn', source, column, as: reserve(column) })
  }
  const aside = new Map<string, string>()
  for (const { kind, item } of orderRenamings(
    pairs.map((pair) => ({ item: pair, from: [pair.from], to: [pair.to] })),
  )) {
    const column = aside.get(item.from) ?? item.from
    const to = kind === 'rename' ? item.to : reserve(item.from)
    aside.set(item.from, to)
    steps.push({ kind: 'renameColumn', source, column, to })
  }
  return steps
}

interface Pair {
  readonly from: string
  readonly to: string
}

function pairColumns(
  before: AuditTableObject,
  after: AuditTableObject,
  { columnNow, isSameTable, renamedFrom }: ColumnRenamings,
): { readonly pairs: Pair[]; readonly gone: ReadonlySet<string> } {
  const wanted = new Map(live(after.columns).map((column) => [column.name, column]))
  const bySource = new Map(live(after.columns).map((column) => [sourceColumn(column), column]))
  const present = new Map(live(before.columns).map((column) => [column.name, column]))
  const pairs: Pair[] = []
  const gone = new Set<string>()
  for (const column of present.values()) {
    const now = columnNow(column)
    const target = now === undefined ? undefined : bySource.get(now)
    if (now === sourceColumn(column)) {
      if (target?.name === column.name) continue
      // Rows of another table say nothing of which column was which: then each name keeps its meaning.
      const isTaken = wanted.has(column.name) || (target !== undefined && present.has(target.name))
      if (!isSameTable && isTaken) continue
    }
    // A column of another type gets a new audit column: what was recorded would not fit it.
    if (target !== undefined && fits(column, target)) pairs.push({ from: column.name, to: target.name })
    else if (wanted.has(column.name) || bySource.has(sourceColumn(column))) gone.add(column.name)
  }
  for (const target of wanted.values()) {
    const from = renamedFrom.get(target.name)
    const column = from === undefined ? undefined : calledBefore(present, from)
    if (column === undefined || columnNow(column) !== undefined || !fits(column, target)) continue
    // What has happened already is not asked for again: the annotation may stay.
    if (present.has(target.name) || pairs.some(({ to }) => to === target.name)) continue
    if (pairs.some((pair) => pair.from === column.name)) continue
    pairs.push({ from: column.name, to: target.name })
    gone.delete(column.name)
  }
  return { pairs, gone }
}

/** By what the database called it, as users do; or by what the history calls it. */
function calledBefore(present: ReadonlyMap<string, StateColumn>, from: string): StateColumn | undefined {
  return [...present.values()].find((column) => sourceColumn(column) === from) ?? present.get(from)
}

function pairSettings(before: AuditTableObject, after: AuditTableObject): readonly Pair[] {
  const wanted = new Map(live(after.settings).map((setting) => [setting.name, setting]))
  return live(before.settings).flatMap((setting) => {
    const target = wanted.get(setting.name)
    return target === undefined || target.column === setting.column || !fits(setting, target)
      ? []
      : [{ from: setting.column, to: target.column }]
  })
}

function fits(from: Pick<StateColumn, 'type'>, to: Pick<StateColumn, 'type'>): boolean {
  return sameType(from.type, to.type) || isCatalogOnlyWidening(from.type, to.type)
}

function live<T extends { readonly retired: boolean }>(items: readonly T[]): readonly T[] {
  return items.filter(({ retired }) => !retired)
}

function columnNames({ columns, settings }: AuditTableObject): readonly string[] {
  return [...columns.map(({ name }) => name), ...settings.map(({ column }: StateSetting) => column)]
}
