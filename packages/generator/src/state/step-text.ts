import type { AuditNames } from '../model/audit-model.ts'
import type { ColumnType } from '../model/column-type.ts'
import { IMPLIED_LEVEL } from './database-state.ts'
import type { MigrationStep } from './migration-step.ts'

/**
 * A step as one line of JSON, short enough to be read in review: types as SQL spells them, and nothing said that
 * goes without saying. `expandStep(JSON.parse(renderStep(step)))` equals the step.
 *
 *     {"kind":"addColumn","source":{"schema":"public","name":"Order"},"column":{"name":"total","type":"numeric(10,2)"}}
 */
export function renderStep(step: MigrationStep): string {
  switch (step.kind) {
    case 'createAuditTable': {
      const { kind: _, source: __, names, columns, settings, ...rest } = step.table
      const table = {
        ...without(rest, TABLE),
        names: without(names, impliedNames(names.table)),
        columns: columns.map((column) => shorten(column, COLUMN)),
        settings: settings.map((setting) => shorten(setting, SETTING)),
      }
      return JSON.stringify({ ...step, table })
    }
    case 'addColumn':
    case 'changeColumn':
      return JSON.stringify({ ...step, column: shorten(step.column, COLUMN) })
    case 'addSetting':
    case 'changeSetting':
      return JSON.stringify({ ...step, setting: shorten(step.setting, SETTING) })
    default:
      return JSON.stringify(step)
  }
}

type Json = Readonly<Record<string, unknown>>

/** The step that a line's JSON stands for. What is no step comes back as it is, to be found out by its shape. */
export function expandStep(step: Json): Json {
  const { source, table, column, setting } = step
  if (isObject(table)) return { ...step, table: expandTable(source, table) }
  if (isObject(column)) return { ...step, column: expand(column, CAPTURED_COLUMN) }
  if (isObject(setting)) return { ...step, setting: expand(setting, {}) }
  return step
}

function expandTable(source: unknown, table: Json): Json {
  const { names, columns, settings } = table
  const name = isObject(names) && typeof names.table === 'string' ? names.table : ''
  return {
    kind: 'auditTable',
    source,
    ...TABLE,
    ...table,
    names: { ...impliedNames(name), ...(isObject(names) ? names : {}) },
    columns: listOf(columns).map((column) => expand(column, COLUMN)),
    settings: listOf(settings).map((setting) => expand(setting, SETTING)),
  }
}

const TABLE = { ...IMPLIED_LEVEL, capturing: true }
const CAPTURED_COLUMN = { policy: 'record', isEnum: false }
const COLUMN = { ...CAPTURED_COLUMN, retired: false }
const SETTING = { retired: false }

function impliedNames(table: string): AuditNames {
  return {
    table: '',
    captureFunction: `${table}_capture`,
    keyFunction: `${table}_key`,
    truncateFunction: `${table}_truncate`,
    insertTrigger: 'audit_insert',
    updateTrigger: 'audit_update',
    deleteTrigger: 'audit_delete',
    keyTrigger: 'audit_key',
    truncateTrigger: 'audit_truncate',
  }
}

function shorten(object: { readonly type: ColumnType }, implied: object): object {
  return { ...without(object, implied), type: renderType(object.type) }
}

function expand(object: Json, implied: Json): Json {
  return { ...implied, ...object, type: parseType(object.type) }
}

function without(object: object, implied: object): object {
  const said = new Map<string, unknown>(Object.entries(implied))
  return Object.fromEntries(Object.entries(object).filter(([name, value]) => said.get(name) !== value))
}

function renderType({ name, args, list }: ColumnType): string {
  return `${name}${args.length === 0 ? '' : `(${args.join(',')})`}${list ? '[]' : ''}`
}

function parseType(text: unknown): unknown {
  const match = typeof text === 'string' ? /^([a-z ]+)(?:\((-?\d+(?:,-?\d+)*)\))?(\[\])?$/.exec(text) : null
  if (match === null) return text
  const [, name, args, list] = match
  return { name, args: args === undefined ? [] : args.split(',').map(Number), list: list !== undefined }
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function listOf(value: unknown): readonly Json[] {
  return Array.isArray(value) ? value.filter(isObject) : []
}
