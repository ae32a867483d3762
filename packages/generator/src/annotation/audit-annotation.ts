import type {
  CapturePolicy,
  Fact,
  MissingSettings,
  PartitionUnit,
  TruncatePolicy,
} from '../model/audit-model.ts'
import type { SourcePlace } from '../model/place.ts'
import type { SettingSyntax } from './syntax.ts'

/** A value and where it was written. */
export interface At<T> {
  readonly value: T
  readonly place: SourcePlace
}

/** What a model may say. A part that is absent was not written, or was written wrongly and reported. */
export interface ModelOptions {
  readonly state?: At<'enabled' | 'disabled'>
  readonly sessionSettings?: At<readonly SettingSyntax[]>
  readonly facts?: At<readonly Fact[]>
  readonly level?: At<'statement' | 'row'>
  readonly updates?: At<'all' | 'changed'>
  readonly truncate?: At<TruncatePolicy>
  readonly missingSettings?: At<MissingSettings>
  readonly enableAlways?: At<boolean>
  readonly backfill?: At<boolean | 'batches'>
  readonly partitionBy?: At<PartitionUnit | 'none'>
  readonly table?: At<string>
  readonly function?: At<string>
  readonly trigger?: At<string>
  readonly renamedFrom?: At<string>
}

/** `whenChanged` is a way to record. */
export type FieldPolicy = CapturePolicy | 'whenChanged'

/** What a field may say. */
export interface FieldOptions {
  readonly policy?: At<FieldPolicy>
  readonly personal?: At<true>
  readonly subject?: At<string>
  readonly renamedFrom?: At<string>
}

/** One `@audit(…)`. Whether its options fit the node that it stands on is decided where the schema is known. */
export interface AuditAnnotation extends ModelOptions, FieldOptions {
  /** The `@audit` itself. */
  readonly place: SourcePlace
}

export type OptionName = keyof ModelOptions | keyof FieldOptions
