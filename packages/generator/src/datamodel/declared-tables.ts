import type * as DMMF from '@prisma/dmmf'
import type { QualifiedName } from '../model/names.ts'
import { sourceOf } from './source-table.ts'

/** The tables of all models, audited or not. */
export function declaredTables({ datamodel }: Pick<DMMF.Document, 'datamodel'>): readonly QualifiedName[] {
  return datamodel.models.map(sourceOf)
}
