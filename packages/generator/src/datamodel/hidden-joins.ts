import type * as DMMF from '@prisma/dmmf'
import type { SchemaBlock, SchemaField } from '../annotation/schema-blocks.ts'
import type { Diagnostic } from '../diagnostics.ts'

/** Many-to-many relations of an audited model whose fields Prisma hides: their join tables are not known. */
export function hiddenJoins(
  model: DMMF.Model,
  block: SchemaBlock,
  blocks: readonly SchemaBlock[],
): readonly Diagnostic[] {
  return hiddenListFields(model, block, blocks).map((field) => ({
    code: 'AUD507',
    severity: 'warning',
    message: `The join table of "${model.name}.${field.name}" is not audited: one side of the relation is hidden by @ignore.`,
    place: field.place,
    model: model.name,
    field: field.name,
    hint: 'Remove @ignore, or write the join table as a model of its own.',
  }))
}

/** The list fields of a model that Prisma hides, so that nothing tells where their join table is. */
function hiddenListFields(
  model: DMMF.Model,
  block: SchemaBlock,
  blocks: readonly SchemaBlock[],
): readonly SchemaField[] {
  return block.fields.filter((field) => {
    if (!field.list) return false
    const other = blocks.find(({ kind, name }) => kind === 'model' && name === field.type)
    const back = other?.fields.filter(({ type, list }) => list && type === model.name) ?? []
    return back.some((each) => each !== field && (each.ignored || field.ignored))
  })
}
