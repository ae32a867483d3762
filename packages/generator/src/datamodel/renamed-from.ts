import type { At } from '../annotation/audit-annotation.ts'
import type { Diagnostic } from '../diagnostics.ts'
import type { AuditedTable } from '../model/audit-model.ts'
import { nameKey, type QualifiedName } from '../model/names.ts'

/** `renamedFrom` above a field. */
export interface ColumnRenaming {
  readonly model: string
  readonly field: string
  /** The column that the field has now. */
  readonly column: string
  readonly from: At<string>
}

/** What one audited model says that it and its columns were called. */
export interface RenamedNodes {
  readonly source: QualifiedName
  readonly from?: At<string>
  readonly columns: readonly ColumnRenaming[]
}

/** `"orders"` in the model's own PostgreSQL schema, or `"shop.orders"`. */
export function formerTable(text: string, { schema }: QualifiedName): QualifiedName {
  const dot = text.indexOf('.')
  return dot === -1 ? { schema, name: text } : { schema: text.slice(0, dot), name: text.slice(dot + 1) }
}

/** @param present the columns that the model has now */
export function columnRenamingProblems(
  renamings: readonly ColumnRenaming[],
  present: ReadonlySet<string>,
): readonly Diagnostic[] {
  const nodes = renamings.map(({ model, field, from }) => ({
    key: from.value,
    from,
    name: `"${model}.${field}"`,
    node: { model, field },
  }))
  return [
    ...twice(nodes),
    ...nodes.flatMap((each) => (present.has(each.key) ? [stillThere(each, `column "${each.key}"`)] : [])),
  ]
}

/** @param declared the tables of all models, audited or not */
export function tableRenamingProblems(
  tables: readonly { readonly table: AuditedTable; readonly renamed: RenamedNodes }[],
  declared: readonly QualifiedName[],
): readonly Diagnostic[] {
  const present = new Set(declared.map(nameKey))
  const nodes = tables.flatMap(({ table: { model, renamedFrom }, renamed: { from } }) =>
    from === undefined || renamedFrom === undefined
      ? []
      : [{ key: nameKey(renamedFrom), from, name: `"${model}"`, node: { model } }],
  )
  return [
    ...twice(nodes),
    ...nodes.flatMap((each) =>
      present.has(each.key) ? [stillThere(each, `table "${each.from.value}"`)] : [],
    ),
  ]
}

interface RenamedNode {
  readonly key: string
  readonly from: At<string>
  readonly name: string
  readonly node: Pick<Diagnostic, 'model' | 'field'>
}

/** A warning only: an annotation that was followed long ago does no harm when a new column takes the old name. */
function stillThere({ from, name, node }: RenamedNode, what: string): Diagnostic {
  return {
    code: 'AUD511',
    severity: 'warning',
    message: `${name} says that it was called "${from.value}", but the schema still has a ${what}.`,
    place: from.place,
    ...node,
    hint: 'Remove renamedFrom: what is still there was not renamed.',
  }
}

function twice(nodes: readonly RenamedNode[]): readonly Diagnostic[] {
  const first = new Map<string, RenamedNode>()
  return nodes.flatMap((each): Diagnostic[] => {
    const other = first.get(each.key)
    if (other === undefined) first.set(each.key, each)
    if (other === undefined) return []
    return [
      {
        code: 'AUD512',
        severity: 'error',
        message: `${other.name} and ${each.name} both say that they were called "${each.from.value}".`,
        place: each.from.place,
        ...each.node,
        hint: 'One history goes on in one place: remove one of the two.',
      },
    ]
  })
}
