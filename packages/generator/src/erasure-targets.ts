import type { RecordedHistories } from './history-models.ts'
import { type AuditedTable, type AuditModel, isJoinTable } from './model/audit-model.ts'
import { nameKey } from './model/names.ts'
import { AUDIT_COLUMNS } from './sql/object-names.ts'
import { qualified, sqlText } from './sql/sql.ts'
import { type AuditTableObject, findTable } from './state/database-state.ts'

/** The rows of one history that are meant, and what is to be erased from them: one element of what `audit.erase` is given. */
export interface ErasureTarget {
  /** `"audit"."User_audit"` */
  readonly history: string
  /** Of each element one of the columns has the value. */
  readonly match: readonly RowMatch[]
  readonly columns: readonly string[]
  readonly paths: readonly { readonly column: string; readonly path: readonly string[] }[]
}

export interface RowMatch {
  readonly columns: readonly string[]
  /** As PostgreSQL reads it. */
  readonly value: string
}

/** What somebody asks to be erased, in the words of the schema. */
export interface ErasureWish {
  readonly model: string
  /** Of a key of several fields a JSON object, `{"orderId": 1, "line": 2}`. */
  readonly id: string
  /** Fields, columns of the history that no field has any more, and paths of documents: `profile.address.street`. */
  readonly fields: readonly string[]
  /** Names of session settings and facts; `current_user` is the role that wrote. */
  readonly settings: readonly string[]
}

/** Says what cannot be erased, in words for whoever asked. */
export class ErasureWishError extends Error {}

/**
 * What `audit.erase` is to be given: the history by its name of today, and of each field all columns that ever held it.
 *
 * @param recorded what the migrations made
 * @throws ErasureWishError for what the history does not have, and for the fields of its key
 */
export function erasureTarget(
  model: AuditModel,
  recorded: RecordedHistories,
  { model: name, id, fields, settings }: ErasureWish,
): ErasureTarget {
  const history = findHistory(model, recorded, name)
  const { table, audited } = history
  const named = fields.map((field) => columnsOfField(history, field))
  const columns = [
    ...named.filter(({ path }) => path === undefined).flatMap((each) => each.columns),
    ...settings.flatMap((setting) => columnsOfSetting(history, setting)),
  ]
  const paths = named.flatMap(({ columns: each, path }) =>
    path === undefined ? [] : each.map((column) => ({ column, path })),
  )
  for (const column of [...columns, ...paths.map((each) => each.column)]) {
    if (!history.key.flat().includes(column)) continue
    const field = audited?.columns.find((each) => each.name === column)?.field ?? column
    throw new ErasureWishError(
      `${field} is part of the key of ${name}, and the key says which row a version is of: it cannot be erased. Erase the other fields; a key should not tell who somebody is.`,
    )
  }
  return {
    history: sqlText(qualified({ schema: table.schema, name: table.names.table })),
    match: rowMatch(history, name, id),
    columns: [...new Set(columns)],
    paths,
  }
}

/** The rows of a history that have an id: those of a hold. */
export function heldRows(
  model: AuditModel,
  recorded: RecordedHistories,
  name: string,
  id: string | undefined,
): { readonly history: string; readonly match: readonly RowMatch[] | undefined } {
  const history = findHistory(model, recorded, name)
  const { schema, names } = history.table
  return {
    history: sqlText(qualified({ schema, name: names.table })),
    match: id === undefined ? undefined : rowMatch(history, name, id),
  }
}

/** Columns that were set aside or retired, and are not among those to be erased: whoever plans should see them. */
export function leftAside(
  model: AuditModel,
  recorded: RecordedHistories,
  target: ErasureTarget,
  name: string,
) {
  const { table } = findHistory(model, recorded, name)
  const taken = new Set([...target.columns, ...target.paths.map(({ column }) => column)])
  return table.columns
    .filter((column) => column.retired && !taken.has(column.name))
    .map((column) => column.name)
}

interface FoundHistory {
  readonly table: AuditTableObject
  /** Undefined for a model that is audited no more. */
  readonly audited: AuditedTable | undefined
  /** For each column of the key all that ever held it, that of today first. */
  readonly key: readonly (readonly string[])[]
  /** With what was set aside of it. */
  readonly withFormer: (column: string) => readonly string[]
}

