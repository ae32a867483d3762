import type {
  AuditNames,
  Backfill,
  CaptureLevel,
  MissingSettings,
  PartitionUnit,
  TruncatePolicy,
  UpdatePolicy,
} from '../model/audit-model.ts'
import type { QualifiedName } from '../model/names.ts'
import type { AuditTableObject, CapturedColumn, StateSetting } from './database-state.ts'

type LiveSetting = Omit<StateSetting, 'retired'>

/** A change of the audit schema itself. */
export type SchemaStep =
  | {
      readonly kind: 'createSchema'
      readonly name: string
      readonly sqlVersion: number
      /** See `AuditHome`. */
      readonly shared?: true
    }
  /** The generator's SQL changed: every function is emitted anew. */
  | { readonly kind: 'upgradeSchema'; readonly sqlVersion: number }
  /** The audit schema gets another name: a new one is made, and each table follows by `renameObjects`. */
  | {
      readonly kind: 'moveSchema'
      readonly name: string
      readonly sqlVersion: number
      readonly shared?: true
    }
  /** The former audit schema, from which every table has moved. */
  | { readonly kind: 'dropSchema'; readonly name: string }
  /** Capture can be waived by members of `role`; without one by nobody any more. `schema` is the audit schema. */
  | {
      readonly kind: 'changeWaiver'
      readonly schema: string
      readonly shared?: true
      readonly role?: string
    }

/** A change of one audit table; `source` is the table whose history it holds. */
export type TableStep =
  | { readonly kind: 'createAuditTable'; readonly source: QualifiedName; readonly table: AuditTableObject }
  | { readonly kind: 'addColumn'; readonly source: QualifiedName; readonly column: CapturedColumn }
  | { readonly kind: 'retireColumn'; readonly source: QualifiedName; readonly column: string }
  /** A retired column, of the source or of a setting, makes room for a new one of its name. */
  | {
      readonly kind: 'setAsideColumn'
      readonly source: QualifiedName
      readonly column: string
      readonly as: string
    }
  /** A change of the type that costs PostgreSQL no rewrite, or of the enum that stands behind a text column. */
  | { readonly kind: 'changeColumn'; readonly source: QualifiedName; readonly column: CapturedColumn }
  | { readonly kind: 'addSetting'; readonly source: QualifiedName; readonly setting: LiveSetting }
  | { readonly kind: 'retireSetting'; readonly source: QualifiedName; readonly column: string }
  /** Required ⇄ optional, another default, a wider type. */
  | { readonly kind: 'changeSetting'; readonly source: QualifiedName; readonly setting: LiveSetting }
  | {
      readonly kind: 'changeMissingSettings'
      readonly source: QualifiedName
      readonly missingSettings: MissingSettings
    }
  | { readonly kind: 'changeTruncate'; readonly source: QualifiedName; readonly truncate: TruncatePolicy }
  /** The functions leave out what is waived, or record it again. */
  | { readonly kind: 'changeWaivable'; readonly source: QualifiedName; readonly waivable: boolean }
  /** The triggers of insert, update and delete give way to those of the other level, or with another condition. */
  | {
      readonly kind: 'changeLevel'
      readonly source: QualifiedName
      readonly level: CaptureLevel
      readonly updates: UpdatePolicy
    }
  /** Rows from before the audit get a row of history, or may. */
  | { readonly kind: 'changeBackfill'; readonly source: QualifiedName; readonly backfill: false | Backfill }
  /** The triggers fire for what replication applies, too, or no more. */
  | { readonly kind: 'changeEnableAlways'; readonly source: QualifiedName; readonly enableAlways: boolean }
  /** The history becomes partitioned, or its partitions of another length; with `false` none is made ahead any more. */
  | {
      readonly kind: 'changePartitions'
      readonly source: QualifiedName
      readonly partitionBy: PartitionUnit | false
    }
  /** The source column, or a setting's audit column, has another name: the audit column follows. */
  | {
      readonly kind: 'renameColumn'
      readonly source: QualifiedName
      readonly column: string
      readonly to: string
    }
  /** The source table was renamed or moved, or another table goes on with its history. */
  | { readonly kind: 'renameTable'; readonly source: QualifiedName; readonly to: QualifiedName }
  /** Audit table, functions and triggers get other names, or go to another audit schema. */
  | {
      readonly kind: 'renameObjects'
      readonly source: QualifiedName
      readonly schema: string
      readonly shared?: true
      readonly names: AuditNames
    }
  | { readonly kind: 'changeKey'; readonly source: QualifiedName; readonly key: readonly string[] }
  /** Audited no more: triggers and functions go, the history stays. */
  | {
      readonly kind: 'retireTable'
      readonly source: QualifiedName
      /** See `resumeTable`. */
      readonly replaced?: QualifiedName
    }
  /** Audited again, into the same history. */
  | {
      readonly kind: 'resumeTable'
      readonly source: QualifiedName
      /** What the table is called now that had this name, and carries our triggers until this step. */
      readonly replaced?: QualifiedName
    }
  /**
   * The functions are emitted anew though the state stays as it is: two branches met, or the type of a source
   * column changed, perhaps only its enum (the replacement is what makes open connections plan anew).
   */
  | {
      readonly kind: 'replaceFunctions'
      readonly source: QualifiedName
      readonly reason: 'branches met' | 'enum changed' | 'column retyped'
    }

/** A difference that has no step yet. A plan that holds one is not rendered: it becomes an error. */
export interface UnsupportedStep {
  readonly kind: 'unsupported'
  readonly source: QualifiedName | undefined
  readonly change: 'key columns' | 'shared audit table'
  /** Says what differs, in words. */
  readonly detail: string
  /** What to do, where there is more to say than that the change should be undone. */
  readonly hint?: string
}

export type MigrationStep = SchemaStep | TableStep | UnsupportedStep

/** The source table that a step is about; undefined for the schema itself. */
export function stepSource(step: MigrationStep): QualifiedName | undefined {
  return isSchemaStep(step) ? undefined : step.source
}

export function isSchemaStep(step: MigrationStep): step is SchemaStep {
  return (
    step.kind === 'createSchema' ||
    step.kind === 'upgradeSchema' ||
    step.kind === 'moveSchema' ||
    step.kind === 'dropSchema' ||
    step.kind === 'changeWaiver'
  )
}

/** Ends a `switch` over a union: a member without an arm does not compile. */
export function unreachable(value: never): never {
  throw new Error(`not a known variant: ${JSON.stringify(value)}`)
}
