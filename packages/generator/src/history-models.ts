import {
  type AuditedColumn,
  type AuditedTable,
  type AuditModel,
  isJoinTable,
  type SessionSetting,
} from './model/audit-model.ts'
import type { ColumnType, ColumnTypeName } from './model/column-type.ts'
import type {
  HistoryField,
  HistoryModel,
  HistoryRelation,
  ModelShape,
  OtherColumn,
  RelationShape,
  ScalarType,
} from './model/history-model.ts'
import { nameKey } from './model/names.ts'
import { renderType } from './sql/column-type.ts'
import { sqlText } from './sql/sql.ts'
import { applySteps } from './state/apply-steps.ts'
import type { ColumnLives } from './state/column-lives.ts'
import {
  compareText,
  type DatabaseState,
  findTable,
  type StateColumn,
  type StateSetting,
} from './state/database-state.ts'
import type { MigrationStep } from './state/migration-step.ts'
import { recordStep, type TableHistories } from './state/table-history.ts'

/** What the migrations say of the histories; nothing where there is no folder. */
export interface RecordedHistories {
  readonly state: DatabaseState
  readonly histories: TableHistories
}

/**
 * What the typed module says of each history: its columns by the fields that they stand for, and those that no field stands for
 * any more. Sorted by model.
 */
export function historyModels(
  model: AuditModel,
  shapes: ReadonlyMap<string, ModelShape>,
  recorded: RecordedHistories | undefined,
): readonly HistoryModel[] {
  return model.tables
    .map((table) => historyModel(table, model, shapes, recorded))
    .sort((a, b) => compareText(a.name, b.name))
}

/** As the folder will leave it when the steps have been written, too. */
export function historiesAfter(
  recorded: RecordedHistories,
  steps: readonly MigrationStep[],
): RecordedHistories {
  const histories = new Map(recorded.histories)
  let { state } = recorded
  for (const step of steps) {
    state = applySteps(state, [step])
    recordStep(histories, step, '', state)
  }
  return { state, histories }
}

function historyModel(
  table: AuditedTable,
  { auditSchema, tables }: AuditModel,
  shapes: ReadonlyMap<string, ModelShape>,
  recorded: RecordedHistories | undefined,
): HistoryModel {
  const shape = shapes.get(table.model)
  const state = recorded && findTable(recorded.state, table.source)
  const lives: ColumnLives = recorded?.histories.get(nameKey(table.source))?.lives ?? new Map()
  const isField = ({ field }: AuditedColumn) => isJoinTable(table) || shape?.fields.has(field) === true
  const retired = state?.columns.filter((column) => column.retired) ?? []
  const fields = table.columns.filter(isField).map((column): readonly [string, HistoryField] => {
    const former = column.policy === 'record' ? formerColumns(column, retired, lives) : []
    const field = {
      column: column.name,
      ...(column.sourceName === undefined ? {} : { source: column.sourceName }),
      ...(isJoinTable(table) ? { type: SCALARS[column.type.name] } : shape?.fields.get(column.field)),
      dbType: dbType(column.type),
      ...howRecorded(column, lives),
      ...(lives.get(column.name)?.isLater ? { added: true as const } : {}),
      ...(former.length === 0 ? {} : { former }),
    }
    return [isJoinTable(table) ? column.name : column.field, field as HistoryField]
  })
  const hidden = table.columns.filter((column) => !isField(column))
  const isNamed = new Set(table.columns.map(({ name }) => name))
  const others = [
    ...hidden.map((column) => otherColumn(column, 'hidden', lives)),
    ...retired
      .filter(({ name }) => !isNamed.has(name))
      .map((column) => otherColumn(column, 'retired', lives)),
  ]
  const settings = [...table.settings, ...formerSettings(table, state?.settings ?? [])]
  const marks = settings.filter(({ fact }) => fact === 'unchanged_columns').map(({ column }) => column)
  return {
    name: nameOf(table, tables),
    source: table.source,
    audit: { schema: auditSchema, name: table.names.table },
    key: table.key,
    fields,
    others,
    settings: settings
      .filter(({ fact }) => fact === undefined)
      .map(({ name, column, settingType }) => [name, { column, type: settingType }]),
    facts: settings.flatMap(({ fact, name, column }) =>
      fact === undefined || fact === 'unchanged_columns' ? [] : [[name, column] as const],
    ),
    ...(marks.length === 0 ? {} : { marks }),
    relations: [...(shape?.relations ?? [])].flatMap(([name, relation]) => {
      const recorded = recordedRelation(table, relation, tables)
      return recorded === undefined ? [] : [[name, recorded] as const]
    }),
  }
}

