import type { AuditNames } from '../model/audit-model.ts'
import type { AuditTableObject } from './database-state.ts'
import { type ColumnSteps, diffColumns } from './diff-columns.ts'
import { diffSettings } from './diff-settings.ts'
import { freeName } from './free-name.ts'
import type { MigrationStep, TableStep } from './migration-step.ts'

/** The steps between two states of one audit table. `after` is live; `before` may have stopped capturing. */
export function diffTable(before: AuditTableObject, after: AuditTableObject): readonly MigrationStep[] {
  if (before.schema !== after.schema || !sameNames(before.names, after.names)) {
    return [
      {
        kind: 'unsupported',
        source: before.source,
        change: 'object names',
        detail: describeRenaming(before, after),
      },
    ]
  }
  const columns = diffColumns(before, after)
  const settings = diffSettings(before, after)
  const unsupported = [...columns.unsupported, ...settings.unsupported]
  if (unsupported.length > 0) return unsupported
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
  if (!before.capturing) steps.push({ kind: 'resumeTable', source })
  return steps
}

const NAME_PARTS = [
  'table',
  'captureFunction',
  'keyFunction',
  'truncateFunction',
  'insertTrigger',
  'updateTrigger',
  'deleteTrigger',
  'keyTrigger',
  'truncateTrigger',
] as const satisfies readonly (keyof AuditNames)[]

function sameNames(a: AuditNames, b: AuditNames): boolean {
  return NAME_PARTS.every((part) => a[part] === b[part])
}

/** Only what differs: a table has nine names, and a template changes one or two of them. */
function describeRenaming(before: AuditTableObject, after: AuditTableObject): string {
  const pairs = [
    [before.schema, after.schema],
    ...NAME_PARTS.map((part) => [before.names[part], after.names[part]]),
  ].filter(([old, now]) => old !== now)
  const list = (names: readonly (string | undefined)[]) => names.map((name) => `"${name}"`).join(', ')
  const what = before.schema === after.schema ? 'audit objects are' : 'audit schema and objects are'
  return `its ${what} named ${list(pairs.map(([old]) => old))} and should be named ${list(pairs.map(([, now]) => now))}`
}
