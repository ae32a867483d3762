import { nameKey } from '../model/names.ts'
import { applySteps } from './apply-steps.ts'
import { type AuditTableObject, EMPTY_STATE, findTable } from './database-state.ts'
import type { PartFile } from './fold-parts.ts'
import { type MigrationStep, stepSource } from './migration-step.ts'
import { parseHeaders } from './part-header.ts'

/**
 * The columns of settings and of the source in the order in which each history got them. Marks of big columns name columns by their
 * numbers, so a copy has to have the same.
 *
 * @returns by `nameKey` of the history
 */
export function columnOrders(files: readonly PartFile[]): ReadonlyMap<string, readonly string[]> {
  const orders = new Map<string, readonly string[]>()
  let state = EMPTY_STATE
  for (const step of files.flatMap(({ text }) => parseHeaders(text).parts.flatMap(({ steps }) => steps))) {
    const source = stepSource(step)
    const before = source && findTable(state, source)
    state = applySteps(state, [step])
    const after = source && findTable(state, step.kind === 'renameTable' ? step.to : source)
    if (after === undefined) continue
    const order = before === undefined ? [] : (orders.get(keyOf(before)) ?? [])
    if (before !== undefined) orders.delete(keyOf(before))
    const names = columnNames(after)
    const kept = order.map((name) => nameAfter(step, name, names))
    orders.set(keyOf(after), [...kept, ...names.filter((name) => !kept.includes(name))])
  }
  return orders
}

/** A rename that another branch has made already changes nothing. */
function nameAfter(step: MigrationStep, name: string, after: readonly string[]): string {
  const [from, to] =
    step.kind === 'renameColumn'
      ? [step.column, step.to]
      : step.kind === 'setAsideColumn'
        ? [step.column, step.as]
        : []
  return name === from && to !== undefined && !after.includes(name) ? to : name
}

/** As a table that is new has them. */
function columnNames({ settings, columns }: AuditTableObject): readonly string[] {
  return [...settings.map(({ column }) => column), ...columns.map(({ name }) => name)]
}

function keyOf({ schema, names }: AuditTableObject): string {
  return nameKey({ schema, name: names.table })
}
