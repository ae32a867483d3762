import { nameKey, type QualifiedName } from '../model/names.ts'
import type { MigrationPlan } from '../state/migration-plan.ts'
import { type MigrationStep, stepSource, unreachable } from '../state/migration-step.ts'

const MAX_LENGTH = 60

const REPLACED = { 'branches met': 'merge', 'enum changed': 'enum', 'column retyped': 'retype' } as const

/** The `<what>` in a migration directory's name `<time stamp>_audit_<what>`: `order_add_column_note`, `12_tables`. */
export function migrationSlug(plan: MigrationPlan): string {
  const move = plan.steps.find((step) => step.kind === 'moveSchema')
  if (move?.kind === 'moveSchema') return slug(`move to ${move.name}`)
  const waiver = plan.steps.find((step) => step.kind === 'changeWaiver')
  if (waiver?.kind === 'changeWaiver' && plan.steps.every(isOfWaiver)) {
    return waiver.role === undefined ? 'no_capture_waiver' : 'capture_waiver'
  }
  const ways = followSources(plan.steps)
  const [way] = ways
  if (way === undefined) {
    return plan.steps.some((step) => step.kind === 'upgradeSchema') ? 'upgrade' : 'schema'
  }
  if (ways.length > 1) return `${ways.length}_tables`
  return slug([way.source.name, describeAll(way.steps)].filter((word) => word !== '').join(' '))
}

function isOfWaiver({ kind }: MigrationStep): boolean {
  return kind === 'changeWaiver' || kind === 'changeWaivable'
}

interface Way {
  /** As the table is called in the end. */
  source: QualifiedName
  readonly steps: MigrationStep[]
}

function followSources(steps: readonly MigrationStep[]): readonly Way[] {
  const ways: Way[] = []
  for (const step of steps) {
    const source = stepSource(step)
    if (source === undefined) continue
    const own = ways.find((way) => nameKey(way.source) === nameKey(source)) ?? { source, steps: [] }
    if (!ways.includes(own)) ways.push(own)
    own.steps.push(step)
    if (step.kind === 'renameTable') own.source = step.to
  }
  return ways
}

const NAMING: readonly MigrationStep['kind'][] = [
  'renameTable',
  'renameObjects',
  'renameColumn',
  'resumeTable',
]

/** One step in its own words; a rename and what comes of it as that rename. */
function describeAll(steps: readonly MigrationStep[]): string {
  const [first] = steps
  if (first === undefined || !(steps.length === 1 || steps.every(({ kind }) => NAMING.includes(kind)))) {
    return 'change'
  }
  const isTable = steps.some(({ kind }) => kind === 'renameTable' || kind === 'renameObjects')
  const columns = steps.filter(({ kind }) => kind === 'renameColumn').length
  return columns > 1 && !isTable ? 'rename columns' : describe(first)
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
      return `rename column ${step.column} to ${step.to}`
    case 'renameTable':
      return step.source.name === step.to.name
        ? `move from ${step.source.schema}`
        : `rename from ${step.source.name}`
    case 'renameObjects':
      return 'rename objects'
    case 'changeMissingSettings':
      return `${step.missingSettings} missing settings`
    case 'changeTruncate':
      return `${step.truncate} truncate`
    case 'changeWaivable':
      return step.waivable ? 'waivable' : 'not waivable'
    case 'changeBackfill':
      return step.backfill ? 'backfill' : 'no backfill'
    case 'changeEnableAlways':
      return step.enableAlways ? 'enable always' : 'enable'
    case 'changeLevel':
      return `level ${step.level}`
    case 'changePartitions':
      return step.partitionBy ? `partition by ${step.partitionBy}` : 'no partitions ahead'
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
    case 'changeWaiver':
      return 'capture waiver'
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
