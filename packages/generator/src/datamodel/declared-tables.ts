import type { DMMF } from '@prisma/generator-helper'
import type { QualifiedName } from '../model/names.ts'

/** The table of a model, by `@@schema` and `@@map`. Without `@@schema` Prisma's tables are in `public`. */
export function sourceOf(model: DMMF.Model): QualifiedName {
  return { schema: model.schema ?? 'public', name: model.dbName ?? model.name }
}

/** The tables of all models, audited or not. A view looks like a model here and is among them. */
export function declaredTables({ datamodel }: Pick<DMMF.Document, 'datamodel'>): readonly QualifiedName[] {
  return datamodel.models.map(sourceOf)
}
