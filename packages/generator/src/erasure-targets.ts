import {
  columnsOfField,
  columnsOfSetting,
  ErasureWishError,
  type FoundHistory,
  findHistory,
  type RowMatch,
  rowMatch,
  settingColumns,
  settingNames,
} from './erasure-history.ts'
import type { RecordedHistories } from './history-models.ts'
import type { AuditModel } from './model/audit-model.ts'
import { nameKey } from './model/names.ts'
import { qualified, sqlText } from './sql/sql.ts'

/** Rows of one history: those of which of each element one of the columns has the value. */
export interface HistoryRows {
  /** `"audit"."User_audit"` */
  readonly history: string
  readonly match: readonly RowMatch[]
}

/** What is to be erased from them: one element of what `audit.erase` is given. */
export interface ErasureTarget extends HistoryRows {
  readonly columns: readonly string[]
  readonly paths: readonly { readonly column: string; readonly path: readonly string[] }[]
}

/** What somebody asks to be erased, in the words of the schema. */
export interface ErasureWish {
  readonly model: string
  /** Of a key of several fields a JSON object, `{"orderId": 1, "line": 2}`. */
  readonly id: string
  /**
   * Fields, columns of the history that no field has any more, and paths of documents: `profile.address.street`. Without any, and
   * without settings: the fields that are `personal`.
   */
  readonly fields: readonly string[]
  /** Names of session settings and facts; `current_user` is the role that wrote. */
  readonly settings: readonly string[]
}

/** What somebody did: rows of any history that name him in a setting. */
export interface Actor {
  readonly setting: string
  readonly value: string
}

export interface WishedErasure {
  readonly targets: readonly ErasureTarget[]
  readonly left: LeftAside
}

/** What no model speaks of any more, and what is therefore not erased unless it is named: whoever plans should see it. */
export interface LeftAside {
  /** Columns of the histories that the wish is about. */
  readonly columns: readonly { readonly history: string; readonly columns: readonly string[] }[]
  /** Histories of models that are gone: whose data they hold stood in the model. */
  readonly histories: readonly string[]
}

export const NOTHING_LEFT: LeftAside = { columns: [], histories: [] }

/**
 * What `audit.erase` is to be given: the row's own history, and those of the models whose `subject` it is.
 *
 * @param recorded what the migrations made
 * @throws ErasureWishError for what the history does not have, for the fields of its key, and where nothing is to be erased
 */
export function wishedErasure(
  model: AuditModel,
  recorded: RecordedHistories,
  { model: name, id, fields, settings }: ErasureWish,
): WishedErasure {
  const history = findHistory(model, recorded, name)
  const isOpen = fields.length === 0 && settings.length === 0
  const own = target(history, rowMatch(history, name, id), isOpen ? personalOf(history) : fields, settings)
  const others = subjectRows(model, recorded, name, id).map(
    ([other, match]) => [other, target(other, match, personalOf(other), [])] as const,
  )
  const planned = [[history, own] as const, ...others]
  const targets = planned
    .map(([, each]) => each)
    .filter(({ columns, paths }) => columns.length > 0 || paths.length > 0)
  if (targets.length === 0) {
    throw new ErasureWishError(
      `No field of ${name} is personal, so say which are to be erased: --fields email,name. Or mark them in the schema: /// @audit(personal)`,
    )
  }
  return { targets, left: { columns: columnsLeft(planned), histories: historiesLeft(model, recorded) } }
}

/** Also of a history of which nothing is erased: it is about the person all the same. */
function columnsLeft(planned: readonly (readonly [FoundHistory, ErasureTarget])[]): LeftAside['columns'] {
  const found = new Map(planned.map(([history]) => [nameOf(history), history]))
  return [...found].flatMap(([history, { table }]) => {
    const taken = new Set(
      planned
        .filter(([, target]) => target.history === history)
        .flatMap(([, { columns, paths }]) => [...columns, ...paths.map(({ column }) => column)]),
    )
    const left = table.columns.filter(({ name, retired }) => retired && !taken.has(name))
    return left.length === 0 ? [] : [{ history, columns: left.map(({ name }) => name) }]
  })
}

