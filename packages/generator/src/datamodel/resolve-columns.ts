import type * as DMMF from '@prisma/dmmf'
import type { SchemaBlock } from '../annotation/schema-blocks.ts'
import type { Diagnostic } from '../diagnostics.ts'
import type { AuditedColumn, CapturePolicy } from '../model/audit-model.ts'
import { OWN_COLUMNS } from './audit-columns.ts'
import { namedLikeSecret, policyOf } from './capture-policy.ts'
import { textForm, visibleColumn } from './column-of-field.ts'
import {
  hiddenKey,
  ownColumn,
  relationProblems,
  unknownNative,
  withoutPrimaryKey,
} from './column-problems.ts'
import { type ColumnField, hiddenFields } from './hidden-fields.ts'
import type { JoinRelation } from './join-relations.ts'
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

/** The columns of an audited model in its own order, the hidden ones last, without the excluded ones, and its key. */
export function resolveColumns(
  model: DMMF.Model,
  block: SchemaBlock,
  {
    blocks,
    relations,
  }: { readonly blocks: readonly SchemaBlock[]; readonly relations: readonly JoinRelation[] },
): ResolvedColumns {
  const diagnostics: Diagnostic[] = []
  const columns: AuditedColumn[] = []
  const renamings: ColumnRenaming[] = []
  const hidden = hiddenFields(block, blocks)
  const fields = [
    ...model.fields.map((field) => readField(model, field, block, visibleColumn)),
    ...hidden.map((field) => readField(model, field, block, textForm)),
  ]
  // A name alone takes nobody's key away.
  const said = new Map(fields.map(({ field, read }) => [field.name, read.annotation?.policy?.value]))
  const hiddenId = block.fields.find(({ id, ignored }) => id && ignored)?.name
  const key = findKey(model, hiddenId, ({ name }) => (said.get(name) ?? 'record') === 'record')
  for (const { field, scanned, context, read, policy, columnOf } of fields) {
    diagnostics.push(...read.diagnostics)
    if (field.kind === 'object') {
      if (read.annotation) diagnostics.push(...relationProblems(read.annotation, context, relations))
      continue
    }
    const isKey = key.fields.includes(field.name)
    const own = read.annotation?.policy
    if (own === undefined && policy === 'redact') {
      diagnostics.push(namedLikeSecret(field, scanned, context, isKey))
    }
    if (isKey && own !== undefined && own.value !== 'record')
      diagnostics.push(hiddenKey(own, scanned, context))
    const column = columnOf(isKey && own === undefined ? 'record' : policy)
    if (!column) diagnostics.push(unknownNative(field, scanned, context))
    else if (policy !== 'exclude') {
      const { renamedFrom: from, personal, subject } = read.annotation ?? {}
      columns.push({
        ...column,
        ...(own?.value === 'whenChanged' ? { whenChanged: true } : {}),
        ...(personal === undefined ? {} : { personal: true }),
        ...(subject === undefined ? {} : { subject: subject.value }),
        ...(from === undefined ? {} : { renamedFrom: from.value }),
      })
      if (from !== undefined) renamings.push({ ...context, column: column.name, from })
    }
    if (column && policy !== 'exclude' && OWN_COLUMNS.includes(column.name)) {
      diagnostics.push(ownColumn(column.name, scanned, context))
    }
  }
  if (key.kind !== 'primary') diagnostics.push(withoutPrimaryKey(model.name, block, key.fields))
  const columnOf = new Map(fields.map(({ field }) => [field.name, field.dbName ?? field.name]))
  diagnostics.push(...columnRenamingProblems(renamings, new Set(columnOf.values())))
  return { columns, key: key.fields.map((name) => columnOf.get(name) ?? name), renamings, diagnostics }
}

type ColumnOf<Field> = (field: Field, policy: CapturePolicy) => AuditedColumn | undefined

function readField<Field extends ColumnField>(
  model: DMMF.Model,
  field: Field,
  block: SchemaBlock,
  columnOf: ColumnOf<Field>,
) {
  const scanned = block.fields.find(({ name }) => name === field.name)
  const context = { model: model.name, field: field.name }
  const read = readNodeAnnotation('field', scanned?.annotations ?? [], context)
  return {
    field,
    scanned,
    context,
    read,
    policy: policyOf(field, read.annotation, model),
    columnOf: (policy: CapturePolicy) => columnOf(field, policy),
  }
}
