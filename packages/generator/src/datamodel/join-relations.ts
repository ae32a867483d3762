import type * as DMMF from '@prisma/dmmf'
import { cutToBytes, MAX_IDENTIFIER_BYTES, type QualifiedName } from '../model/names.ts'
import { sourceOf } from './source-table.ts'

/** An end of an implicit many-to-many relation: the list field, and the model whose keys it lists. */
export interface RelationEnd {
  /** The model that has the field. */
  readonly model: DMMF.Model
  readonly field: string
  /** The model of the listed rows. */
  readonly listed: DMMF.Model
}

/** An implicit many-to-many relation: Prisma keeps it in a table of its own, which is no model. */
export interface JoinRelation {
  readonly source: QualifiedName
  /** The ends whose rows stand in the columns `A` and `B`. */
  readonly ends: readonly [a: RelationEnd, b: RelationEnd]
}

/** Whether a field is an end of one of the relations. */
export function isJoinField(
  relations: readonly JoinRelation[],
  { model, field }: { readonly model: string; readonly field: string },
): boolean {
  return relations.some(({ ends }) => ends.some((end) => end.model.name === model && end.field === field))
}

/** The columns of every join table, in the order of `JoinRelation.ends`. */
export const JOIN_COLUMNS = ['A', 'B'] as const

/**
 * The implicit many-to-many relations between models that the DMMF shows, as Prisma's schema engine keeps them (tried with
 * 7.10): `A` is the owner of the first field by the name of its model, then its own; the table is in the schema of `A`'s model
 * and called `_` and the relation's name, cut to PostgreSQL's 63 bytes.
 */
export function joinRelations(models: readonly DMMF.Model[]): readonly JoinRelation[] {
  const relations = new Map<string, RelationEnd[]>()
  for (const model of models) {
    for (const { kind, isList, type, name, relationName } of model.fields) {
      const listed = models.find((each) => each.name === type)
      if (kind !== 'object' || !isList || listed === undefined || relationName == null) continue
      const key = JSON.stringify([relationName, ...[model.name, type].sort()])
      relations.set(key, [...(relations.get(key) ?? []), { model, field: name, listed }])
    }
  }
  return [...relations.values()].flatMap((ends): JoinRelation[] => {
    // What the first field's owner is, the second field lists.
    const [b, a] = ends.toSorted(byOwner)
    if (a === undefined || b === undefined) return []
    const field = a.model.fields.find(({ name }) => name === a.field)
    const name = cutToBytes(`_${field?.relationName}`, MAX_IDENTIFIER_BYTES)
    return [{ source: { schema: sourceOf(a.listed).schema, name }, ends: [a, b] }]
  })
}

function byOwner(one: RelationEnd, other: RelationEnd): number {
  const isSame = one.model === other.model
  const [first, second] = isSame ? [one.field, other.field] : [one.model.name, other.model.name]
  return first < second ? -1 : first > second ? 1 : 0
}
