import type * as DMMF from '@prisma/dmmf'
import type { SchemaBlock } from '../annotation/schema-blocks.ts'
import type { Diagnostic } from '../diagnostics.ts'

/**
 * Implicit many-to-many relations of an audited model: their join tables are no models and carry no annotation. Both sides
 * of a relation give the same diagnostic, so that it can be said once.
 */
export function joinTables(
  model: DMMF.Model,
  models: readonly DMMF.Model[],
  blocks: readonly SchemaBlock[],
): readonly Diagnostic[] {
  return model.fields.flatMap((field): Diagnostic[] => {
    const other = otherSide(field, model, models)
    if (!other) return []
    const sides = [{ model: model.name, field: field.name }, other].sort((a, b) => compareSides(a, b))
    const [first] = sides
    const scanned = blocks
      .find((block) => block.kind === 'model' && block.name === first?.model)
      ?.fields.find(({ name }) => name === first?.field)
    return [
      {
        code: 'AUD507',
        severity: 'warning',
        message: `The join table "_${field.relationName}" of ${sides.map((side) => `"${side.model}.${side.field}"`).join(' and ')} is not audited: who connects and disconnects rows is not recorded.`,
        ...(scanned ? { place: scanned.place } : {}),
        ...first,
        hint: 'Write the join table as a model of its own to have it audited.',
      },
    ]
  })
}

interface RelationSide {
  readonly model: string
  readonly field: string
}

/** The list at the other end of an implicit many-to-many relation; nothing where the relation is of another kind. */
function otherSide(
  field: DMMF.Field,
  model: DMMF.Model,
  models: readonly DMMF.Model[],
): RelationSide | undefined {
  if (field.kind !== 'object' || !field.isList) return undefined
  const other = models
    .find(({ name }) => name === field.type)
    ?.fields.find(
      (each) =>
        each.relationName === field.relationName && (field.type !== model.name || each.name !== field.name),
    )
  return other?.isList ? { model: field.type, field: other.name } : undefined
}

function compareSides(a: RelationSide, b: RelationSide): number {
  const [first, second] = [JSON.stringify([a.model, a.field]), JSON.stringify([b.model, b.field])]
  return first < second ? -1 : first > second ? 1 : 0
}
