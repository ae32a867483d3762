import type { Ask } from '../database/connection.ts'
import { selectCaptures, selectHistories } from '../sql/catalog.ts'
import { type Capture, type FactName, type Filling, parseCapture } from './capture-function.ts'
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

/** The facts that every history has. */
const OWN = new Set([
  'audit_id',
  'audit_operation',
  'audit_operation_timestamp',
  'audit_transaction_timestamp',
  'audit_current_user',
  'audit_transaction_id',
])
const FACTS: readonly FactName[] = ['client_addr', 'application_name', 'changed_columns', 'unchanged_columns']
const HISTORY_OF = /^(Retired, written no more\. )?History of (.+)$/s
const WAIVERS = 'What was not captured, because it was waived'

function toHistory(found: FoundHistory, all: readonly Writer[]): History {
  const writers = all.filter(({ target }) => target.schema === found.schema && target.name === found.name)
  const [, retired, named] = HISTORY_OF.exec(found.comment ?? '') ?? []
  const fillings = new Map(writers.flatMap((writer) => [...writer.fillings]))
  const columns = found.columns
    .filter(({ name }) => !OWN.has(name))
    .map((column) => ({ column: toColumn(column, fillings), filling: fillingOf(column.name, fillings) }))
  const columnsOf = (kind: 'setting' | 'fact'): readonly SettingColumn[] =>
    columns.flatMap(({ column, filling }) => (filling?.kind === kind ? [{ name: filling.name, column }] : []))
  const facts = columnsOf('fact')
  const source = writers[0]?.source
  return {
    oid: found.oid,
    schema: found.schema,
    name: found.name,
    id: idOf(found),
    label: source === undefined ? labelOf(named) || found.name : labelOfTable(source),
    key: (found.key ?? []).flatMap((name) =>
      columns.filter(({ column }) => column.name === name).map(({ column }) => column),
    ),
    columns: columns
      .filter(({ filling }) => filling?.kind !== 'setting' && filling?.kind !== 'fact')
      .map(({ column }) => column),
    settings: columnsOf('setting'),
    facts: ['client_addr', 'application_name'].flatMap((name) => facts.filter((fact) => fact.name === name)),
    unchanged: facts.find(({ name }) => name === 'unchanged_columns')?.column,
    isRetired: retired !== undefined,
    isWaivers: found.comment === WAIVERS,
    estimatedRows: found.rows,
    source,
    sources: new Map(
      [...fillings].flatMap(([column, filling]) =>
        filling.kind === 'value' ? [[column, filling.source] as const] : [],
      ),
    ),
  }
}

function toColumn(column: FoundColumn, fillings: ReadonlyMap<string, Filling>): HistoryColumn {
  const { number, name, type, isIndexed, comment } = column
  const kind = fillings.get(name)?.kind
  return {
    number,
    name,
    type,
    isIndexed,
    isRetired: comment?.startsWith('Retired') === true,
    recorded: kind === 'redacted' || kind === 'hashed' ? kind : 'plain',
  }
}

/**
 * The functions say what the columns are filled with. What is retired they do not name any more, and a history without a function
 * says nothing: there the usual prefix has to do.
 */
function fillingOf(name: string, fillings: ReadonlyMap<string, Filling>): Filling | undefined {
  const filling = fillings.get(name)
  if (filling !== undefined || !name.startsWith('audit_')) return filling
  const short = name.slice('audit_'.length)
  const fact = FACTS.find((each) => each === short)
  return fact === undefined ? { kind: 'setting', name: short } : { kind: 'fact', name: fact }
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
