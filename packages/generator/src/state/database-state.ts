import type {
  AuditedColumn,
  AuditNames,
  MissingSettings,
  SessionSetting,
  TruncatePolicy,
} from '../model/audit-model.ts'
import type { QualifiedName } from '../model/names.ts'

/** The audit schema itself: its name, and the version of the SQL that our functions in it have. */
export interface AuditSchemaObject {
  readonly kind: 'schema'
  readonly name: string
  readonly sqlVersion: number
}

/** An audit column; `retired` ones are kept for their history and captured no more. */
export interface StateColumn extends AuditedColumn {
  readonly retired: boolean
}

/** An audit table with its functions and triggers. `capturing: false` means: history kept, triggers gone. */
export interface AuditTableObject {
  readonly kind: 'auditTable'
  readonly schema: string
  readonly model: string
  readonly source: QualifiedName
  readonly names: AuditNames
  readonly columns: readonly StateColumn[]
  readonly settings: readonly (SessionSetting & { readonly retired: boolean })[]
  readonly key: readonly string[]
  readonly missingSettings: MissingSettings
  readonly truncate: TruncatePolicy
  readonly capturing: boolean
}

export type DatabaseObject = AuditSchemaObject | AuditTableObject

/** What the audit parts build. Plain JSON; tables sorted by source schema and name. */
export interface DatabaseState {
  readonly schema: AuditSchemaObject | undefined
  readonly tables: readonly AuditTableObject[]
}

export const EMPTY_STATE: DatabaseState = { schema: undefined, tables: [] }
