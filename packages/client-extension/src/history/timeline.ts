import { parseCursor, renderCursor, SELECT_SNAPSHOT, seenBy } from './cursor.ts'
import { selectEntries, toEntry } from './entry.ts'
import { conditions, HISTORY } from './filter.ts'
import { all, bind, type Fragment, ident, qualified, sql } from './fragment.ts'
import { AuditHistoryError } from './history-error.ts'
import type { HistoryModel } from './history-model.ts'
import type { Reader } from './reader.ts'
import { writtenBy } from './transaction-ref.ts'
import type { HistoryArgs, HistoryEntry, HistoryPage } from './types.ts'
import { momentText, valueText } from './value-text.ts'

type AnyArgs = HistoryArgs<unknown, HistoryModel>
type AnyEntry = HistoryEntry<unknown, HistoryModel>

const PAGE = 50

/**
 * One page of a model's history. A row's own timeline is one walk along the index of its key; the version before each entry is
 * one more step.
 *
 * @throws AuditHistoryError `INVALID_ARGUMENT`, `NO_RIGHT`, `NOT_INSTALLED`, `ROW_SECURITY`
 */
export async function readTimeline(
  reader: Reader,
  model: HistoryModel,
  args: AnyArgs = {},
): Promise<HistoryPage<AnyEntry>> {
  const take = checkedTake(args.take)
  const cursor = args.cursor === undefined ? undefined : parseCursor(args.cursor)
  const isNewestFirst = args.order !== 'asc'
  const after = cursor && [
    isNewestFirst
      ? sql`h."audit_id" < ${bind(cursor.auditId, 'bigint')}`
      : sql`h."audit_id" > ${bind(cursor.auditId, 'bigint')}`,
    seenBy(cursor),
  ]
  const order = isNewestFirst ? sql`h."audit_id" DESC` : sql`h."audit_id"`
  const chosen = all([...versionsOf(model, args), ...(after ?? [])])
  // One more than asked for tells whether there is a next page.
  const versions = sql`SELECT h.* FROM ${qualified(model.audit)} AS h WHERE ${chosen} ORDER BY ${order} LIMIT ${bind(String(take + 1), 'integer')}`
  const rows = await reader.ask(
    [model],
    sql`${selectEntries(model, versions, sql`, ${SELECT_SNAPSHOT}`)} ORDER BY ${order}`,
  )
  const page = rows.slice(0, take)
  const last = page.at(-1)
  const entries = page.map((row) => toEntry(model, row))
  if (rows.length <= take || last === undefined) return { entries, nextCursor: null }
  const seen = cursor ?? { snapshot: String(last.snapshot), takenAt: String(last.taken_at) }
  return {
    entries,
    nextCursor: renderCursor({
      auditId: String(last.audit_id),
      snapshot: seen.snapshot,
      takenAt: seen.takenAt,
    }),
  }
}

/** What the versions of a timeline have to fulfil, cursor and number aside. */
export function versionsOf(model: HistoryModel, args: AnyArgs): readonly Fragment[] {
  const { from, to, operations, transaction } = args
  return [
    ...conditions(model, args.where, HISTORY),
    ...saidBy(model, args.by ?? {}),
    ...(from === undefined
      ? []
      : [sql`h."audit_operation_timestamp" >= ${bind(momentText('from', from), 'timestamptz')}`]),
    ...(to === undefined
      ? []
      : [sql`h."audit_operation_timestamp" < ${bind(momentText('to', to), 'timestamptz')}`]),
    ...(operations === undefined
      ? []
      : [sql`h."audit_operation" = ANY (${bind(`{${operations.map(operation).join(',')}}`, 'char(1)[]')})`]),
    ...(transaction === undefined ? [] : [writtenBy(transaction)]),
  ]
}

function saidBy(model: HistoryModel, by: Readonly<Record<string, unknown>>): readonly Fragment[] {
  return Object.entries(by).flatMap(([name, value]) => {
    if (value === undefined) return []
    const setting = Object.hasOwn(model.settings, name) ? model.settings[name] : undefined
    if (setting === undefined) {
      const hint = `It records ${Object.keys(model.settings).join(', ') || 'none'}.`
      throw new AuditHistoryError(
        'INVALID_ARGUMENT',
        `The history of ${model.source.name} has no setting "${name}".`,
        {
          hint,
        },
      )
    }
    const column = sql`h.${ident(setting.column)}`
    if (value === null) return [sql`${column} IS NULL`]
    const type = SETTING_TYPES[setting.type]
    return [sql`${column} = ${bind(valueText(name, setting.type, value), type)}`]
  })
}

const SETTING_TYPES = {
  String: 'text',
  Int: 'integer',
  BigInt: 'bigint',
  Float: 'double precision',
  Boolean: 'boolean',
  DateTime: 'timestamptz',
  Decimal: 'numeric',
  Uuid: 'uuid',
  Json: 'jsonb',
} as const

function operation(given: string): string {
  if (/^[IUDB]$/.test(given)) return given
  throw new AuditHistoryError('INVALID_ARGUMENT', `There is no operation "${given}".`, {
    hint: 'Operations are I, U, D and B.',
  })
}

export function checkedTake(take = PAGE): number {
  if (Number.isInteger(take) && take >= 1 && take <= 100_000) return take
  throw new AuditHistoryError('INVALID_ARGUMENT', '"take" must be a whole number from 1 to 100000.')
}