function historiesLeft(model: AuditModel, { state }: RecordedHistories): readonly string[] {
  const known = new Set(model.tables.map(({ source }) => nameKey(source)))
  return state.tables
    .filter(({ source, capturing }) => !capturing && !known.has(nameKey(source)))
    .map(({ schema, names }) => sqlText(qualified({ schema, name: names.table })))
}

/**
 * The same for what an actor did, in every history, also in one that is written no more: who did it goes, what was done stays.
 *
 * @throws ErasureWishError where no history has the setting
 */
export function actorErasure(
  { state }: RecordedHistories,
  { setting, value }: Actor,
): readonly ErasureTarget[] {
  const targets = state.tables.flatMap(({ schema, names, settings }) => {
    const columns = settingColumns(settings, setting)
    const history = sqlText(qualified({ schema, name: names.table }))
    return columns.map((column) => ({
      history,
      match: [{ columns: [column], value }],
      columns: [column],
      paths: [],
    }))
  })
  if (targets.length > 0) return targets
  const known = new Set(state.tables.flatMap((table) => settingNames(table.settings)))
  throw new ErasureWishError(`No history has a setting ${setting}. There are: ${[...known].join(', ')}.`)
}

/**
 * The rows that a hold is about: all of a history, or those of one id, and then also those of the models whose `subject` it is.
 */
export function heldRows(
  model: AuditModel,
  recorded: RecordedHistories,
  name: string,
  id: string | undefined,
): readonly (Pick<HistoryRows, 'history'> & Partial<HistoryRows>)[] {
  const history = findHistory(model, recorded, name)
  if (id === undefined) return [{ history: nameOf(history) }]
  const others = subjectRows(model, recorded, name, id)
  return [[history, rowMatch(history, name, id)] as const, ...others].map(([each, match]) => ({
    history: nameOf(each),
    match,
  }))
}

function subjectRows(model: AuditModel, recorded: RecordedHistories, name: string, id: string) {
  return model.tables.flatMap((table) =>
    table.columns
      .filter(({ subject }) => subject === name)
      .map((column): readonly [FoundHistory, readonly RowMatch[]] => {
        const history = findHistory(model, recorded, table.model)
        return [history, [{ columns: history.withFormer(column.name), value: id }]]
      }),
  )
}

function personalOf({ audited }: FoundHistory): readonly string[] {
  return (audited?.columns ?? []).filter(({ personal }) => personal).map(({ field }) => field)
}

function target(
  history: FoundHistory,
  match: readonly RowMatch[],
  fields: readonly string[],
  settings: readonly string[],
): ErasureTarget {
  const named = fields.map((field) => columnsOfField(history, field))
  const columns = [
    ...named.filter(({ path }) => path === undefined).flatMap((each) => each.columns),
    ...settings.flatMap((setting) => columnsOfSetting(history, setting)),
  ]
  const paths = named.flatMap(({ columns: each, path }) =>
    path === undefined ? [] : each.map((column) => ({ column, path })),
  )
  for (const column of [...columns, ...paths.map((each) => each.column)]) assertErasable(history, column)
  return { history: nameOf(history), match, columns: [...new Set(columns)], paths }
}

function assertErasable({ key, audited, name }: FoundHistory, column: string): void {
  if (!key.flat().includes(column)) return
  const field = audited?.columns.find((each) => each.name === column)?.field ?? column
  throw new ErasureWishError(
    `${field} is part of the key of ${name}, and the key says which row a version is of: it cannot be erased. Erase the other fields; a key should not tell who somebody is.`,
  )
}

function nameOf({ table }: FoundHistory): string {
  return sqlText(qualified({ schema: table.schema, name: table.names.table }))
}
