import { nameKey, type QualifiedName } from '../model/names.ts'
import type { MigrationPlan } from '../state/migration-plan.ts'
import { type MigrationStep, stepSource, unreachable } from '../state/migration-step.ts'

const MAX_LENGTH = 60

const REPLACED = { 'branches met': 'merge', 'enum changed': 'enum', 'column retyped': 'retype' } as const

/** The `<what>` in a migration directory's name `<time stamp>_audit_<what>`: `order_add_column_note`, `12_tables`. */
export function migrationSlug(plan: MigrationPlan): string {
  const sources = new Map(
    plan.steps.map(newSource).flatMap((source) => (source ? [[nameKey(source), source] as const] : [])),
  )
  const own = plan.steps.filter((step) => stepSource(step) !== undefined)
  const [source] = sources.values()
  if (source === undefined) {
    return plan.steps.some((step) => step.kind === 'upgradeSchema') ? 'upgrade' : 'schema'
  }
  if (sources.size > 1) return `${sources.size}_tables`
  const renaming = own.find((step) => step.kind === 'renameTable')
  const step = own.length === 1 ? own[0] : renaming
  const what = step === undefined ? 'change' : describe(step)
  return slug([source.name, what].filter((word) => word !== '').join(' '))
}

/** A table is called by its new name. */
function newSource(step: MigrationStep): QualifiedName | undefined {
  return step.kind === 'renameTable' ? step.to : stepSource(step)
}

function describe(step: MigrationStep): string {
  switch (step.kind) {
    case 'createAuditTable':
      return ''
    case 'addColumn':
      return `add column ${step.column.name}`
    case 'retireColumn':
      return `retire column ${step.column}`
    case 'changeColumn':
      return `change column ${step.column.name}`
    case 'setAsideColumn':
      return `set aside ${step.column}`
    case 'addSetting':
      return `add setting ${step.setting.name}`
    case 'retireSetting':
      return `retire setting ${step.column}`
    case 'changeSetting':
      return `change setting ${step.setting.name}`
    case 'renameColumn':
      return `rename column ${step.column}`
    case 'renameTable':
      return `rename from ${step.source.name}`
    case 'renameObjects':
      return 'rename objects'
    case 'changeMissingSettings':
      return `${step.missingSettings} missing settings`
    case 'changeTruncate':
      return `${step.truncate} truncate`
    case 'changeLevel':
      return `level ${step.level}`
    case 'changeKey':
      return 'change key'
    case 'retireTable':
      return 'retire'
    case 'resumeTable':
      return 'resume'
    case 'replaceFunctions':
      return REPLACED[step.reason]
    case 'createSchema':
      return 'schema'
    case 'upgradeSchema':
      return 'upgrade'
    case 'moveSchema':
    case 'dropSchema':
      return 'move schema'
    case 'unsupported':
      return 'change'
    default:
      return unreachable(step)
  }
}

function slug(text: string): string {
  const words = text
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
  // A name without a single ASCII letter or digit leaves nothing.
  return words.slice(0, MAX_LENGTH).replace(/^_+|_+$/g, '') || 'table'
}
