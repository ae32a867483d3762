import type { QualifiedName } from '../model/names.ts'
import { type AuditTableObject, type DatabaseState, findTable } from './database-state.ts'
import { type MigrationStep, stepSource, type UnsupportedStep } from './migration-step.ts'

/** Something that a person should know before the migration runs. */
export interface Hazard {
  readonly code: 'unsupported' | 'partitioned' | 'refuses-writes' | 'index-missing' | 'no-key'
  /** `error`: the plan cannot be carried out. */
  readonly severity: 'error' | 'warning' | 'info'
  readonly source: QualifiedName | undefined
  readonly message: string
  readonly hint?: string
}

export function findHazards(
  step: MigrationStep,
  from: DatabaseState,
  to: DatabaseState,
  partitioned: readonly QualifiedName[],
): readonly Hazard[] {
  if (step.kind === 'unsupported') return [unsupported(step)]
  const source = stepSource(step)
  const before = source && findTable(from, source)
  const after = source && findTable(to, source)
  if (after === undefined) return []
  return [
    ...partitionedSource(step, after, partitioned),
    ...refusal(step, before, after),
    ...keyHazards(step, before, after),
  ]
}

function unsupported({ source, detail, hint }: UnsupportedStep): Hazard {
  const where = source === undefined ? '' : `${display(source)}: `
  return {
    code: 'unsupported',
    severity: 'error',
    source,
    message:
      hint === undefined ? `${where}${detail}; this version has no migration for it` : `${where}${detail}`,
    hint: hint ?? 'Undo that change, or make it by hand in a migration of your own.',
  }
}

function partitionedSource(
  step: MigrationStep,
  { source, level }: AuditTableObject,
  partitioned: readonly QualifiedName[],
): readonly Hazard[] {
  if (step.kind !== 'createAuditTable' && step.kind !== 'resumeTable') return []
  if (!partitioned.some((table) => table.schema === source.schema && table.name === source.name)) return []
  if (level === 'row') {
    return [
      {
        code: 'partitioned',
        severity: 'info',
        source,
        message: `${display(source)} is partitioned: it is recorded row by row, in whatever partition a row is written`,
        hint: 'Not recorded: TRUNCATE of a single partition, and what ATTACH, DETACH and DROP bring or take. DELETE leaves a row each.',
      },
    ]
  }
  return [
    {
      code: 'partitioned',
      severity: 'error',
      source,
      message: `${display(source)} is partitioned: rows written directly into a partition would not be recorded`,
      hint: 'Record it row by row: level: row.',
    },
  ]
}

/** Writers that were served until now and will be refused from this migration on. */
function refusal(
  step: MigrationStep,
  before: AuditTableObject | undefined,
  after: AuditTableObject,
): readonly Hazard[] {
  if (before === undefined || !after.capturing || after.missingSettings !== 'refuse') return []
  const names = newlyRefused(step, before, after)
  if (names.length === 0) return []
  return [
    {
      code: 'refuses-writes',
      severity: 'warning',
      source: after.source,
      message: `writes to ${display(after.source)} without ${names.map((name) => `audit.${name}`).join(', ')} will be refused`,
      hint: 'Deploy the application that sets it first; missingSettings: "record" lets both versions write.',
    },
  ]
}

function newlyRefused(
  step: MigrationStep,
  before: AuditTableObject,
  after: AuditTableObject,
): readonly string[] {
  const isRefused = ({ required, default: value }: { required: boolean; default?: string }) =>
    required && value === undefined
  switch (step.kind) {
    case 'addSetting':
      return isRefused(step.setting) ? [step.setting.name] : []
    case 'changeSetting': {
      const old = before.settings.find((setting) => setting.column === step.setting.column)
      return isRefused(step.setting) && !(old && isRefused(old)) ? [step.setting.name] : []
    }
    case 'changeMissingSettings':
      return after.settings
        .filter((setting) => !setting.retired && isRefused(setting))
        .map(({ name }) => name)
    default:
      return []
  }
}

/** An index on a full audit table is not built by a migration: it would scan the table under a lock. */
function keyHazards(
  step: MigrationStep,
  before: AuditTableObject | undefined,
  after: AuditTableObject,
): readonly Hazard[] {
  if (step.kind === 'createAuditTable' && after.key.length === 0) {
    return [
      {
        code: 'no-key',
        severity: 'warning',
        source: after.source,
        message: `${display(after.source)} has no primary key: its history cannot be told apart by row`,
      },
    ]
  }
  const isNewKey =
    step.kind === 'changeKey' || (step.kind === 'addColumn' && after.key.includes(step.column.name))
  if (before === undefined || !isNewKey || after.key.length === 0) return []
  return [
    {
      code: 'index-missing',
      severity: 'warning',
      source: after.source,
      message: `the history of ${display(after.source)} has no index on its new key (${after.key.join(', ')})`,
      hint: `Build one by hand, outside a migration: CREATE INDEX CONCURRENTLY on "${after.schema}"."${after.names.table}".`,
    },
  ]
}

function display({ schema, name }: QualifiedName): string {
  return `"${schema}"."${name}"`
}
