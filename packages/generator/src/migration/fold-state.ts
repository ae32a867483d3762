import { nameKey, type QualifiedName } from '../model/names.ts'
import type { SourcePlace } from '../model/place.ts'
import type {
  ColumnChange,
  DataChange,
  DroppedTable,
  FormerName,
  Interference,
  NotInterpreted,
} from '../model/source-database.ts'
import type { FunctionBody, ReferenceAction, Span, Statement, WrittenName, WrittenType } from './condensed.ts'
import { builtinTypeName } from './type-name.ts'

/** A type of the application's own. Columns hold it by reference, so a rename reaches them all. */
export interface FoldedType {
  schema: string
  name: string
  /** The labels of an enum, in order. */
  values: string[] | undefined
  /** What a domain is over. */
  base?: FoldedColumnType
}

export type FoldedColumnType =
  | { readonly builtin: string }
  | { readonly type: FoldedType | string; readonly suffix: string }

export interface FoldedColumn {
  name: string
  type: FoldedColumnType
  notNull: boolean
  notNullConstraint: string
  virtual: boolean
  /** The columns of this table that it is, or was, generated from. */
  reads: readonly string[] | undefined
  /** Declared on this table itself, not only inherited. */
  local: boolean
}

export interface FoldedForeignKey {
  constraint: string
  columns: string[]
  table: FoldedTable
  referenced: string[]
  onDelete: ReferenceAction
  onUpdate: ReferenceAction
}

/** Where the foreign key of a single column points, or pointed before it was dropped. */
export interface FoldedReference {
  column: string
  table: FoldedTable
  /** Where it pointed before, and the migration that made it point elsewhere. */
  before?: { readonly table: FoldedTable; readonly migration: string }
}

/** A PRIMARY KEY or UNIQUE that is checked when a statement ends, or the transaction. */
export interface FoldedDeferrableKey {
  constraint: string
  columns: string[]
  place: SourcePlace
}

export interface FoldedTable {
  schema: string
  name: string
  columns: FoldedColumn[]
  primaryKey: { constraint: string; columns: string[] } | undefined
  deferrableKeys: FoldedDeferrableKey[]
  foreignKeys: FoldedForeignKey[]
  references: FoldedReference[]
  parents: FoldedTable[]
  isPartition: boolean
  /** Where it was made a partition, if that was later. */
  attached?: SourcePlace | undefined
  partitioned: boolean
  /** Some of its columns, or all, are not in the files. */
  opaque: boolean
  /** An audit table of ours, or a temporary one. */
  hidden: boolean
  place: SourcePlace
  /** The names that it had before, and the file that took each away. */
  formerNames?: FormerName[]
  columnChanges?: ColumnChange[]
}

export interface FoldedView {
  schema: string
  name: string
}

export interface FoldedIndex {
  name: string
  table: FoldedTable
  columns: readonly string[]
}

/** The database while the files are folded into it. */
export interface FoldState {
  tables: Map<string, FoldedTable>
  types: Map<string, FoldedType>
  /** An index lies in the schema of its table, and moves with it. */
  indexes: Map<string, FoldedIndex>
  /** Views and foreign tables: names that are no table's. */
  views: Map<string, FoldedView>
  /** All functions of a name. */
  functions: Map<string, readonly FunctionBody[]>
  /** Those that are being called: one that calls itself ends there. */
  readonly running: Set<FunctionBody>
  /** Those that are there: search_path passes over all others. */
  schemas: Set<string>
  /** PREPARE … of the file that is being folded. */
  readonly prepared: Map<string, readonly Statement[]>
  readonly dataChanges: DataChange[]
  readonly droppedTables: DroppedTable[]
  readonly interferences: Interference[]
  readonly notInterpreted: NotInterpreted[]
  readonly defaultPath: readonly string[]
  readonly auditSchema: string
  readonly sharedSchema: boolean
  searchPath: readonly string[]
  file: { readonly name: string; readonly path: string }
}

/** In a schema that is the audit's alone nothing is a source table; in a shared one, what our own parts make. */
export function isInAuditSchema(
  { auditSchema, sharedSchema }: FoldState,
  { schema }: { schema: string },
): boolean {
  return schema === auditSchema && !sharedSchema
}

