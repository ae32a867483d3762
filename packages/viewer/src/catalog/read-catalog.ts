import type { Ask } from '../database/connection.ts'
import { selectCaptures, selectHistories } from '../sql/catalog.ts'
import { type Capture, parseCapture } from './capture-function.ts'
import type { Catalog, History, HistoryColumn, SettingColumn } from './history.ts'

interface FoundColumn {
  readonly number: number
  readonly name: string
  readonly type: string
  readonly comment: string | null
  readonly isIndexed: boolean
}

interface FoundHistory {
  readonly oid: string
  readonly schema: string
  readonly name: string
  readonly comment: string | null
  readonly isReadable: boolean
  readonly rows: number | null
  readonly columns: readonly FoundColumn[]
  readonly key: readonly string[] | null
}

interface FoundCapture {
  readonly body: string
  readonly schema: string
  readonly name: string
}

interface Writer extends Capture {
  readonly source: { readonly schema: string; readonly name: string }
}

/** What the database has of histories, by its catalog alone: no migrations and no schema file are read. */
export async function readCatalog(ask: Ask): Promise<Catalog> {
  const found = await ask<FoundHistory>(selectHistories())
  const writers = (await ask<FoundCapture>(selectCaptures())).flatMap(({ body, schema, name }) => {
    const capture = parseCapture(body)
    return capture === undefined ? [] : [{ ...capture, source: { schema, name } }]
  })
  return {
    histories: found.filter(({ isReadable }) => isReadable).map((history) => toHistory(history, writers)),
    unreadable: found.filter(({ isReadable }) => !isReadable).map(idOf),
  }
}

const OWN = new Set([
  'audit_id',
  'audit_operation',
  'audit_operation_timestamp',
  'audit_transaction_timestamp',
  'audit_current_user',
  'audit_transaction_id',
])
/** In the order in which they are shown. */
const FACTS = ['audit_client_addr', 'audit_application_name']
const MARKS = ['audit_changed_columns', 'audit_unchanged_columns']
const HISTORY_OF = /^(Retired, written no more\. )?History of (.+)$/s
const WAIVERS = 'What was not captured, because it was waived'

function toHistory(found: FoundHistory, all: readonly Writer[]): History {
  const writers = all.filter(({ target }) => target.schema === found.schema && target.name === found.name)
  const [, retired, named] = HISTORY_OF.exec(found.comment ?? '') ?? []
  const columns = found.columns.map((column) => toColumn(column, writers))
  const settings = settingsOf(columns, writers)
  const taken = new Set(settings.map(({ column }) => column.name))
  const isSource = ({ name }: HistoryColumn) =>
    !OWN.has(name) && !taken.has(name) && !FACTS.includes(name) && !MARKS.includes(name)
  const source = writers[0]?.source
  return {
    oid: found.oid,
    schema: found.schema,
    name: found.name,
    id: idOf(found),
    label: source === undefined ? labelOf(named) || found.name : labelOfTable(source),
    key: (found.key ?? []).flatMap((name) => columns.filter((column) => column.name === name)),
    columns: columns.filter(isSource),
    settings,
    facts: FACTS.flatMap((name) =>
      columns
        .filter((column) => column.name === name && !taken.has(name))
        .map((column) => ({ name: name.slice('audit_'.length), column })),
    ),
    marksUnchanged: columns.some(({ name }) => name === 'audit_unchanged_columns'),
    isRetired: retired !== undefined,
    isWaivers: found.comment === WAIVERS,
    estimatedRows: found.rows,
    source,
    plainColumns: new Set(writers.flatMap(({ plain }) => [...plain])),
  }
}

function toColumn(column: FoundColumn, writers: readonly Writer[]): HistoryColumn {
  const { number, name, type, isIndexed } = column
  const isRedacted = writers.some(({ redacted }) => redacted.has(name))
  const isHashed = writers.some(({ hashed }) => hashed.has(name))
  const isRetired = column.comment?.startsWith('Retired') === true
  return {
    number,
    name,
    type,
    isIndexed,
    isRetired,
    recorded: isRedacted ? 'redacted' : isHashed ? 'hashed' : 'plain',
  }
}

/**
 * The functions say which columns are those of settings. What is retired they do not name any more, and a history without a
 * function says nothing: there the prefix has to do.
 */
function settingsOf(columns: readonly HistoryColumn[], writers: readonly Writer[]): readonly SettingColumn[] {
  const named = new Map(writers.flatMap(({ settings }) => [...settings]))
  const written = new Set(writers.flatMap(({ plain }) => [...plain]))
  return columns.flatMap((column) => {
    const setting = named.get(column.name)
    if (setting !== undefined) return [{ name: setting, column }]
    const isOther = OWN.has(column.name) || FACTS.includes(column.name) || MARKS.includes(column.name)
    if (isOther || written.has(column.name) || !column.name.startsWith('audit_')) return []
    return [{ name: column.name.slice('audit_'.length), column }]
  })
}

function idOf({ schema, name }: { readonly schema: string; readonly name: string }): string {
  return `${schema}.${name}`
}

function labelOfTable({ schema, name }: { readonly schema: string; readonly name: string }): string {
  return schema === 'public' ? name : `${schema}.${name}`
}

/** `"public"."Order"` → `Order` */
function labelOf(quoted: string | undefined): string | undefined {
  const [, schema, name] = /^"((?:[^"]|"")+)"\."((?:[^"]|"")+)"$/.exec(quoted ?? '') ?? []
  if (schema === undefined || name === undefined) return quoted
  return labelOfTable({ schema: schema.replaceAll('""', '"'), name: name.replaceAll('""', '"') })
}
