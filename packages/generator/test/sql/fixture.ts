import { declareFacts } from '../../src/datamodel/facts.ts'
import type {
  AuditedColumn,
  AuditedTable,
  AuditModel,
  AuditNames,
  Fact,
  SessionSetting,
  SettingType,
} from '../../src/model/audit-model.ts'
import type { ColumnType, ColumnTypeName } from '../../src/model/column-type.ts'
import { renderDown } from '../../src/sql/render-down.ts'
import { renderMigration } from '../../src/sql/render-migration.ts'
import { applySteps } from '../../src/state/apply-steps.ts'
import { type DatabaseState, EMPTY_STATE } from '../../src/state/database-state.ts'
import { desiredState } from '../../src/state/desired-state.ts'
import { diffState } from '../../src/state/diff-state.ts'
import { type MigrationPlan, planMigration } from '../../src/state/migration-plan.ts'

export function type(name: ColumnTypeName, args: readonly number[] = [], list = false): ColumnType {
  return { name, args, list }
}

export function column(name: string, columnType: ColumnType | ColumnTypeName, isEnum = false): AuditedColumn {
  const full = typeof columnType === 'string' ? type(columnType) : columnType
  return { field: name, name, type: full, policy: 'record', isEnum }
}

const SETTING_TYPES: Record<SettingType, ColumnTypeName> = {
  String: 'text',
  Int: 'integer',
  BigInt: 'bigint',
  Float: 'double precision',
  Boolean: 'boolean',
  DateTime: 'timestamptz',
  Decimal: 'numeric',
  Uuid: 'uuid',
  Json: 'jsonb',
}

/** `username String` is required, `app_uuid Uuid?` is optional. */
export function setting(text: string, defaultValue?: string): SessionSetting {
  const [name = '', typeName = ''] = text.split(' ')
  const settingType = typeName.replace('?', '') as SettingType
  return {
    name,
    column: `audit_${name}`,
    settingType,
    type: type(SETTING_TYPES[settingType]),
    required: !typeName.endsWith('?'),
    ...(defaultValue === undefined ? {} : { default: defaultValue }),
  }
}

/** As the generator makes them of the option `facts`. */
export function facts(...wanted: readonly Fact[]): readonly SessionSetting[] {
  const nowhere = { file: '', line: 1, column: 1, length: 1 }
  return declareFacts(wanted, nowhere).map(({ place: _, ...fact }) => ({
    ...fact,
    column: `audit_${fact.name}`,
  }))
}

export function names(table: string): AuditNames {
  return {
    table: `${table}_audit`,
    captureFunction: `${table}_audit_capture`,
    keyFunction: `${table}_audit_key`,
    truncateFunction: `${table}_audit_truncate`,
    insertTrigger: 'audit_insert',
    updateTrigger: 'audit_update',
    deleteTrigger: 'audit_delete',
    keyTrigger: 'audit_key',
    truncateTrigger: 'audit_truncate',
  }
}

export function table(name: string, wishes: Partial<AuditedTable> = {}): AuditedTable {
  return {
    model: name,
    source: { schema: 'public', name },
    names: names(name),
    columns: [column('id', 'integer'), column('note', 'text')],
    key: ['id'],
    settings: [],
    missingSettings: 'refuse',
    truncate: 'record',
    level: 'statement',
    updates: 'all',
    ...wishes,
  }
}

export function state(...tables: readonly AuditedTable[]): DatabaseState {
  return desiredState(model(...tables))
}

/** The same, and members of `role` may waive capture. */
export function waivable(role: string, ...tables: readonly AuditedTable[]): DatabaseState {
  return desiredState({ ...model(...tables), captureWaiverRole: role })
}

export function model(...tables: readonly AuditedTable[]): AuditModel {
  return { auditSchema: 'audit', tables }
}

export function planBetween(from: DatabaseState, to: DatabaseState): MigrationPlan {
  return planMigration(from, diffState(from, to))
}

/** All that a migration is, and the state after it. */
export function migration(from: DatabaseState, to: DatabaseState) {
  const plan = planBetween(from, to)
  return {
    up: renderMigration(plan, { from }),
    down: renderDown(plan, { from }),
    steps: plan.steps,
    after: applySteps(from, plan.steps),
  }
}

/** migration.sql from one state to another; from nothing, unless `from` is given. */
export function up(to: DatabaseState, from: DatabaseState = EMPTY_STATE): string {
  return renderMigration(planBetween(from, to), { from })
}

export function down(to: DatabaseState, from: DatabaseState = EMPTY_STATE): string {
  return renderDown(planBetween(from, to), { from })
}

/** The migration of tables that are audited from nothing. */
export function install(...tables: readonly AuditedTable[]): string {
  return up(state(...tables))
}

/** `CREATE TABLE` for a table's source, so that a test states its columns once. */
export function createSource({ source, columns, key }: AuditedTable): string {
  const quote = (name: string) => `"${name.replaceAll('"', '""')}"`
  const entries = columns.map(({ name, type: { name: typeName, args, list } }) => {
    const limits = args.length === 0 ? '' : `(${args.join()})`
    return `${quote(name)} ${typeName}${limits}${list ? '[]' : ''}`
  })
  if (key.length > 0) entries.push(`PRIMARY KEY (${key.map(quote).join()})`)
  const full = `${quote(source.schema)}.${quote(source.name)}`
  return `CREATE SCHEMA IF NOT EXISTS ${quote(source.schema)}; CREATE TABLE ${full} (${entries.join(', ')});`
}
