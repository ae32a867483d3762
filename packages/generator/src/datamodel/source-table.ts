import type * as DMMF from '@prisma/dmmf'
import type { QualifiedName } from '../model/names.ts'

/** The table of a model, by `@@schema` and `@@map`. Without `@@schema` Prisma's tables are in `public`. */
export function sourceOf(model: DMMF.Model): QualifiedName {
  return { schema: model.schema ?? 'public', name: model.dbName ?? model.name }
}
