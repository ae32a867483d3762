import type { QualifiedName } from '../model/names.ts'
import {
  type AuditSchemaObject,
  type AuditTableObject,
  compareText,
  type DatabaseState,
  findTable,
  sortTables,
} from './database-state.ts'
import { type MigrationStep, type TableStep, unreachable } from './migration-step.ts'
import { waiverOf, withWaiver } from './waiver.ts'

/**
 * The state after the steps. Forgiving, because two branches may have taken the same step: what is there
 * already is kept, what is missing cannot be changed. An `unsupported` step changes nothing.
 */
export function applySteps(from: DatabaseState, steps: readonly MigrationStep[]): DatabaseState {
  return steps.reduce(applyStep, from)
}

function applyStep(state: DatabaseState, step: MigrationStep): DatabaseState {
  switch (step.kind) {
    case 'unsupported':
      return state
    case 'createSchema':
      return { ...state, schema: state.schema ?? schemaObject(step) }
    case 'moveSchema':
      return { ...state, schema: { ...schemaObject(step), ...waiverOf(state.schema) } }
    case 'changeWaiver':
      return state.schema === undefined ? state : { ...state, schema: withWaiver(state.schema, step.role) }
    case 'dropSchema':
      return state
    case 'upgradeSchema': {
      if (state.schema === undefined) return state
      const sqlVersion = Math.max(state.schema.sqlVersion, step.sqlVersion)
      return { ...state, schema: { ...state.schema, sqlVersion } }
    }
    default:
      return withTable(state, step.source, (table) => applyToTable(table, step))
  }
}

function schemaObject({
  name,
  sqlVersion,
  shared,
}: Extract<MigrationStep, { kind: 'createSchema' | 'moveSchema' }>): AuditSchemaObject {
  return { kind: 'schema', name, sqlVersion, ...(shared ? { shared } : {}) }
}

function withTable(
  state: DatabaseState,
  source: QualifiedName,
  change: (table: AuditTableObject | undefined) => AuditTableObject | undefined,
): DatabaseState {
  const before = findTable(state, source)
  const after = change(before)
  if (after === before || after === undefined) return state
  const others = state.tables.filter((table) => table !== before)
  return { ...state, tables: sortTables([...others, after]) }
}

function applyToTable(table: AuditTableObject | undefined, step: TableStep): AuditTableObject | undefined {
  if (step.kind === 'createAuditTable') return table === undefined ? step.table : union(table, step.table)
  if (table === undefined) return undefined
  switch (step.kind) {
    case 'addColumn': {
      const others = table.columns.filter((column) => column.name !== step.column.name)
      return { ...table, columns: [...others, { ...step.column, retired: false }] }
    }
    case 'retireColumn':
      return { ...table, columns: retire(table.columns, (column) => column.name === step.column) }
    case 'setAsideColumn':
      return setAside(table, step.column, step.as)
    case 'changeColumn':
      return {
        ...table,
        columns: table.columns.map((column) =>
          column.name === step.column.name ? { ...step.column, retired: column.retired } : column,
        ),
      }
    case 'addSetting': {
      const others = table.settings.filter((setting) => setting.column !== step.setting.column)
      return { ...table, settings: [...others, { ...step.setting, retired: false }] }
    }
    case 'retireSetting':
      return { ...table, settings: retire(table.settings, (setting) => setting.column === step.column) }
    case 'changeSetting':
      return {
        ...table,
        settings: table.settings.map((setting) =>
          setting.column === step.setting.column ? { ...step.setting, retired: setting.retired } : setting,
        ),
      }
    case 'renameColumn':
      return renameColumn(table, step.column, step.to)
    case 'renameTable':
      return { ...table, source: { schema: step.to.schema, name: step.to.name } }
    case 'renameObjects': {
      const { shared: _, ...rest } = table
      return { ...rest, schema: step.schema, ...(step.shared ? { shared: true } : {}), names: step.names }
    }
    case 'changeMissingSettings':
      return { ...table, missingSettings: step.missingSettings }
    case 'changeTruncate':
      return { ...table, truncate: step.truncate }
    case 'changeWaivable': {
      const { waivable: _, ...rest } = table
      return step.waivable ? { ...rest, waivable: true } : rest
    }
    case 'changeLevel':
      return { ...table, level: step.level, updates: step.updates }
    case 'changeBackfill': {
      const { backfill: _, ...rest } = table
      return step.backfill ? { ...rest, backfill: step.backfill } : rest
    }
    case 'changeEnableAlways': {
      const { enableAlways: _, ...rest } = table
      return step.enableAlways ? { ...rest, enableAlways: true } : rest
    }
    case 'changePartitions': {
      const { partitionBy: _, ...rest } = table
      return step.partitionBy ? { ...rest, partitionBy: step.partitionBy } : rest
    }
    case 'changeKey':
      return { ...table, key: step.key }
    case 'retireTable':
      return { ...table, capturing: false }
    case 'resumeTable':
      return { ...table, capturing: true }
    case 'replaceFunctions':
      return table
    default:
      return unreachable(step)
  }
}

function retire<T extends { readonly retired: boolean }>(
  items: readonly T[],
  isMeant: (item: T) => boolean,
): readonly T[] {
  return items.map((item) => (isMeant(item) ? { ...item, retired: true } : item))
}

function setAside(table: AuditTableObject, name: string, as: string): AuditTableObject {
  return {
    ...table,
    columns: table.columns.map((column) => (column.name === name ? { ...column, name: as } : column)),
    settings: table.settings.map((setting) =>
      setting.column === name ? { ...setting, column: as } : setting,
    ),
  }
}

/** A rename that another branch has made already changes nothing. */
function renameColumn(table: AuditTableObject, name: string, to: string): AuditTableObject {
  const taken = [...table.columns.map((column) => column.name), ...table.settings.map(({ column }) => column)]
  if (taken.includes(to)) return table
  return { ...setAside(table, name, to), key: table.key.map((part) => (part === name ? to : part)) }
}

/** Two branches audited the same table: the columns and settings of both. */
function union(first: AuditTableObject, second: AuditTableObject): AuditTableObject {
  const columns = new Set(first.columns.map((column) => column.name))
  const settings = new Set(first.settings.map((setting) => setting.column))
  return {
    ...first,
    columns: [...first.columns, ...second.columns.filter((column) => !columns.has(column.name))],
    settings: [...first.settings, ...second.settings.filter((setting) => !settings.has(setting.column))],
    capturing: true,
  }
}

/** A state without what is retired, its columns and settings by name: what two equal installations share. */
export function liveState(state: DatabaseState): DatabaseState {
  return {
    schema: state.schema && withoutRetired(state.schema),
    tables: state.tables
      .filter((table) => table.capturing)
      .map((table) => ({
        ...table,
        columns: table.columns.filter((c) => !c.retired).toSorted((a, b) => compareText(a.name, b.name)),
        settings: table.settings.filter((s) => !s.retired).toSorted((a, b) => compareText(a.name, b.name)),
      })),
  }
}

function withoutRetired({ waiverRetired: _, ...schema }: AuditSchemaObject): AuditSchemaObject {
  return schema
}
