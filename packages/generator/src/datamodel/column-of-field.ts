import type * as DMMF from '@prisma/dmmf'
import type { AuditedColumn, CapturePolicy } from '../model/audit-model.ts'
import { columnType, enumColumnType, isPrismaScalar, TEXT } from './column-types.ts'
import type { ColumnField } from './hidden-fields.ts'

/** The column of a field, as the history records it; nothing where its type is not known. */
export function visibleColumn(field: DMMF.Field, policy: CapturePolicy): AuditedColumn | undefined {
  const isEnum = field.kind === 'enum'
  const type = isEnum
    ? enumColumnType(field.isList)
    : isPrismaScalar(field.type)
      ? columnType(field.type, field.nativeType ?? null, field.isList)
      : undefined
  if (type === undefined) return undefined
  const column = { field: field.name, name: field.dbName ?? field.name, policy, type, isEnum }
  return policy === 'redact' || policy === 'hash' ? standIn(column, policy) : column
}

/** Of whatever type the values are, what stands for them is text. */
export function standIn(column: AuditedColumn, policy: CapturePolicy): AuditedColumn {
  return { ...column, policy, type: TEXT, isEnum: false }
}

/** Of whatever type a hidden column is, the history has its text form. */
export function textForm(field: ColumnField, policy: CapturePolicy): AuditedColumn {
  const { name, dbName } = field
  return { field: name, name: dbName ?? name, type: TEXT, policy, isEnum: false, asText: true }
}
