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
  const later = recorded?.histories.get(nameKey(table.source))?.later ?? new Set()
  const isField = ({ field }: AuditedColumn) => isJoinTable(table) || shape?.fields.has(field) === true
  const retired = state?.columns.filter((column) => column.retired) ?? []
  const fields = table.columns.filter(isField).map((column): readonly [string, HistoryField] => {
    const former = column.policy === 'record' ? formerColumns(column, retired) : []
    const field = {
      column: column.name,
      ...(column.sourceName === undefined ? {} : { source: column.sourceName }),
      ...(isJoinTable(table) ? { type: SCALARS[column.type.name] } : shape?.fields.get(column.field)),
      dbType: dbType(column.type),
      ...howRecorded(column),
      ...(later.has(column.name) ? { added: true as const } : {}),
      ...(former.length === 0 ? {} : { former }),
    }
    return [isJoinTable(table) ? column.name : column.field, field as HistoryField]
  })
  const hidden = table.columns.filter((column) => !isField(column))
  const isNamed = new Set(table.columns.map(({ name }) => name))
  const others = [
    ...hidden.map((column) => otherColumn(column, 'hidden')),
    ...retired.filter(({ name }) => !isNamed.has(name)).map((column) => otherColumn(column, 'retired')),
  ]
  const marks = table.settings.find(({ fact }) => fact === 'unchanged_columns')
  return {
    name: table.model,
    source: table.source,
    audit: { schema: auditSchema, name: table.names.table },
    key: table.key,
    fields,
    others,
    settings: [...table.settings, ...formerSettings(table, state?.settings ?? [])]
      .filter(({ fact }) => fact === undefined)
      .map(({ name, column, settingType }) => [name, { column, type: settingType }]),
    facts: table.settings.flatMap(({ fact, column }) =>
      fact === undefined || fact === 'unchanged_columns' ? [] : [[fact, column] as const],
    ),
    ...(marks === undefined ? {} : { marks: marks.column }),
    relations: [...(shape?.relations ?? [])].flatMap(([name, relation]) => {
      const recorded = recordedRelation(table, relation, tables)
      return recorded === undefined ? [] : [[name, recorded] as const]
    }),
  }
}

/** Settings that are not asked for any more: older rows say who wrote them by these. */
function formerSettings(
  { settings }: AuditedTable,
  known: readonly StateSetting[],
): readonly SessionSetting[] {
  const live = new Set(settings.map(({ name }) => name))
  return known.filter(({ retired, name }) => retired && !live.has(name))
}

function otherColumn(column: AuditedColumn | StateColumn, kind: OtherColumn['kind']) {
  const { type } = column
  const other: OtherColumn = {
    type: SCALARS[type.name],
    dbType: dbType(type),
    ...(type.list ? { list: true } : {}),
    kind,
    ...howRecorded(column),
  }
  return [column.name, other] as const
}

function howRecorded({ policy, whenChanged }: Pick<AuditedColumn, 'policy' | 'whenChanged'>) {
  return {
    ...(policy === 'redact' || policy === 'hash' ? { policy } : {}),
    ...(whenChanged ? { whenChanged } : {}),
  }
}

/** `total__3`, `total__2`: what was set aside when `total` got another type. */
function formerColumns({ name }: AuditedColumn, retired: readonly StateColumn[]): readonly string[] {
  return retired
    .flatMap((column) => {
      const [, stem = '', number] = /^(.*)__(\d+)$/s.exec(column.name) ?? []
      return number !== undefined && stem === name ? [[column.name, Number(number)] as const] : []
    })
    .sort(([, a], [, b]) => b - a)
    .map(([column]) => column)
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
    through: { model: join.model, from: [through.from[0], from], to: [to, through.to[1]] },
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
