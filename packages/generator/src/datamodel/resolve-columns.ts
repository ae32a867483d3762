import type * as DMMF from '@prisma/dmmf'
import type { SchemaBlock, SchemaField } from '../annotation/schema-blocks.ts'
import type { Diagnostic } from '../diagnostics.ts'
import type { AuditedColumn } from '../model/audit-model.ts'
import { OWN_COLUMNS } from './audit-columns.ts'
import { columnType, enumColumnType, isPrismaScalar } from './column-types.ts'
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
export function resolveColumns(model: DMMF.Model, block: SchemaBlock): ResolvedColumns {
  const diagnostics: Diagnostic[] = []
  const excluded = new Set<string>()
  const columns: AuditedColumn[] = []
  const renamings: ColumnRenaming[] = []
  for (const field of model.fields) {
    const scanned = block.fields.find(({ name }) => name === field.name)
    const context = { model: model.name, field: field.name }
    const read = readNodeAnnotation('field', scanned?.annotations ?? [], context)
    diagnostics.push(...read.diagnostics)
    if (field.kind !== 'scalar' && field.kind !== 'enum') {
      if (read.annotation) diagnostics.push(onRelation(read.annotation.place, context))
      continue
    }
    if (read.annotation?.policy?.value === 'exclude') excluded.add(field.name)
    const column = resolveColumn(field)
    if (!column) diagnostics.push(unknownNative(field, scanned, context))
    else if (!excluded.has(field.name)) {
      const { renamedFrom: from } = read.annotation ?? {}
      columns.push({ ...column, ...(from === undefined ? {} : { renamedFrom: from.value }) })
      if (from !== undefined) renamings.push({ ...context, column: column.name, from })
    }
    if (column && !excluded.has(field.name) && OWN_COLUMNS.includes(column.name)) {
      diagnostics.push(ownColumn(column.name, scanned, context))
    }
  }
  const key = findKey(model, (field) => !excluded.has(field.name))
  for (const name of key.fields.filter((each) => excluded.has(each))) {
    diagnostics.push({
      code: 'AUD505',
      severity: 'error',
      message: `"${model.name}.${name}" belongs to the primary key and cannot be excluded: the history could not tell rows apart.`,
      ...placeOf(block.fields.find((field) => field.name === name)),
      model: model.name,
      field: name,
      hint: 'Remove the annotation.',
    })
  }
  if (key.kind !== 'primary') diagnostics.push(withoutPrimaryKey(model.name, block, key.fields))
  const columnOf = new Map(model.fields.map((field) => [field.name, field.dbName ?? field.name]))
  diagnostics.push(...columnRenamingProblems(renamings, new Set(columnOf.values())))
  return { columns, key: key.fields.map((name) => columnOf.get(name) ?? name), renamings, diagnostics }
}

function resolveColumn(field: DMMF.Field): AuditedColumn | undefined {
  const isEnum = field.kind === 'enum'
  const type = isEnum
    ? enumColumnType(field.isList)
    : isPrismaScalar(field.type)
      ? columnType(field.type, field.nativeType ?? null, field.isList)
      : undefined
  return type && { field: field.name, name: field.dbName ?? field.name, type, policy: 'record', isEnum }
}

type Context = { readonly model: string; readonly field: string }

function placeOf(field: SchemaField | undefined): Pick<Diagnostic, 'place'> {
  return field ? { place: field.place } : {}
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
