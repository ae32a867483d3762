import type { AuditedTable, AuditModel } from '../model/audit-model.ts'
import {
  type AuditHome,
  type AuditTableObject,
  type DatabaseState,
  EMPTY_STATE,
  sortTables,
} from './database-state.ts'

/**
 * The version of the SQL text that this generator emits for its functions. Raise it whenever their text
 * changes: the next `generate` then re-emits all of them in one migration.
 */
export const SQL_VERSION = 1

/**
 * What the database should hold when the schema's wishes are fulfilled. Pure; the same input, the same state.
 *
 * @param recorded an audit schema that exists stays shared, or the audit's alone, as it was made: its functions
 * have their names
 */
export function desiredState(model: AuditModel, recorded: DatabaseState = EMPTY_STATE): DatabaseState {
  // Nobody asked for an audit: nothing is wanted, not even a schema.
  if (model.tables.length === 0) return { schema: undefined, tables: [] }
  const name = model.auditSchema
  const isShared =
    recorded.schema?.name === name ? recorded.schema.shared === true : model.sharedSchema === true
  const shared = isShared ? ({ shared: true } as const) : {}
  const waiverRole = model.captureWaiverRole
  const waiver = waiverRole === undefined ? {} : { waiverRole }
  const waivable = waiverRole === undefined ? {} : ({ waivable: true } as const)
  const home = { schema: name, ...shared }
  return {
    schema: { kind: 'schema', name, sqlVersion: SQL_VERSION, ...shared, ...waiver },
    tables: sortTables(model.tables.map((table) => ({ ...desiredTable(home, table), ...waivable }))),
  }
}

function desiredTable(home: AuditHome, table: AuditedTable): AuditTableObject {
  return {
    kind: 'auditTable',
    ...home,
    source: { schema: table.source.schema, name: table.source.name },
    names: table.names,
    columns: table.columns
      .filter((column) => column.policy !== 'exclude')
      .map(({ name, sourceName, type, policy, isEnum, whenChanged, asText }) => ({
        name,
        ...(sourceName === undefined ? {} : { sourceName }),
        type,
        policy,
        isEnum,
        ...(whenChanged ? { whenChanged } : {}),
        ...(asText ? { asText } : {}),
        retired: false,
      })),
    settings: table.settings.map((setting) => ({ ...setting, retired: false })),
    key: table.key,
    missingSettings: table.missingSettings,
    truncate: table.truncate,
    level: table.level,
    updates: table.updates,
    ...(table.backfill ? { backfill: table.backfill } : {}),
    ...(table.enableAlways ? { enableAlways: true } : {}),
    ...(table.partitionBy ? { partitionBy: table.partitionBy } : {}),
    capturing: true,
  }
}
