import type { SchemaBlock, SchemaField } from '../annotation/schema-blocks.ts'
import type { Diagnostic } from '../diagnostics.ts'
import type { AuditedColumn } from '../model/audit-model.ts'
import { OWN_COLUMNS } from './audit-columns.ts'
import { namedLikeSecret } from './capture-policy.ts'
import { readNodeAnnotation } from './node-annotation.ts'
import type { ColumnRenaming } from './renamed-from.ts'
import { isSecretName } from './secret-names.ts'

export interface HiddenColumns {
  readonly columns: readonly AuditedColumn[]
  readonly renamings: readonly ColumnRenaming[]
  readonly diagnostics: readonly Diagnostic[]
}

/**
 * The columns of an audited model that Prisma tells no generator about: `@ignore` and `Unsupported` fields, read from the
 * schema's own text. Of whatever type they are, the history has their text form.
 */
export function hiddenColumns(block: SchemaBlock, blocks: readonly SchemaBlock[]): HiddenColumns {
  const isRelation = (type: string) =>
    blocks.some(({ kind, name }) => name === type && (kind === 'model' || kind === 'view'))
  const found = block.fields
    .filter((field) => field.ignored || field.unsupported)
    .map((field) => readHidden(block.name, field, isRelation(field.type)))
  return {
    columns: found.flatMap(({ columns }) => columns),
    renamings: found.flatMap(({ renamings }) => renamings),
    diagnostics: found.flatMap(({ diagnostics }) => diagnostics),
  }
}

function readHidden(model: string, field: SchemaField, isRelation: boolean): HiddenColumns {
  const context = { model, field: field.name }
  const { annotation, diagnostics: problems } = readNodeAnnotation('field', field.annotations, context)
  const diagnostics = [...problems]
  if (isRelation) return { columns: [], renamings: [], diagnostics }
  const isSecret = isSecretName(field.name) || isSecretName(field.column)
  const own = annotation?.policy?.value
  if (own === undefined && isSecret) diagnostics.push(namedLikeSecret(field, field, context, false))
  const policy = own ?? (isSecret ? 'redact' : 'record')
  if (policy === 'exclude') return { columns: [], renamings: [], diagnostics }
  if (OWN_COLUMNS.includes(field.column)) {
    diagnostics.push({
      code: 'AUD501',
      severity: 'error',
      message: `The column "${field.column}" of model "${model}" is called like one of the audit table's own columns.`,
      place: field.place,
      ...context,
      hint: 'Give the column another name with @map, or put /// @audit(exclude) above the field.',
    })
  }
  const from = annotation?.renamedFrom
  const column: AuditedColumn = {
    field: field.name,
    name: field.column,
    type: { name: 'text', args: [], list: false },
    policy,
    isEnum: false,
    asText: true,
    ...(from === undefined ? {} : { renamedFrom: from.value }),
  }
  return {
    columns: [column],
    renamings: from === undefined ? [] : [{ ...context, column: field.column, from }],
    diagnostics,
  }
}
