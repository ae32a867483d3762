import type pg from 'pg'
import type { AuditedTable, AuditModel } from '../../packages/generator/src/model/audit-model.ts'
import { formatType } from '../../packages/generator/src/state/format-type.ts'
import { type Context, FULL_CONTEXT, inContext, leastContext } from './context.ts'
import { ident, literal, qualified } from './draft.ts'
import { SETTING_DEFAULT } from './settings.ts'
import { deleteRow, insertRow, type Statement, updateRow } from './statements.ts'
import { keyColumns, type Model, recordedColumns, settingsOf, type World } from './world.ts'

type Row = readonly (string | null)[]

/** A row that the history must hold, in its order. */
interface Expected {
  readonly operation: 'I' | 'U' | 'D'
  /** The source row, all columns. */
  readonly row: Row
  readonly settings: Row
}

const OWN = [
  'audit_id',
  'audit_operation',
  'audit_operation_timestamp',
  'audit_transaction_timestamp',
  'audit_current_user',
  'audit_transaction_id',
]

/** Every kind of write on one table, each connection in turn, held against the rows that the history got. */
export async function writeAndCompare(
  clients: readonly pg.ClientBase[],
  world: World,
  model: Model,
  audit: AuditModel,
  turn: number,
): Promise<readonly string[]> {
  const table = audit.tables.find((each) => each.model === `Model${model.id}`)
  const [reader] = clients
  if (!reader) return []
  const since = table && (await lastId(reader, audit, table))
  const expected: Expected[] = []
  const write = async (
    n: number,
    operation: Expected['operation'],
    statement: Statement,
    context: Context = FULL_CONTEXT,
  ): Promise<Row> => {
    const client = clients[(turn + n) % clients.length] ?? reader
    const { rows } = await inContext(client, context, () => client.query<{ row: Row }>(statement))
    const settings = table ? settingTexts(world, model, table, context) : []
    for (const { row } of rows) expected.push({ operation, row, settings })
    return rows[0]?.row ?? []
  }
  const n = turn * 10
  const others = model.columns.filter(({ id }) => !model.key.includes(id))
  const kept = await write(0, 'I', insertRow(world, model, n))
  const first = await write(1, 'I', insertRow(world, model, n + 1), leastContext(world, model))
  const changed =
    others.length === 0 ? first : await write(2, 'U', updateRow(world, model, others, first, n + 2))
  const least = leastContext(world, model)
  await write(0, 'D', deleteRow(world, model, kept))
  const again = await write(1, 'I', insertRow(world, model, n + 3), least)
  // The row under its old key ends, and the one with the new key goes on.
  expected.push({
    operation: 'D',
    row: again,
    settings: table ? settingTexts(world, model, table, FULL_CONTEXT) : [],
  })
  await write(2, 'U', updateRow(world, model, keyColumns(model), again, n + 4))
  await write(0, 'U', updateRow(world, model, keyColumns(model), changed, n + 1), least)
  if (!table || since === undefined) return []
  return await compare(reader, model, audit, table, since, expected)
}

async function lastId(client: pg.ClientBase, audit: AuditModel, table: AuditedTable): Promise<string> {
  const { rows } = await client.query<{ last: string }>(
    `SELECT coalesce(max(audit_id), 0)::text AS last FROM ${auditTable(audit, table)}`,
  )
  return rows[0]?.last ?? '0'
}

export function auditTable({ auditSchema }: AuditModel, { names }: AuditedTable): string {
  return qualified({ schema: auditSchema, table: names.table })
}

/** SQL expressions for what the audit table's columns of the settings must hold. */
function settingTexts(world: World, model: Model, table: AuditedTable, context: Context): Row {
  return settingsOf(world, model).map((setting) => {
    const value = context.get(setting.name) ?? (setting.hasDefault ? SETTING_DEFAULT : undefined)
    const column = table.settings.find(({ name }) => name === setting.name)
    return value === undefined || !column ? null : `${literal(value)}::text::${formatType(column.type)}::text`
  })
}

/** In place of what nobody can know beforehand. */
const HASHED = '[hashed]'

async function compare(
  client: pg.ClientBase,
  model: Model,
  audit: AuditModel,
  table: AuditedTable,
  since: string,
  expected: readonly Expected[],
): Promise<readonly string[]> {
  const name = auditTable(audit, table)
  const recorded = recordedColumns(model)
  const settings = table.settings.map(({ column }) => column)
  const { rows: columns } = await client.query<{ name: string }>(
    `SELECT attname AS name FROM pg_attribute WHERE attrelid = ${literal(name)}::regclass AND attnum > 0 AND NOT attisdropped`,
  )
  const live = new Set([...OWN, ...settings, ...recorded.map((column) => column.name)])
  const retired = columns.map((column) => column.name).filter((each) => !live.has(each))
  const list = (names: readonly string[]) =>
    `ARRAY[${names.map((each) => `${ident(each)}::text`).join(', ')}]::text[]`
  // Which values an update changes is not of interest here: that they are not there is.
  const values = recorded.map(({ name: each, hidden }) => {
    if (hidden === 'redact') return `replace(${ident(each)}, ', changed', '')`
    return hidden === 'hash'
      ? `regexp_replace(${ident(each)}, '^[0-9a-f]{64}$', '${HASHED}')`
      : `${ident(each)}::text`
  })
  const { rows: found } = await client.query<{ operation: string; row: Row; settings: Row; retired: Row }>(
    `SELECT audit_operation AS operation, ARRAY[${values.join(', ')}]::text[] AS row,
       ${list(settings)} AS settings, array_remove(${list(retired)}, NULL) AS retired
     FROM ${name} WHERE audit_id > ${since} ORDER BY audit_id`,
  )
  const settingRows = expected.map(
    (each, index) =>
      `SELECT ${index} AS n, ARRAY[${each.settings.map((text) => text ?? 'NULL').join()}]::text[] AS settings`,
  )
  const carried = await client.query<{ settings: Row }>(`${settingRows.join(' UNION ALL ')} ORDER BY n`)
  const indexes = recorded.map(({ id, hidden }) => ({
    position: model.columns.findIndex((column) => column.id === id),
    hidden,
  }))
  const wanted = expected.map(({ operation, row }, index) => ({
    operation,
    row: indexes.map(({ position, hidden }) => {
      const value = row[position] ?? null
      if (hidden === undefined || value === null) return value
      return hidden === 'redact' ? '[redacted]' : HASHED
    }),
    settings: carried.rows[index]?.settings ?? [],
    retired: [],
  }))
  const same = JSON.stringify(found) === JSON.stringify(wanted)
  return same ? [] : [`${name} holds\n${lines(found)}\nand should hold\n${lines(wanted)}`]
}

function lines(rows: readonly object[]): string {
  return rows.map((row) => `  ${JSON.stringify(row)}`).join('\n')
}
