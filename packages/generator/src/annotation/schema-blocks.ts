import type { SourcePlace } from '../model/place.ts'

export type BlockKind = 'model' | 'view' | 'type' | 'enum' | 'generator' | 'datasource'

/** An `@audit(…)` text, ready for `parseAnnotation`. */
export interface AnnotationText {
  /** The file's text from `@audit` to the end of its comment, `///` of later lines included. */
  readonly text: string
  readonly place: SourcePlace
}

/** Why an `@audit` belongs to no node that could carry it. */
export type LostReason =
  | 'blank-line'
  | 'line-comment'
  | 'block-comment'
  | 'four-slashes'
  | 'block-attribute'
  | 'ignored'
  | 'nowhere'
  | 'commented-out'
  | 'misspelled'

export interface LostAnnotation extends AnnotationText {
  readonly reason: LostReason
  /** The model that it stands in or above, where there is one. */
  readonly model?: string
  readonly field?: string
}

export interface SchemaField {
  readonly name: string
  /** The place of the name. */
  readonly place: SourcePlace
  /** As written, without `[]` and `?`: `String`, `Post`, `Unsupported("circle")`. */
  readonly type: string
  /** `[]`. */
  readonly list: boolean
  readonly ignored: boolean
  readonly unsupported: boolean
  /** `@id`, which the DMMF lacks where the field is ignored. */
  readonly id: boolean
  /** The column, by `@map` or the field's name. */
  readonly column: string
  readonly annotations: readonly AnnotationText[]
}

/** The field of a model, as its text has it. */
export function findField(
  blocks: readonly SchemaBlock[],
  model: string,
  field: string,
): SchemaField | undefined {
  return blocks
    .find(({ kind, name }) => kind === 'model' && name === model)
    ?.fields.find(({ name }) => name === field)
}

/** `key = value` of a generator or datasource. */
export interface SchemaSetting {
  readonly name: string
  readonly place: SourcePlace
  /** The value as written, quotes and brackets included, and its place. */
  readonly value: string
  readonly valuePlace: SourcePlace
}

export interface SchemaBlock {
  readonly kind: BlockKind
  readonly name: string
  /** The place of the name. */
  readonly place: SourcePlace
  /** `@@ignore`. */
  readonly ignored: boolean
  /** `@@schema("…")`, which the DMMF lacks for enums. */
  readonly schema?: string
  /** Fields of a model, view or type; an enum's values have no entry. */
  readonly fields: readonly SchemaField[]
  /** Settings of a generator or datasource. */
  readonly settings: readonly SchemaSetting[]
  readonly annotations: readonly AnnotationText[]
}

export interface ScannedSchema {
  readonly blocks: readonly SchemaBlock[]
  readonly lost: readonly LostAnnotation[]
}
