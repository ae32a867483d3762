import { nameKey } from '../model/names.ts'
import { applySteps } from './apply-steps.ts'
import { type AuditTableObject, compareSources, type DatabaseState, findTable } from './database-state.ts'
import { isSchemaStep, type MigrationStep, type TableStep } from './migration-step.ts'

/** One audit table's way through a plan, also where its source gets another name on it. */
export interface TableGroup {
  /** As recorded; undefined where the audit table is new. */
  readonly before: AuditTableObject | undefined
  readonly steps: readonly TableStep[]
  /** The steps of columns up to the last `renameColumn`, which take place in their order and before all others. */
  readonly moves: readonly TableStep[]
  /** The recorded table under the names that the steps give it: what the `rest` starts from. */
  readonly renamed: AuditTableObject | undefined
  readonly rest: readonly TableStep[]
  readonly after: AuditTableObject
}

/** Every audit table of the state after the steps, with its own steps, in the state's order. */
export function groupByTable(
  steps: readonly MigrationStep[],
  from: DatabaseState,
  to: DatabaseState,
): readonly TableGroup[] {
  const own = new Map<string, { before: AuditTableObject | undefined; steps: TableStep[] }>(
    from.tables.map((before) => [nameKey(before.source), { before, steps: [] }]),
  )
  for (const step of steps) {
    if (isSchemaStep(step) || step.kind === 'unsupported') continue
    const key = nameKey(step.source)
    const group = own.get(key) ?? { before: undefined, steps: [] }
    group.steps.push(step)
    if (step.kind === 'renameTable') own.delete(key)
    own.set(nameKey(step.kind === 'renameTable' ? step.to : step.source), group)
  }
  const ends = new Map(to.tables.map((table) => [nameKey(table.source), table]))
  return [...own]
    .flatMap(([key, { before, steps: mine }]) => {
      const after = ends.get(key)
      return after === undefined ? [] : [tableGroup(before, mine, after)]
    })
    .sort((a, b) => compareSources(a.after.source, b.after.source))
}

const COLUMN_STEPS: readonly TableStep['kind'][] = [
  'addColumn',
  'retireColumn',
  'setAsideColumn',
  'changeColumn',
  'addSetting',
  'retireSetting',
  'changeSetting',
  'renameColumn',
]

function tableGroup(
  before: AuditTableObject | undefined,
  steps: readonly TableStep[],
  after: AuditTableObject,
): TableGroup {
  const last = steps.findLastIndex(({ kind }) => kind === 'renameColumn')
  const moves = new Set(steps.slice(0, last + 1).filter(isColumnStep))
  const naming = steps.filter(
    (step) => moves.has(step) || step.kind === 'renameTable' || step.kind === 'renameObjects',
  )
  const renamed = before && applySteps({ schema: undefined, tables: [before] }, naming).tables[0]
  return {
    before,
    steps,
    moves: [...moves],
    renamed,
    rest: steps.filter((step) => !moves.has(step)),
    after,
  }
}

/** A step that changes a column of the audit table. */
export function isColumnStep({ kind }: TableStep): boolean {
  return COLUMN_STEPS.includes(kind)
}

/** The table that a step finds: its own state just before it, from the recorded one. */
export function walk(
  table: AuditTableObject,
  steps: readonly TableStep[],
): readonly { readonly step: TableStep; readonly at: AuditTableObject; readonly next: AuditTableObject }[] {
  let at = table
  return steps.map((step) => {
    const own = { ...step, source: at.source }
    const state = applySteps({ schema: undefined, tables: [at] }, [own])
    const next = findTable(state, own.kind === 'renameTable' ? own.to : at.source) ?? at
    const visited = { step, at, next }
    at = next
    return visited
  })
}
