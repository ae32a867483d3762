import type { DMMF } from '@prisma/generator-helper'
import type { QualifiedName } from '../model/names.ts'

/** The tables of all models, audited or not. Prisma calls the connection's own schema `public` unless it says otherwise. */
export function declaredTables({ datamodel }: Pick<DMMF.Document, 'datamodel'>): readonly QualifiedName[] {
  return datamodel.models.map(({ name, dbName, schema }) => ({
    schema: schema ?? 'public',
    name: dbName ?? name,
  }))
}