function findHistory(model: AuditModel, { state, histories }: RecordedHistories, name: string): FoundHistory {
  const audited = model.tables.find((each) => each.model === name)
  const table =
    audited === undefined
      ? state.tables.find(({ source, names }) => source.name === name || names.table === name)
      : findTable(state, audited.source)
  if (table === undefined) {
    const known = model.tables.filter((each) => !isJoinTable(each)).map((each) => each.model)
    throw new ErasureWishError(
      audited === undefined
        ? `No model "${name}" is audited. There are: ${known.join(', ') || 'none'}.`
        : `No migration audits ${name} yet: run npx prisma generate, then migrate.`,
    )
  }
  const lives = histories.get(nameKey(table.source))?.lives ?? new Map()
  const withFormer = (column: string): readonly string[] => {
    const former = table.columns.filter(({ name: each }) => lives.get(each)?.formerOf === column)
    return [column, ...former.map((each) => each.name)]
  }
  return { table, audited, withFormer, key: table.key.map(withFormer) }
}

function columnsOfField(
  { table, audited, withFormer }: FoundHistory,
  text: string,
): { readonly columns: readonly string[]; readonly path?: readonly string[] } {
  const known = (name: string) =>
    audited?.columns.find((each) => each.field === name)?.name ??
    table.columns.find((each) => each.name === name)?.name
  const whole = known(text)
  if (whole !== undefined) return { columns: withFormer(whole) }
  const [field = '', ...path] = text.split('.')
  const column = known(field)
  if (column === undefined) {
    const fields = audited?.columns.map((each) => each.field) ?? []
    const others = table.columns.filter((each) => each.retired).map((each) => each.name)
    throw new ErasureWishError(
      `The history ${table.names.table} has no field ${text}. It has: ${[...fields, ...others].join(', ')}.`,
    )
  }
  const isDocument = (name: string) => {
    const type = table.columns.find((each) => each.name === name)?.type
    return (type?.name === 'json' || type?.name === 'jsonb') && !type.list
  }
  if (path.length === 0 || path.includes(''))
    throw new ErasureWishError(`${text} is no path: it has an empty part.`)
  const columns = withFormer(column).filter(isDocument)
  if (columns.length > 0) return { columns, path }
  throw new ErasureWishError(
    `${field} of ${table.names.table} holds no documents, so ${text} is no path. Erase ${field}.`,
  )
}

function columnsOfSetting({ table }: FoundHistory, name: string): readonly string[] {
  if (name === 'current_user') return [AUDIT_COLUMNS.currentUser]
  const columns = table.settings.filter((each) => each.name === name && each.fact !== 'unchanged_columns')
  if (columns.length > 0) return columns.map(({ column }) => column)
  const known = table.settings.filter(({ fact }) => fact !== 'unchanged_columns').map((each) => each.name)
  throw new ErasureWishError(
    `The history ${table.names.table} has no setting ${name}. It has: ${[...new Set([...known, 'current_user'])].join(', ')}.`,
  )
}

function rowMatch({ key, audited, table }: FoundHistory, model: string, id: string): readonly RowMatch[] {
  const fields = table.key.map(
    (column) => audited?.columns.find((each) => each.name === column)?.field ?? column,
  )
  const [first] = key
  if (first === undefined)
    throw new ErasureWishError(`${model} has no key, so no id says which rows are meant.`)
  if (key.length === 1) return [{ columns: first, value: id }]
  const values = parseKey(id)
  const isWhole =
    fields.every((field) => Object.hasOwn(values, field)) && Object.keys(values).length === fields.length
  if (!isWhole) {
    const example = Object.fromEntries(fields.map((field) => [field, '…']))
    throw new ErasureWishError(`The key of ${model} has several fields: --id '${JSON.stringify(example)}'`)
  }
  return key.map((columns, at) => ({ columns, value: String(values[fields[at] ?? '']) }))
}

/** Numbers larger than JavaScript's are to be written as strings. */
function parseKey(id: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(id)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value }
  } catch {
    // Said by whoever asked.
  }
  return {}
}
