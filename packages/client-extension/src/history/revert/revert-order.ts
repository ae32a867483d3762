import type { HistoryModel, HistoryModels } from '../history-model.ts'
import type { AnyStep } from './revert-plan.ts'
import { skippedFields, writableCells } from './writable.ts'

/** Steps that are one statement: of one model, doing the same to the same columns. */
export interface StepGroup {
  readonly name: string
  readonly model: HistoryModel
  readonly action: 'insert' | 'update' | 'delete'
  readonly steps: readonly AnyStep[]
  /** Columns of the history that are written. */
  readonly columns: readonly string[]
}

/**
 * The order in which foreign keys allow a plan: what comes back first, parents before children; then what changes; then what
 * goes, children before parents.
 */
export function revertOrder(models: HistoryModels, steps: readonly AnyStep[]): readonly StepGroup[] {
  const parentsFirst = sortByForeignKeys(models)
  const of = (action: StepGroup['action'], names: readonly string[]) =>
    names.flatMap((name) =>
      groupsOf(
        models,
        name,
        action,
        steps.filter((step) => step.model === name && step.action === action),
      ),
    )
  return [
    ...of('insert', parentsFirst),
    ...of('update', parentsFirst),
    ...of('delete', [...parentsFirst].reverse()),
  ]
}

function groupsOf(
  models: HistoryModels,
  name: string,
  action: StepGroup['action'],
  steps: readonly AnyStep[],
): readonly StepGroup[] {
  const model = models[name] as HistoryModel
  const groups = new Map<string, { columns: readonly string[]; steps: AnyStep[] }>()
  for (const step of steps) {
    const columns = columnsOf(model, action, step)
    const group = groups.get(columns.join('\0')) ?? { columns, steps: [] }
    group.steps.push(step)
    groups.set(columns.join('\0'), group)
  }
  return [...groups.values()].map((group) => ({ name, model, action, ...group }))
}

function columnsOf(model: HistoryModel, action: StepGroup['action'], step: AnyStep): readonly string[] {
  if (action === 'delete') return model.key
  const skipped = step.after === null ? [] : skippedFields(model, step.after as Record<string, unknown>)
  return writableCells(model)
    .filter(
      ({ name, column }) => !skipped.includes(name) && !(action === 'update' && model.key.includes(column)),
    )
    .map(({ column }) => column)
}

/** Models so that each comes after those that its foreign keys point to; in a circle in the order of names. */
function sortByForeignKeys(models: HistoryModels): readonly string[] {
  const sorted: string[] = []
  const visiting = new Set<string>()
  const visit = (name: string) => {
    if (visiting.has(name)) return
    visiting.add(name)
    const relations = Object.values(models[name]?.relations ?? {})
    for (const { model, onDelete } of relations) if (onDelete !== undefined) visit(model)
    sorted.push(name)
  }
  const names = Object.keys(models)
  // Join tables have foreign keys that no field stands for.
  for (const name of names.filter((each) => !each.startsWith('_'))) visit(name)
  for (const name of names) visit(name)
  return sorted
}
