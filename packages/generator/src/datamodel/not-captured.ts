import type { DMMF } from '@prisma/generator-helper'
import type { SchemaBlock } from '../annotation/schema-blocks.ts'
import type { Diagnostic } from '../diagnostics.ts'

/** Columns of an audited model that the DMMF does not show, so that no history is kept of them. */
export function hiddenColumns(block: SchemaBlock, blocks: readonly SchemaBlock[]): readonly Diagnostic[] {
  const relations = new Set(
    blocks.filter(({ kind }) => kind === 'model' || kind === 'view').map(({ name }) => name),
  )
  return block.fields
    .filter((field) => (field.ignored || field.unsupported) && !relations.has(field.type))
    .map((field) => ({
      code: 'AUD506',
      severity: 'warning',
      message: `"${block.name}.${field.name}" is ${field.unsupported ? 'of an unsupported type' : 'marked @ignore'}: its column "${field.column}" is not recorded in the history.`,
      place: field.place,
      model: block.name,
      field: field.name,
      hint: field.unsupported
        ? 'Nothing needs to be done if that is fine. Prisma tells generators nothing about such columns.'
        : 'Remove @ignore to have it recorded.',
    }))
}

/** Implicit many-to-many relations of an audited model: their join tables are no models and carry no annotation. */
export function joinTables(
  model: DMMF.Model,
  block: SchemaBlock,
  models: readonly DMMF.Model[],
): readonly Diagnostic[] {
  const seen = new Set<string>()
  return model.fields.flatMap((field): Diagnostic[] => {
    const relation = field.relationName
    if (!relation || seen.has(relation) || !isImplicit(field, model, models)) return []
    seen.add(relation)
    const scanned = block.fields.find(({ name }) => name === field.name)
    return [
      {
        code: 'AUD507',
        severity: 'warning',
        message: `"${model.name}.${field.name}" is kept in the join table "_${relation}", which is not audited: who connects and disconnects rows is not recorded.`,
        ...(scanned ? { place: scanned.place } : {}),
        model: model.name,
        field: field.name,
        hint: 'Write the join table as a model of its own to have it audited.',
      },
    ]
  })
}

function isImplicit(field: DMMF.Field, model: DMMF.Model, models: readonly DMMF.Model[]): boolean {
  if (field.kind !== 'object' || !field.isList) return false
  const other = models
    .find(({ name }) => name === field.type)
    ?.fields.find(
      (each) =>
        each.relationName === field.relationName && (field.type !== model.name || each.name !== field.name),
    )
  return other?.isList === true
}
