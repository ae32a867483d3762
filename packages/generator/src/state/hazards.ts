import type { QualifiedName } from '../model/names.ts'
import type { AuditTableObject, DatabaseState } from './database-state.ts'
import type { MigrationStep, UnsupportedStep } from './migration-step.ts'
import type { TableGroup } from './table-group.ts'

/** Something that a person should know before the migration runs. */
export interface Hazard {
  readonly code:
    | 'unsupported'
    | 'partitioned'
    | 'refuses-writes'
    | 'index-missing'
    | 'no-key'
    | 'schema-moves'
    | 'capture-waivable'
    | 'values-shown'
  /** `error`: the plan cannot be carried out. */
  readonly severity: 'error' | 'warning' | 'info'
  readonly source: QualifiedName | undefined
  readonly message: string
  readonly hint?: string
}

/** Source tables whose rows a statement on another table may write. */
export interface SpreadTables {
  readonly partitioned: readonly QualifiedName[]
  readonly partitions: readonly QualifiedName[]
}

/** @param group the way of the step's table through the plan; undefined for a step of the schema */
export function findHazards(
  step: MigrationStep,
  group: TableGroup | undefined,
  from: DatabaseState,
  spread: SpreadTables,
): readonly Hazard[] {
  if (step.kind === 'unsupported') return [unsupported(step)]
  if (step.kind === 'moveSchema') return moved(from, step.name, step.shared === true)
  if (step.kind === 'changeWaiver') return step.role === undefined ? [] : [waivable(step.role)]
  if (group === undefined) return []
  const { renamed, after } = group
  return [
    ...spreadSource(step, after, spread),
    ...refusal(step, renamed, after),
    ...keyHazards(step, renamed, after),
    ...shown(step, renamed),
  ]
}

/** Whoever names the schema has to name the new one. */
function moved({ schema }: DatabaseState, name: string, shared: boolean): readonly Hazard[] {
  if (schema === undefined) return []
  const call = (home: string, prefix: boolean) => `${home}.${prefix ? 'audit_' : ''}set_context`
  return [
    {
      code: 'schema-moves',
      severity: 'warning',
      source: undefined,
      message: `the audit moves from schema "${schema.name}" to "${name}": queries that read the history there, and writers that call ${call(schema.name, schema.shared === true)}(…), will find nothing`,
      hint: `Let them set the settings by set_config('audit.…', …, true) before, which works in both, or call ${call(name, shared)}(…) after.`,
    },
  ]
}

function waivable(role: string): Hazard {
  return {
    code: 'capture-waivable',
    severity: 'warning',
    source: undefined,
    message: `members of the role "${role}" may waive capture from this migration on: what they write then is not in the history, only that they wrote it`,
    hint: 'Grant the role to nobody who need not have it; a superuser has the rights of every role. Remove captureWaiverRole to take it back.',
  }
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

function spreadSource(
  step: MigrationStep,
  { source, level }: AuditTableObject,
  { partitioned, partitions }: SpreadTables,
): readonly Hazard[] {
  if (step.kind !== 'createAuditTable' && step.kind !== 'resumeTable') return []
  const isSource = (table: QualifiedName) => table.schema === source.schema && table.name === source.name
  if (!partitioned.some(isSource)) return partitions.some(isSource) ? [partition(source)] : []
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

function partition(source: QualifiedName): Hazard {
  return {
    code: 'partitioned',
    severity: 'info',
    source,
    message: `${display(source)} is a partition: it is recorded row by row, by whatever name a row of it is written`,
    hint: 'Not recorded: what ATTACH, DETACH and DROP bring or take. DELETE leaves a row each.',
  }
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

/** A field that is no more named like a secret is recorded, and nobody may have meant that. */
function shown(step: MigrationStep, before: AuditTableObject | undefined): readonly Hazard[] {
  if (step.kind !== 'addColumn' || step.column.policy !== 'record') return []
  const { name } = step.column
  // The one that was set aside for it.
  const former = before?.columns.find((column) => column.name === name && !column.retired)?.policy
  if (former !== 'redact' && former !== 'hash') return []
  const was = { redact: 'redacted', hash: 'hashed' }[former]
  return [
    {
      code: 'values-shown',
      severity: 'warning',
      source: step.source,
      message: `the values of ${display(step.source)}."${name}" will be in the history from this migration on: until now they were ${was}`,
      hint: `If that is not meant, put /// @audit(${former}) above the field: a name alone hides it no more.`,
    },
  ]
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
      hint: `Build one by hand, outside a migration: ${createIndex(after)}`,
    },
  ]
}

/** Without a name PostgreSQL chooses one that is free: that of the former key's index is taken. */
function createIndex({ schema, names, key }: AuditTableObject): string {
  const quote = (name: string) => `"${name.replaceAll('"', '""')}"`
  const columns = [...key, 'audit_id'].map(quote).join(', ')
  return `CREATE INDEX CONCURRENTLY ON ${quote(schema)}.${quote(names.table)} (${columns});`
}

function display({ schema, name }: QualifiedName): string {
  return `"${schema}"."${name}"`
}
