import type * as DMMF from '@prisma/dmmf'
import type { QualifiedName } from '../model/names.ts'
import { joinRelations } from './join-relations.ts'
import { sourceOf } from './source-table.ts'

/** The tables of all models and of the many-to-many relations between them, audited or not. */
export function declaredTables({ datamodel }: Pick<DMMF.Document, 'datamodel'>): readonly QualifiedName[] {
  return [...datamodel.models.map(sourceOf), ...joinRelations(datamodel.models).map(({ source }) => source)]
}
