import type * as DMMF from '@prisma/dmmf'
import type { AuditAnnotation } from '../annotation/audit-annotation.ts'
import type { SchemaBlock, SchemaField } from '../annotation/schema-blocks.ts'
import type { Diagnostic } from '../diagnostics.ts'
import type { AuditedColumn, CapturePolicy } from '../model/audit-model.ts'
import type { ColumnType } from '../model/column-type.ts'
import { OWN_COLUMNS } from './audit-columns.ts'
import { namedLikeSecret, policyOf } from './capture-policy.ts'
import { columnType, enumColumnType, isPrismaScalar } from './column-types.ts'
import { hiddenColumns } from './hidden-columns.ts'
import { findKey } from './key-columns.ts'
import { readNodeAnnotation } from './node-annotation.ts'
import { type ColumnRenaming, columnRenamingProblems } from './renamed-from.ts'

export interface ResolvedColumns {
  readonly columns: readonly AuditedColumn[]
  /** Columns by which rows are told apart. */
  readonly key: readonly string[]
  readonly renamings: readonly ColumnRenaming[]
  readonly diagnostics: readonly Diagnostic[]
}

/** The columns of an audited model in its own order, without the excluded ones, and its key. */
export function resolveColumns(
  model: DMMF.Model,
  block: SchemaBlock,
  blocks: readonly SchemaBlock[],
): ResolvedColumns {
  const diagnostics: Diagnostic[] = []
  const columns: AuditedColumn[] = []
  const renamings: ColumnRenaming[] = []
  const fields = model.fields.map((field) => readField(model, field, block))
  // A name alone takes nobody's key away.
  const said = new Map(fields.map(({ field, read }) => [field.name, read.annotation?.policy?.value]))
  const key = findKey(model, ({ name }) => (said.get(name) ?? 'record') === 'record')
  for (const { field, scanned, context, read, policy } of fields) {
    diagnostics.push(...read.diagnostics)
    if (field.kind !== 'scalar' && field.kind !== 'enum') {
      if (read.annotation) diagnostics.push(onRelation(read.annotation.place, context))
      continue
    }
    const isKey = key.fields.includes(field.name)
    const own = read.annotation?.policy
    if (own === undefined && policy === 'redact') {
      diagnostics.push(namedLikeSecret(field, scanned, context, isKey))
    }
    if (isKey && own !== undefined && policy !== 'record') diagnostics.push(hiddenKey(own, scanned, context))
    const column = resolveColumn(field, isKey && own === undefined ? 'record' : policy)
    if (!column) diagnostics.push(unknownNative(field, scanned, context))
    else if (policy !== 'exclude') {
      const { renamedFrom: from } = read.annotation ?? {}
      columns.push({ ...column, ...(from === undefined ? {} : { renamedFrom: from.value }) })
      if (from !== undefined) renamings.push({ ...context, column: column.name, from })
    }
    if (column && policy !== 'exclude' && OWN_COLUMNS.includes(column.name)) {
      diagnostics.push(ownColumn(column.name, scanned, context))
    }
  }
  if (key.kind !== 'primary') diagnostics.push(withoutPrimaryKey(model.name, block, key.fields))
  // A field of the key may be hidden.
  const columnOf = new Map([
    ...block.fields.map((field) => [field.name, field.column] as const),
    ...model.fields.map((field) => [field.name, field.dbName ?? field.name] as const),
  ])
  const hidden = hiddenColumns(block, blocks)
  diagnostics.push(...hidden.diagnostics)
  columns.push(...hidden.columns)
  renamings.push(...hidden.renamings)
  const names = new Set([...columnOf.values(), ...hidden.columns.map(({ name }) => name)])
  diagnostics.push(...columnRenamingProblems(renamings, names))
  return { columns, key: key.fields.map((name) => columnOf.get(name) ?? name), renamings, diagnostics }
}

function readField(model: DMMF.Model, field: DMMF.Field, block: SchemaBlock) {
  const scanned = block.fields.find(({ name }) => name === field.name)
  const context = { model: model.name, field: field.name }
  const read = readNodeAnnotation('field', scanned?.annotations ?? [], context)
  return { field, scanned, context, read, policy: policyOf(field, read.annotation) }
}

function resolveColumn(field: DMMF.Field, policy: CapturePolicy): AuditedColumn | undefined {
  const isEnum = field.kind === 'enum'
  const type = isEnum
    ? enumColumnType(field.isList)
    : isPrismaScalar(field.type)
      ? columnType(field.type, field.nativeType ?? null, field.isList)
      : undefined
  if (type === undefined) return undefined
  const column = { field: field.name, name: field.dbName ?? field.name, policy }
  // Of whatever type the values are, what stands for them is text.
  return policy === 'redact' || policy === 'hash'
    ? { ...column, type: TEXT, isEnum: false }
    : { ...column, type, isEnum }
}

const TEXT: ColumnType = { name: 'text', args: [], list: false }

type Context = { readonly model: string; readonly field: string }

function placeOf(field: SchemaField | undefined): Pick<Diagnostic, 'place'> {
  return field ? { place: field.place } : {}
}

function hiddenKey(
  { value, place }: NonNullable<AuditAnnotation['policy']>,
  scanned: SchemaField | undefined,
  context: Context,
): Diagnostic {
  const done = { exclude: 'excluded', redact: 'redacted', hash: 'hashed', record: 'recorded' }[value]
  return {
    code: 'AUD505',
    severity: 'error',
    message: `"${context.model}.${context.field}" belongs to the primary key and cannot be ${done}: the history could not tell rows apart.`,
    place: scanned?.place ?? place,
    ...context,
    hint: 'Remove the annotation.',
  }
}

function onRelation(place: NonNullable<Diagnostic['place']>, context: Context): Diagnostic {
  return {
    code: 'AUD411',
    severity: 'error',
    message: `"${context.model}.${context.field}" is a relation and has no column of its own.`,
    place,
    ...context,
    hint: 'Annotate the scalar field that holds the foreign key.',
  }
}

function unknownNative(field: DMMF.Field, scanned: SchemaField | undefined, context: Context): Diagnostic {
  const written = field.nativeType ? `@db.${field.nativeType[0]}` : field.type
  return {
    code: 'AUD509',
    severity: 'error',
    message: `"${context.model}.${context.field}" has the type ${written}, which this version does not know.`,
    ...placeOf(scanned),
    ...context,
    hint: 'Put /// @audit(exclude) above the field, or update prisma-generator-audit.',
  }
}

function ownColumn(name: string, scanned: SchemaField | undefined, context: Context): Diagnostic {
  return {
    code: 'AUD501',
    severity: 'error',
    message: `The column "${name}" of model "${context.model}" is called like one of the audit table's own columns.`,
    ...placeOf(scanned),
    ...context,
    hint: 'Give the column another name with @map, or put /// @audit(exclude) above the field.',
  }
}

function withoutPrimaryKey(model: string, block: SchemaBlock, key: readonly string[]): Diagnostic {
  const found = key.length > 0
  return {
    code: 'AUD504',
    severity: 'warning',
    message: found
      ? `Model "${model}" has no primary key; its history is kept by the unique index of ${key.join(', ')}.`
      : `Model "${model}" has neither a primary key nor a unique index of required columns; its history is kept, but rows cannot be told apart.`,
    place: block.place,
    model,
    hint: 'Give the model an @id or @@id if it can have one.',
  }
}
