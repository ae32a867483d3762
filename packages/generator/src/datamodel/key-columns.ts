import type * as DMMF from '@prisma/dmmf'

/** By which fields the rows of a model are told apart. */
export interface ModelKey {
  readonly kind: 'primary' | 'unique' | 'none'
  /** Field names, in the order of the index. */
  readonly fields: readonly string[]
}

/**
 * The primary key, in the order of `@@id`; else the unique index of required fields with the fewest fields, of equal
 * ones the first in the schema. Partial unique indexes are not in the DMMF's lists and do not count.
 *
 * @param hiddenId an `@id @ignore` field, which the DMMF lacks.
 * @param usable Whether a field may be part of a substitute key.
 */
export function findKey(
  model: DMMF.Model,
  hiddenId: string | undefined,
  usable: (field: DMMF.Field) => boolean,
): ModelKey {
  if (model.primaryKey) return { kind: 'primary', fields: model.primaryKey.fields }
  const id = model.fields.find((field) => field.isId)?.name ?? hiddenId
  if (id !== undefined) return { kind: 'primary', fields: [id] }

  const single = model.fields.filter((field) => field.isUnique).map((field) => [field.name])
  const fieldOf = new Map(model.fields.map((field) => [field.name, field]))
  const isUsable = (name: string) => {
    const field = fieldOf.get(name)
    return field?.isRequired === true && !field.isList && usable(field)
  }
  const [best] = [...single, ...model.uniqueFields]
    .filter((fields) => fields.every(isUsable))
    .toSorted((a, b) => a.length - b.length)
  return best ? { kind: 'unique', fields: best } : { kind: 'none', fields: [] }
}
