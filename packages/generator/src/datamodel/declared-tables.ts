import type { DMMF } from '@prisma/generator-helper'
import type { QualifiedName } from '../model/names.ts'
import { sourceOf } from './source-table.ts'

/** The tables of all models, audited or not. */
export function declaredTables({ datamodel }: Pick<DMMF.Document, 'datamodel'>): readonly QualifiedName[] {
  return datamodel.models.map(sourceOf)
}
