import type * as DMMF from '@prisma/dmmf'
import type { SchemaBlock, SchemaField } from '../annotation/schema-blocks.ts'

/** A field of the DMMF, or as much of one as the schema's text tells. */
export type ColumnField = Pick<DMMF.Field, 'name' | 'dbName' | 'kind' | 'type'>

/** The fields of a model that Prisma tells no generator about: `@ignore` and `Unsupported`, in the schema's order. */
export function hiddenFields(block: SchemaBlock, blocks: readonly SchemaBlock[]): readonly ColumnField[] {
  return block.fields
    .filter((field) => field.ignored || field.unsupported)
    .map((field) => ({
      name: field.name,
      dbName: field.column,
      kind: kindOf(field, blocks),
      type: field.type,
    }))
}

function kindOf({ type, unsupported }: SchemaField, blocks: readonly SchemaBlock[]): DMMF.FieldKind {
  if (unsupported) return 'unsupported'
  const declared = blocks.find(
    ({ kind, name }) => name === type && kind !== 'generator' && kind !== 'datasource',
  )
  if (declared === undefined) return 'scalar'
  return declared.kind === 'enum' ? 'enum' : 'object'
}
