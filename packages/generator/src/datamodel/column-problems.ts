import type * as DMMF from '@prisma/dmmf'
import type { AuditAnnotation } from '../annotation/audit-annotation.ts'
import type { SchemaBlock, SchemaField } from '../annotation/schema-blocks.ts'
import type { Diagnostic } from '../diagnostics.ts'
import { isJoinField, type JoinRelation } from './join-relations.ts'

/** The field that a problem is about. */
export type FieldContext = { readonly model: string; readonly field: string }

function placeOf(field: SchemaField | undefined): Pick<Diagnostic, 'place'> {
  return field ? { place: field.place } : {}
}

export function hiddenKey(
  { value, place }: NonNullable<AuditAnnotation['policy']>,
  scanned: SchemaField | undefined,
  context: FieldContext,
): Diagnostic {
  const done = {
    exclude: 'excluded',
    redact: 'redacted',
    hash: 'hashed',
    record: 'recorded',
    whenChanged: 'recorded only when it changes',
  }[value]
  return {
    code: 'AUD505',
    severity: 'error',
    message: `"${context.model}.${context.field}" belongs to the primary key and cannot be ${done}: the history could not tell rows apart.`,
    place: scanned?.place ?? place,
    ...context,
    hint: 'Remove the annotation.',
  }
}

/** Of an annotation on a relation: only the table of a many-to-many relation can be left out there. */
export function relationProblems(
  { policy, place }: AuditAnnotation,
  context: FieldContext,
  relations: readonly JoinRelation[],
): readonly Diagnostic[] {
  const isJoin = isJoinField(relations, context)
  if (isJoin && policy?.value === 'exclude') return []
  return [
    {
      code: 'AUD411',
      severity: 'error',
      message: `"${context.model}.${context.field}" is a relation and has no column of its own.`,
      place,
      ...context,
      hint: isJoin
        ? 'Its join table is recorded as a whole, or left out with /// @audit(exclude).'
        : 'Annotate the scalar field that holds the foreign key.',
    },
  ]
}

export function unknownNative(
  field: Pick<DMMF.Field, 'type' | 'nativeType'>,
  scanned: SchemaField | undefined,
  context: FieldContext,
): Diagnostic {
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

export function ownColumn(name: string, scanned: SchemaField | undefined, context: FieldContext): Diagnostic {
  return {
    code: 'AUD501',
    severity: 'error',
    message: `The column "${name}" of model "${context.model}" is called like one of the audit table's own columns.`,
    ...placeOf(scanned),
    ...context,
    hint: 'Give the column another name with @map, or put /// @audit(exclude) above the field.',
  }
}

export function withoutPrimaryKey(model: string, block: SchemaBlock, key: readonly string[]): Diagnostic {
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