/** Two join tables of one name, in two schemas, are no models that would have to differ. */
function nameOf({ model, source }: AuditedTable, tables: readonly AuditedTable[]): string {
  return tables.filter((table) => table.model === model).length > 1 ? `${model}@${source.schema}` : model
}

/**
 * Settings and facts that are not asked for any more: older rows say who wrote them by these. One that got another type goes on
 * under its name; what it was has the number of its column, `code__2`.
 */
function formerSettings(
  { settings }: AuditedTable,
  known: readonly StateSetting[],
): readonly SessionSetting[] {
  const taken = new Set(settings.map(({ name }) => name))
  return known
    .filter(({ retired }) => retired)
    .map((setting): SessionSetting => {
      const number = /__\d+$/.exec(setting.column)?.[0] ?? ''
      const name = taken.has(setting.name) ? `${setting.name}${number}` : setting.name
      taken.add(name)
      return { ...setting, name }
    })
}

function otherColumn(column: AuditedColumn | StateColumn, kind: OtherColumn['kind'], lives: ColumnLives) {
  const { type } = column
  const other: OtherColumn = {
    type: SCALARS[type.name],
    dbType: dbType(type),
    ...(type.list ? { list: true } : {}),
    kind,
    ...howRecorded(column, lives),
  }
  return [column.name, other] as const
}

function howRecorded(
  { name, policy, whenChanged }: Pick<AuditedColumn, 'name' | 'policy' | 'whenChanged'>,
  lives: ColumnLives,
) {
  const isHeld = whenChanged || lives.get(name)?.wasWhenChanged
  return {
    ...(policy === 'redact' || policy === 'hash' ? { policy } : {}),
    ...(isHeld ? { whenChanged: true as const } : {}),
  }
}

/** `total__3`, `total__2`: what was set aside when `total` got another type; the newest first. */
function formerColumns(
  { name }: AuditedColumn,
  retired: readonly StateColumn[],
  lives: ColumnLives,
): readonly string[] {
  return retired
    .filter((column) => lives.get(column.name)?.formerOf === name)
    .map((column) => column.name)
    .reverse()
}

/** Undefined unless both ends are audited, and the histories hold what connects them. */
function recordedRelation(
  own: AuditedTable,
  { through, ...relation }: RelationShape,
  tables: readonly AuditedTable[],
): HistoryRelation | undefined {
  const other = tables.find((table) => table.model === relation.model)
  if (other === undefined) return undefined
  if (through === undefined) {
    const isHeld = relation.on.every(([mine, theirs]) => holds(own, mine) && holds(other, theirs))
    return isHeld ? relation : undefined
  }
  const join = tables.find(({ source }) => nameKey(source) === nameKey(through.source))
  const named = (column: string) =>
    join?.columns.find(({ name, sourceName }) => (sourceName ?? name) === column)?.name
  const [from, to] = [named(through.from[1]), named(through.to[0])]
  if (join === undefined || from === undefined || to === undefined) return undefined
  if (!holds(own, through.from[0]) || !holds(other, through.to[1])) return undefined
  return {
    ...relation,
    through: { model: nameOf(join, tables), from: [through.from[0], from], to: [to, through.to[1]] },
  }
}

function holds({ columns }: AuditedTable, field: string): boolean {
  return columns.some((column) => column.field === field && column.policy === 'record')
}

function dbType(type: ColumnType): string {
  return sqlText(renderType(type))
}

/** Prisma's scalar for a column that no field tells the type of. */
const SCALARS = {
  text: 'String',
  varchar: 'String',
  char: 'String',
  boolean: 'Boolean',
  smallint: 'Int',
  integer: 'Int',
  bigint: 'BigInt',
  real: 'Float',
  'double precision': 'Float',
  numeric: 'Decimal',
  money: 'Decimal',
  timestamp: 'DateTime',
  timestamptz: 'DateTime',
  date: 'DateTime',
  time: 'DateTime',
  timetz: 'DateTime',
  json: 'Json',
  jsonb: 'Json',
  uuid: 'String',
  bytea: 'Bytes',
  inet: 'String',
  bit: 'String',
  varbit: 'String',
  xml: 'String',
  oid: 'Int',
} as const satisfies Record<ColumnTypeName, ScalarType>
