import type { AuditTableObject } from './database-state.ts'
import { type ColumnSteps, diffColumns } from './diff-columns.ts'
import { diffSettings } from './diff-settings.ts'
import { freeName } from './free-name.ts'
import type { MigrationStep, TableStep } from './migration-step.ts'

/**
 * The steps between two states of one audit table, whose names are the same already. `after` is live; `before` may have
 * stopped capturing.
 */
export function diffTable(before: AuditTableObject, after: AuditTableObject): readonly MigrationStep[] {
  const columns = diffColumns(before, after)
  const settings = diffSettings(before, after)
  return [...makeRoom(before, after, columns, settings), ...diffOptions(before, after)]
}

/** Retire, then set aside, then add: so every name is free when a new column takes it. */
function makeRoom(
  before: AuditTableObject,
  after: AuditTableObject,
  columns: ColumnSteps,
  settings: ColumnSteps,
): readonly TableStep[] {
  const taken = new Set(
    [before, after].flatMap((table) => [
      ...table.columns.map((column) => column.name),
      ...table.settings.map((setting) => setting.column),
    ]),
  )
  const present = new Set([
    ...before.columns.map((column) => column.name),
    ...before.settings.map((setting) => setting.column),
  ])
  const added = [...columns.add, ...settings.add]
  const aside = added
    .map((step) => (step.kind === 'addColumn' ? step.column.name : step.setting.column))
    .filter((name) => present.has(name))
    .map((name): TableStep => {
      const as = freeName(name, taken)
      taken.add(as)
      return { kind: 'setAsideColumn', source: before.source, column: name, as }
    })
  return [...columns.retire, ...settings.retire, ...aside, ...columns.change, ...settings.change, ...added]
}

function diffOptions(before: AuditTableObject, after: AuditTableObject): readonly TableStep[] {
  const { source } = before
  const steps: TableStep[] = []
  if (before.key.join('\0') !== after.key.join('\0'))
    steps.push({ kind: 'changeKey', source, key: after.key })
  if (before.missingSettings !== after.missingSettings) {
    steps.push({ kind: 'changeMissingSettings', source, missingSettings: after.missingSettings })
  }
  if (before.truncate !== after.truncate) {
    steps.push({ kind: 'changeTruncate', source, truncate: after.truncate })
  }
  if (before.level !== after.level || before.updates !== after.updates) {
    steps.push({ kind: 'changeLevel', source, level: after.level, updates: after.updates })
  }
  if (before.backfill !== after.backfill) {
    steps.push({ kind: 'changeBackfill', source, backfill: after.backfill ?? false })
  }
  if (before.enableAlways !== after.enableAlways) {
    steps.push({ kind: 'changeEnableAlways', source, enableAlways: after.enableAlways === true })
  }
  if (before.partitionBy !== after.partitionBy) {
    steps.push({ kind: 'changePartitions', source, partitionBy: after.partitionBy ?? false })
  }
  if (before.waivable !== after.waivable) {
    steps.push({ kind: 'changeWaivable', source, waivable: after.waivable === true })
  }
  if (!before.capturing) steps.push({ kind: 'resumeTable', source })
  return steps
}
