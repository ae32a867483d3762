import type * as DMMF from '@prisma/dmmf'
import type { SchemaBlock } from '../annotation/schema-blocks.ts'
import type { CapturePolicy } from '../model/audit-model.ts'
import type { QualifiedName } from '../model/names.ts'
import { policyOf } from './capture-policy.ts'
import { type ColumnField, hiddenFields } from './hidden-fields.ts'
import { readNodeAnnotation } from './node-annotation.ts'
import { sourceOf } from './source-table.ts'

/** A column that the schema knows, whether its model is audited or not. */
export interface DeclaredColumn {
  readonly model: string
  readonly field: string
  readonly source: QualifiedName
  readonly column: string
  /** What its own annotation or its name makes of it. */
  readonly policy: CapturePolicy
  /** The annotation says it, so nothing else does. */
  readonly isSaid: boolean
  /** The fields whose values it holds, by relations. */
  readonly refersTo: readonly { readonly model: string; readonly field: string }[]
}

/** The columns of all models, the hidden ones among them. */
export function declaredColumns(
  models: readonly DMMF.Model[],
  blocks: readonly SchemaBlock[],
): readonly DeclaredColumn[] {
  return models.flatMap((model) => {
    const block = blocks.find(({ kind, name }) => kind === 'model' && name === model.name)
    const fields: readonly ColumnField[] = [...model.fields, ...(block ? hiddenFields(block, blocks) : [])]
    return fields
      .filter(({ kind }) => kind !== 'object')
      .map((field) => {
        const texts = block?.fields.find(({ name }) => name === field.name)?.annotations ?? []
        const { annotation } = readNodeAnnotation('field', texts, {})
        return {
          model: model.name,
          field: field.name,
          source: sourceOf(model),
          column: field.dbName ?? field.name,
          policy: policyOf(field, annotation, model),
          isSaid: annotation?.policy !== undefined,
          refersTo: references(model, field.name),
        }
      })
  })
}

function references(model: DMMF.Model, field: string): DeclaredColumn['refersTo'] {
  return model.fields.flatMap(({ type, relationFromFields = [], relationToFields = [] }) => {
    const to = relationToFields[relationFromFields.indexOf(field)]
    return to === undefined ? [] : [{ model: type, field: to }]
  })
}
