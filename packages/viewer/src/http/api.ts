import type { TablesAnswer } from '../answers.ts'
import type { Catalog, History } from '../catalog/history.ts'
import type { Ask } from '../database/connection.ts'
import { readActivity } from '../questions/activity.ts'
import { readAsOf } from '../questions/as-of.ts'
import { readChart } from '../questions/chart.ts'
import { readRecord, readValue } from '../questions/record.ts'
import { readTransaction } from '../questions/transaction.ts'
import { isOpen, type Scope } from '../scope.ts'
import { ViewerError } from '../viewer-error.ts'
import { idOf, keyOf, searchesOf, tableOf, tablesOf, takeOf, timeOf, transactionOf } from './parameters.ts'

export interface ApiRequest {
  readonly ask: Ask
  readonly catalog: Catalog
  readonly scope: Scope
  readonly query: URLSearchParams
  /** The setting that says who it was, if one is named. */
  readonly actor: string | undefined
}

type Route = (request: ApiRequest & { readonly open: readonly History[] }) => Promise<unknown>

/** The answer to a question of the API; undefined where there is no such question. */
export async function answer(name: string, request: ApiRequest): Promise<unknown> {
  const route = Object.hasOwn(routes, name) ? routes[name] : undefined
  const open = request.catalog.histories.filter((history) => isOpen(history, request.scope))
  return route === undefined ? undefined : await route({ ...request, open })
}

const isDeep = (query: URLSearchParams) => query.get('deep') === '1'
const textOf = (query: URLSearchParams, name: string) => query.get(name) ?? undefined

const routes: Readonly<Record<string, Route>> = {
  tables: async ({ catalog, open, scope, actor }) => tables(catalog, open, scope, actor),
  activity: ({ ask, scope, query, open }) =>
    readActivity(ask, scope, {
      searches: searchesOf(query, tablesOf(query, open)),
      cursor: textOf(query, 'cursor'),
      take: takeOf(query, 50),
      isDeep: isDeep(query),
    }),
  record: ({ ask, scope, query, open }) =>
    readRecord(ask, scope, {
      history: tableOf(query, open),
      key: keyOf(query) ?? [],
      before: idOf(query, 'cursor'),
      take: takeOf(query, 20),
    }),
  value: ({ ask, scope, query, open }) =>
    readValue(ask, scope, {
      history: tableOf(query, open),
      auditId: idOf(query, 'id') ?? '',
      column: query.get('column') ?? '',
    }),
  transaction: ({ ask, scope, query, open }) => {
    const transaction = transactionOf(query, 'tx')
    if (transaction === undefined) throw new ViewerError('INVALID', 'Name a transaction with "tx".')
    const cursor = textOf(query, 'cursor')
    return readTransaction(ask, scope, {
      histories: tablesOf(query, open),
      transaction,
      cursor,
      take: takeOf(query, 100),
      isDeep: isDeep(query),
    })
  },
  chart: ({ ask, scope, query, open, actor }) => {
    const by = query.get('group') ?? 'table'
    if (by !== 'table' && by !== 'actor' && by !== 'operation') {
      throw new ViewerError('INVALID', '"group" is table, actor or operation.')
    }
    return readChart(ask, scope, {
      searches: searchesOf(query, tablesOf(query, open)),
      from: timeOf(query, 'from'),
      to: timeOf(query, 'to'),
      by,
      actor: actorOf(open, actor) ?? undefined,
      isExact: query.get('exact') === '1',
    })
  },
  'as-of': ({ ask, scope, query, open }) =>
    readAsOf(ask, scope, {
      history: tableOf(query, open),
      moment: timeOf(query, 'at') ?? new Date().toISOString(),
      key: keyOf(query),
      cursor: textOf(query, 'cursor'),
      take: takeOf(query, 50),
    }),
}

function tables(
  { unreadable }: Catalog,
  open: readonly History[],
  scope: Scope,
  actor: string | undefined,
): TablesAnswer {
  return {
    tables: open.map((history) => ({
      id: history.id,
      label: history.label,
      key: history.key.map(({ name }) => name),
      columns: history.columns.map(({ name, type, isRetired, recorded }) => ({
        name,
        type,
        isRetired,
        recorded,
      })),
      settings: history.settings.map(({ name, column }) => ({
        name,
        column: column.name,
        type: column.type,
      })),
      isRetired: history.isRetired,
      isWaivers: history.isWaivers,
      estimatedRows: scope.kind === 'all' ? history.estimatedRows : null,
    })),
    unreadable: scope.kind === 'all' ? unreadable : [],
    actor: actorOf(open, actor),
  }
}

/** Names that applications give to the setting that says who it was, in the order of their likeliness. */
const ACTORS = [
  'username',
  'user',
  'actor',
  'user_name',
  'userName',
  'user_id',
  'userId',
  'actor_id',
  'actorId',
  'email',
]

function actorOf(open: readonly History[], wanted: string | undefined): string | null {
  const names = new Set(open.flatMap(({ settings }) => settings.map(({ name }) => name)))
  if (wanted !== undefined) return names.has(wanted) ? wanted : null
  return ACTORS.find((name) => names.has(name)) ?? [...names][0] ?? null
}
