import type { AuditedTable, AuditModel } from '../model/audit-model.ts'
import { type AuditTableObject, type DatabaseState, sortTables } from './database-state.ts'

/**
 * The version of the SQL text that this generator emits for its functions. Raise it whenever their text
 * changes: the next `generate` then re-emits all of them in one migration.
 */
export const SQL_VERSION = 1

/** What the database should hold when the schema's wishes are fulfilled. Pure; the same model, the same state. */
export function desiredState(model: AuditModel): DatabaseState {
  // Nobody asked for an audit: nothing is wanted, not even a schema.
  if (model.tables.length === 0) return { schema: undefined, tables: [] }
  return {
    schema: { kind: 'schema', name: model.auditSchema, sqlVersion: SQL_VERSION },
    tables: sortTables(model.tables.map((table) => desiredTable(model.auditSchema, table))),
  }
}

function desiredTable(schema: string, table: AuditedTable): AuditTableObject {
  return {
    kind: 'auditTable',
    schema,
    source: { schema: table.source.schema, name: table.source.name },
    names: table.names,
    columns: table.columns
      .filter((column) => column.policy !== 'exclude')
      .map(({ name, type, policy, isEnum }) => ({ name, type, policy, isEnum, retired: false })),
    settings: table.settings.map((setting) => ({ ...setting, retired: false })),
    key: table.key,
    missingSettings: table.missingSettings,
    truncate: table.truncate,
    capturing: true,
  }
}
