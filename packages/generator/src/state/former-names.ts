import { nameKey, type QualifiedName } from '../model/names.ts'
import { applySteps } from './apply-steps.ts'
import { type AuditHome, type AuditTableObject, EMPTY_STATE, findTable, homeOf } from './database-state.ts'
import type { PartFile } from './fold-parts.ts'
import { type MigrationStep, stepSource } from './migration-step.ts'
import { parseHeaders } from './part-header.ts'

/** What a history and its columns were called before, the oldest name first. */
export interface FormerNames {
  readonly tables: readonly QualifiedName[]
  /** By the column's name of today. */
  readonly columns: ReadonlyMap<string, readonly string[]>
}

export const NO_FORMER_NAMES: FormerNames = { tables: [], columns: new Map() }

/** The audit schemas that the folder's audit parts moved away from, the oldest first. */
export function formerHomes(files: readonly PartFile[]): readonly AuditHome[] {
  let state = EMPTY_STATE
  const homes: AuditHome[] = []
  for (const step of files.flatMap(({ text }) => parseHeaders(text).parts.flatMap(({ steps }) => steps))) {
    if (step.kind === 'moveSchema' && state.schema !== undefined) homes.push(homeOf(state.schema))
    state = applySteps(state, [step])
  }
  return homes
}

/**
 * What the folder's audit parts renamed. A database that was made from an earlier state of the folder may have any of these names.
 *
 * @returns by `nameKey` of the history; without those that have one name all their life
 */
export function formerNames(files: readonly PartFile[]): ReadonlyMap<string, FormerNames> {
  const found = new Map<string, FormerNames>()
  let state = EMPTY_STATE
  for (const { text } of files) {
    for (const step of parseHeaders(text).parts.flatMap(({ steps }) => steps)) {
      const source = stepSource(step)
      const before = source && findTable(state, source)
      state = applySteps(state, [step])
      if (before === undefined) continue
      const after = findTable(state, step.kind === 'renameTable' ? step.to : before.source)
      if (after === undefined) continue
      const names = afterStep(found.get(nameKey(historyOf(before))) ?? NO_FORMER_NAMES, step, before, after)
      found.delete(nameKey(historyOf(before)))
      if (names.tables.length > 0 || names.columns.size > 0) found.set(nameKey(historyOf(after)), names)
    }
  }
  return found
}

function afterStep(
  { tables, columns }: FormerNames,
  step: MigrationStep,
  before: AuditTableObject,
  after: AuditTableObject,
): FormerNames {
  switch (step.kind) {
    case 'renameObjects':
      return nameKey(historyOf(before)) === nameKey(historyOf(after))
        ? { tables, columns }
        : { tables: [...tables, historyOf(before)], columns }
    case 'renameColumn':
      return { tables, columns: moved(columns, before, after, step.column, step.to) }
    case 'setAsideColumn':
      return { tables, columns: moved(columns, before, after, step.column, step.as) }
    default:
      return { tables, columns }
  }
}

function moved(
  columns: FormerNames['columns'],
  before: AuditTableObject,
  after: AuditTableObject,
  from: string,
  to: string,
): FormerNames['columns'] {
  // A rename that another branch has made already changes nothing.
  if (!has(before, from) || has(before, to) || !has(after, to)) return columns
  const others = [...columns].filter(([name]) => name !== from)
  return new Map([...others, [to, [...(columns.get(from) ?? []), from]]])
}

function has({ columns, settings }: AuditTableObject, name: string): boolean {
  return columns.some((each) => each.name === name) || settings.some(({ column }) => column === name)
}

function historyOf({ schema, names }: AuditTableObject): QualifiedName {
  return { schema, name: names.table }
}