export function placeOf(state: FoldState, [line, column, length]: Span): SourcePlace {
  return { file: state.file.path, line, column, length }
}

export function report(state: FoldState, reason: string, span: Span, text?: string): void {
  const place = placeOf(state, span)
  state.notInterpreted.push({
    reason,
    place,
    migration: state.file.name,
    ...(text === undefined ? {} : { text }),
  })
}

/** Reports a statement whose object is in no file; with the names that are written in it. */
export function reportUnknown(state: FoldState, what: string, span: Span, ...names: readonly string[]): void {
  report(state, `${what}, which no migration file creates`, span, names.map(quote).join(' '))
}

/** The name under which a new object is created. */
export function newName(state: FoldState, { schema, name }: WrittenName): QualifiedName {
  // Where none of them is known to be there, one of them is: PostgreSQL would have refused the statement.
  const onPath =
    state.searchPath.find((each) => state.schemas.has(each)) ??
    state.searchPath.find((each) => each !== '$user')
  return { schema: schema ?? onPath ?? 'public', name }
}

/** The existing object that a name means: the first one along search_path. */
export function find<T>(
  state: FoldState,
  objects: ReadonlyMap<string, T>,
  written: WrittenName,
): T | undefined {
  const schemas = written.schema === undefined ? ['pg_temp', ...state.searchPath] : [written.schema]
  for (const schema of schemas) {
    const found = objects.get(nameKey({ schema, name: written.name }))
    if (found !== undefined) return found
  }
  return undefined
}

/** Puts an object under a new name. */
export function rekey<T extends QualifiedName & { schema: string; name: string }>(
  objects: Map<string, T>,
  object: T,
  to: Partial<QualifiedName>,
): void {
  objects.delete(nameKey(object))
  object.schema = to.schema ?? object.schema
  object.name = to.name ?? object.name
  objects.set(nameKey(object), object)
}

/** `ALTER TABLE … RENAME TO`, `SET SCHEMA`: its triggers and indexes go with it. */
export function renameTable(
  state: FoldState,
  table: FoldedTable,
  to: Partial<QualifiedName>,
  span: Span,
): void {
  const { schema, name } = table
  const former = { schema, name, until: state.file.path, place: placeOf(state, span) }
  table.formerNames = [...(table.formerNames ?? []), former]
  const indexes = [...state.indexes].filter(([, index]) => index.table === table)
  for (const [key] of indexes) state.indexes.delete(key)
  rekey(state.tables, table, to)
  for (const [, index] of indexes) putIndex(state, index)
}

/** Keeps an index under the name that it has by now. */
export function putIndex(state: FoldState, index: FoldedIndex): void {
  state.indexes.set(nameKey({ schema: index.table.schema, name: index.name }), index)
}

export function resolveType(state: FoldState, written: WrittenType): FoldedColumnType {
  const builtin = builtinTypeName(written)
  if (builtin !== undefined) return { builtin }
  const name = written.names.at(-1) ?? ''
  const schema = written.names.at(-2)
  const type = find(state, state.types, schema === undefined ? { name } : { schema, name })
  const modifiers = written.modifiers.length > 0 ? `(${written.modifiers.join(',')})` : ''
  const suffix = `${modifiers}${written.array ? '[]' : ''}`
  // An extension's type: which schema it lives in is not in the files.
  return { type: type ?? (schema === undefined ? quote(name) : `${quote(schema)}.${quote(name)}`), suffix }
}

/** `integer`, `"public"."Status"[]`; a type of unknown schema (an extension's) is `"citext"`. */
export function typeText(type: FoldedColumnType): string {
  if ('builtin' in type) return type.builtin
  const name =
    typeof type.type === 'string' ? type.type : `${quote(type.type.schema)}.${quote(type.type.name)}`
  return name + type.suffix
}

/** What the values of a domain's column are: a domain over a domain, and a list of one, too. */
export function baseText(type: FoldedColumnType): string | undefined {
  if ('builtin' in type) return type.builtin
  if (typeof type.type === 'string' || type.type.base === undefined) return undefined
  const base = baseText(type.type.base)
  // A list of a domain over a list has no type without the domain.
  return base === undefined || (type.suffix !== '' && base.endsWith('[]')) ? undefined : base + type.suffix
}

export function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
