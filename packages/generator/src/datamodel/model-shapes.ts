import type * as DMMF from '@prisma/dmmf'
import type { FieldShape, ModelShape, OnDelete, RelationShape, ScalarType } from '../model/history-model.ts'
import { JOIN_COLUMNS, type JoinRelation, joinRelations } from './join-relations.ts'

type Datamodel = Pick<DMMF.Document['datamodel'], 'models' | 'enums'>

/** What Prisma's client makes of each model: the types of its fields, and the relations that a foreign key stands behind. */
export function modelShapes({ models, enums }: Datamodel): ReadonlyMap<string, ModelShape> {
  const joins = joinRelations(models)
  return new Map(
    models.map((model) => {
      const fields = model.fields.flatMap((field): readonly (readonly [string, FieldShape])[] => {
        const shape = fieldShape(field, enums)
        return shape === undefined ? [] : [[field.name, shape]]
      })
      const relations = model.fields.flatMap((field): readonly (readonly [string, RelationShape])[] => {
        const shape = relationShape(field, model, models) ?? joinShape(field, model, joins)
        return shape === undefined ? [] : [[field.name, shape]]
      })
      return [model.name, { fields: new Map(fields), relations: new Map(relations) }]
    }),
  )
}

function fieldShape(field: DMMF.Field, enums: Datamodel['enums']): FieldShape | undefined {
  const list = field.isList ? ({ list: true } as const) : {}
  if (field.kind === 'scalar') return { type: field.type as ScalarType, ...list }
  if (field.kind !== 'enum') return undefined
  const values = enums.find(({ name }) => name === field.type)?.values ?? []
  return {
    type: 'String',
    ...list,
    enum: Object.fromEntries(values.map(({ name, dbName }) => [dbName ?? name, name])),
  }
}

function relationShape(
  field: DMMF.Field,
  model: DMMF.Model,
  models: readonly DMMF.Model[],
): RelationShape | undefined {
  if (field.kind !== 'object') return undefined
  const { type, isList: list } = field
  if (field.relationFromFields?.length) {
    const onDelete = (field.relationOnDelete ?? (field.isRequired ? 'Restrict' : 'SetNull')) as OnDelete
    return { model: type, list, on: pairs(field.relationFromFields, field.relationToFields), onDelete }
  }
  // The foreign key is on the other side, or in a join table.
  const other = models
    .find(({ name }) => name === type)
    ?.fields.find(
      (each) =>
        each.relationName === field.relationName &&
        each.type === model.name &&
        Boolean(each.relationFromFields?.length),
    )
  if (other === undefined) return undefined
  return { model: type, list, on: pairs(other.relationToFields, other.relationFromFields) }
}

/** An implicit many-to-many relation: what a field lists stands in the column of its end, whose list it is in the other. */
function joinShape(
  field: DMMF.Field,
  model: DMMF.Model,
  joins: readonly JoinRelation[],
): RelationShape | undefined {
  for (const { source, ends } of joins) {
    const index = ends.findIndex((end) => end.model.name === model.name && end.field === field.name)
    if (index === -1) continue
    const [own, other] = [idOf(model), idOf(ends[index === 0 ? 0 : 1].listed)]
    const [to = '', from = ''] = index === 0 ? JOIN_COLUMNS : JOIN_COLUMNS.toReversed()
    if (own === undefined || other === undefined) return undefined
    return { model: field.type, list: true, on: [], through: { source, from: [own, from], to: [to, other] } }
  }
  return undefined
}

function idOf({ fields }: DMMF.Model): string | undefined {
  return fields.find(({ isId }) => isId)?.name
}

function pairs(own: readonly string[] = [], theirs: readonly string[] = []) {
  return own.map((name, index) => [name, theirs[index] ?? name] as const)
}
