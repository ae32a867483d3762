import { standIn } from './datamodel/column-of-field.ts'
import type { DeclaredColumn } from './datamodel/declared-columns.ts'
import type { Diagnostic } from './diagnostics.ts'
import type { AuditedColumn, AuditedTable, AuditModel, CapturePolicy } from './model/audit-model.ts'
import type { QualifiedName } from './model/names.ts'
import type { SourcePlace } from './model/place.ts'
import type { SourceDatabase, SourceTable } from './model/source-database.ts'

/** What the schema says of columns, and where. */
export interface SchemaWords {
  readonly columns: readonly DeclaredColumn[]
  /** Models that say by themselves whether they are recorded row by row. */
  readonly levelled: ReadonlySet<string>
  readonly placeOf: (model: string, field: string) => SourcePlace | undefined
}

/** Where a column's values come from. */
interface Origin {
  readonly how: 'generated' | 'reference'
  readonly from: Node
}

interface Node {
  readonly declared: DeclaredColumn
  /** Its policy is its own: it was said, or rows are told apart by it. */
  readonly isFixed: boolean
  /** What is done with its values. */
  policy: CapturePolicy
  /** The strictest that its origins ask for, and the one that asks. */
  asked?: { readonly policy: CapturePolicy; readonly by: Origin }
}

const STRICTNESS: Readonly<Record<CapturePolicy, number>> = { record: 0, hash: 1, redact: 2, exclude: 3 }

/**
 * The model in which no column shows what the history does not have of another one: neither a generated column, by the expression
 * that the migrations have for it, nor a foreign key, by the field that it refers to. A field's own annotation goes before.
 */
export function withDerivedPolicies(
  model: AuditModel,
  { tables }: Pick<SourceDatabase, 'tables'>,
  words: SchemaWords,
): { readonly model: AuditModel; readonly diagnostics: readonly Diagnostic[] } {
  const nodes = nodesOf(model, words)
  spread(originsOf(nodes, tables))
  const diagnostics: Diagnostic[] = []
  const changed = model.tables.map((table) => {
    const columns = table.columns.flatMap((column): readonly AuditedColumn[] => {
      const node = nodes.get(keyOf(table.model, column.field))
      if (node?.asked === undefined) return [column]
      diagnostics.push(diagnose(node, node.asked.by, words))
      if (node.isFixed) return [column]
      return node.policy === 'exclude' ? [] : [standIn(column, node.policy)]
    })
    return { ...table, columns, level: levelOf(table, columns, words) }
  })
  return { model: { ...model, tables: changed }, diagnostics }
}

function nodesOf(model: AuditModel, { columns }: SchemaWords): ReadonlyMap<string, Node> {
  const keys = new Map(model.tables.map((table) => [table.model, table.key]))
  return new Map(
    columns.map((declared) => {
      const isKey = keys.get(declared.model)?.includes(declared.column) ?? false
      // Whatever a key is called, its values are in the history.
      const policy = isKey && !declared.isSaid ? 'record' : declared.policy
      return [keyOf(declared.model, declared.field), { declared, policy, isFixed: declared.isSaid || isKey }]
    }),
  )
}

function keyOf(model: string, field: string): string {
  return `${model}.${field}`
}

/** Of the columns that have any and do not say themselves what becomes of them. */
function originsOf(
  nodes: ReadonlyMap<string, Node>,
  tables: readonly SourceTable[],
): ReadonlyMap<Node, readonly Origin[]> {
  const byColumn = new Map(
    [...nodes.values()].map((node) => [columnKey(node.declared.source, node.declared.column), node]),
  )
  const find = (table: QualifiedName, name: string) => byColumn.get(columnKey(table, name)) ?? []
  // Prisma hides some relations, and knows some generated columns as fields like any other.
  const inFolder = new Map(
    tables.flatMap((table) =>
      table.columns.map(({ name, reads = [], refersTo = [] }) => {
        const generated = reads.flatMap((each) => find(table, each))
        const referred = refersTo.flatMap((to) => find(to.table, to.column))
        return [columnKey(table, name), { generated, referred }] as const
      }),
    ),
  )
  const origins = new Map<Node, readonly Origin[]>()
  for (const node of nodes.values()) {
    const { source, column, refersTo, isSaid } = node.declared
    if (isSaid) continue
    const { generated = [], referred: keys = [] } = inFolder.get(columnKey(source, column)) ?? {}
    const referred = [...refersTo.flatMap((to) => nodes.get(keyOf(to.model, to.field)) ?? []), ...keys]
    origins.set(node, [
      ...generated.map((from): Origin => ({ how: 'generated', from })),
      ...referred.map((from): Origin => ({ how: 'reference', from })),
    ])
  }
  return origins
}

function columnKey(table: QualifiedName, column: string): string {
  return JSON.stringify([table.schema, table.name, column])
}

/** Goes on until nothing gets stricter: a foreign key may refer to a generated column, and another one to that. */
function spread(origins: ReadonlyMap<Node, readonly Origin[]>): void {
  for (let isDone = false; !isDone; ) {
    isDone = true
    for (const [node, from] of origins) {
      for (const by of from) {
        const policy = derived(by)
        if (STRICTNESS[policy] <= STRICTNESS[node.asked?.policy ?? node.policy]) continue
        node.asked = { policy, by }
        if (!node.isFixed) node.policy = policy
        isDone = false
      }
    }
  }
}

/** Of a hashed value something may be seen that its hash hides: equal parts, or how often each is there. A reference is the value itself. */
function derived({ how, from: { policy } }: Origin): CapturePolicy {
  return how === 'generated' && policy === 'hash' ? 'redact' : policy
}

/** A redacted value is compared with the one before, unless the model says that no row is looked at. */
function levelOf(
  { model, level }: AuditedTable,
  columns: readonly AuditedColumn[],
  { levelled }: SchemaWords,
): AuditedTable['level'] {
  return !levelled.has(model) && columns.some(({ policy }) => policy === 'redact') ? 'row' : level
}

const DONE: Readonly<Record<CapturePolicy, string>> = {
  record: 'recorded',
  hash: 'hashed',
  redact: 'redacted',
  exclude: 'left out',
}

function diagnose(
  { declared: { model, field }, policy, isFixed }: Node,
  { how, from }: Origin,
  { placeOf, levelled }: SchemaWords,
): Diagnostic {
  const place = placeOf(model, field)
  const origin = how === 'generated' ? 'is generated from' : 'refers to'
  const byRow = policy === 'redact' && !levelled.has(model) ? ', and the model is recorded row by row' : ''
  const other = `"${from.declared.model}.${from.declared.field}"`
  const found = `"${model}.${field}" ${origin} ${other}, which is ${DONE[from.policy]}`
  return {
    code: how === 'generated' ? 'AUD632' : 'AUD631',
    severity: 'warning',
    message: isFixed
      ? `${found}, and belongs to the key: its values are in the history, which could not tell rows apart without them.`
      : `${found}: ${consequence(policy)}${byRow}.`,
    ...(place === undefined ? {} : { place }),
    model,
    field,
    hint: isFixed
      ? 'Say so with /// @audit(record) above the field, or give the model another @id.'
      : `Say what is meant above the field: /// @audit(${policy}), or /// @audit(record) to have the values recorded.`,
  }
}

function consequence(policy: CapturePolicy): string {
  switch (policy) {
    case 'exclude':
      return 'it is left out, too'
    case 'hash':
      return 'it is hashed, too, with a key of its own, so that its hashes are not those of that field'
    default:
      return 'the history holds that it changed, and not its values'
  }
}
