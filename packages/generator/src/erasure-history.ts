import type { RecordedHistories } from './history-models.ts'
import { type AuditedTable, type AuditModel, isJoinTable } from './model/audit-model.ts'
import { nameKey } from './model/names.ts'
import { AUDIT_COLUMNS } from './sql/object-names.ts'
import { type AuditTableObject, findTable, type StateSetting } from './state/database-state.ts'

/*
 * What a wish to erase means in a history: its name of today, and all columns that ever held what a field, a setting or a key holds.
 */

export interface RowMatch {
  readonly columns: readonly string[]
  /** As PostgreSQL reads it. */
  readonly value: string
}

/** Says what cannot be erased, in words for whoever asked. */
export class ErasureWishError extends Error {}

export interface FoundHistory {
  /** As it was asked for. */
  readonly name: string
  readonly table: AuditTableObject
  /** Undefined for a model that is audited no more. */
  readonly audited: AuditedTable | undefined
  /** For each column of the key all that ever held it, that of today first. */
  readonly key: readonly (readonly string[])[]
  /** With what was set aside of it. */
  readonly withFormer: (column: string) => readonly string[]
}

export function findHistory(
  model: AuditModel,
  { state, histories }: RecordedHistories,
  name: string,
): FoundHistory {
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
  return { name, table, audited, withFormer, key: table.key.map(withFormer) }
}

export function columnsOfField(
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

export function columnsOfSetting({ table }: FoundHistory, name: string): readonly string[] {
  const columns = settingColumns(table.settings, name)
  if (columns.length > 0) return columns
  throw new ErasureWishError(
    `The history ${table.names.table} has no setting ${name}. It has: ${settingNames(table.settings).join(', ')}.`,
  )
}

/** All columns that ever held a setting or a fact. */
export function settingColumns(settings: readonly StateSetting[], name: string): readonly string[] {
  if (name === 'current_user') return [AUDIT_COLUMNS.currentUser]
  return settings.filter((each) => each.name === name && isErasable(each)).map(({ column }) => column)
}

export function settingNames(settings: readonly StateSetting[]): readonly string[] {
  return [...new Set([...settings.filter(isErasable).map(({ name }) => name), 'current_user'])]
}

/** The mark of columns that were left out says nothing of anybody. */
function isErasable({ fact }: StateSetting): boolean {
  return fact !== 'unchanged_columns'
}

export function rowMatch(
  { key, audited, table }: FoundHistory,
  model: string,
  id: string,
): readonly RowMatch[] {
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
